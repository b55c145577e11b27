"""The views that there are: menu, addresses and tests go by this table.

A new one is a row here and a file with its builder; domains bring their own, below *Sites*.
"""

from __future__ import annotations

from dataclasses import replace

from energyguard.domain import installed, load
from energyguard.model.access import AccessRole
from energyguard.page.alerts.view import AlertsPage
from energyguard.page.data.backups import BackupsPage
from energyguard.page.data.cluster import ClusterPage
from energyguard.page.data.edges import EdgesPage, is_used
from energyguard.page.data.view import DataPage
from energyguard.page.devices.add import AddDevicePage
from energyguard.page.devices.list import DevicesPage
from energyguard.page.devices.view import DevicePage
from energyguard.page.explain.view import ExplainPage
from energyguard.page.explore.view import ExplorePage
from energyguard.page.frame.context import View
from energyguard.page.money.bill import BillPage
from energyguard.page.money.tariffs import TariffPage, TariffsPage
from energyguard.page.notifications.view import NotificationsPage
from energyguard.page.people.list import PeoplePage
from energyguard.page.people.person import PersonPage
from energyguard.page.rules.view import RulesPage
from energyguard.page.sites.home import HomePage
from energyguard.page.sites.list import SitesPage
from energyguard.page.sites.view import SitePage
from energyguard.page.sites.wall import WallPage
from energyguard.page.words.language import _

VIEWS = (
    View("/", _("Home"), "home", HomePage, urgent=True, ranged=False),
    View("/alerts", _("Alerts"), "bell", AlertsPage, urgent=True),
    View("/alerts/{alert:path}", _("Alert"), "", AlertsPage, urgent=True),
    View("/rules", _("Rules"), "", RulesPage, ranged=False, role=AccessRole.ADMIN),
    View("/explore", _("Explore"), "explore", ExplorePage, ranged=False),
    View("/explain", _("How it was counted"), "", ExplainPage, ranged=False),
    View("/sites", _("Sites"), "sites", SitesPage, ranged=False),
    View("/sites/{site:path}", "{site}", "", SitePage, ranged=False),
    *(replace(load(view), under="/sites") for domain in installed() for view in domain.views),
    View(
        "/devices", _("All devices"), "devices", DevicesPage, ranged=False, under="/sites",
    ),
    View("/bills", _("Bill"), "", BillPage, ranged=False),
    View("/tariffs", _("Tariffs"), "money", TariffsPage, ranged=False, under="/sites"),
    View("/tariffs/{tariff}", _("Tariff"), "", TariffPage, ranged=False),
    View("/devices/{device:path}", "{device}", "", DevicePage, ranged=False),
    View("/data", _("Data"), "data", DataPage, ranged=False),
    View("/quality", _("Data"), "", DataPage, ranged=False),
    View("/edges", _("Edges"), "edges", EdgesPage, under="/data", shown=is_used),
    View(
        "/cluster", _("Cluster"), "cluster", ClusterPage, ranged=False, under="/data",
        role=AccessRole.ADMIN,
        shown=lambda service: service.cluster is not None,
    ),
    View("/wall", _("Wall"), "", WallPage, ranged=False, bare=True),
    View(
        "/add", _("Add a device"), "add", AddDevicePage, foot=True, ranged=False,
        role=AccessRole.OPERATE,
    ),
    View(
        "/notifications", _("Notifications"), "mail", NotificationsPage, foot=True, ranged=False,
    ),
    View(
        "/people", _("People"), "people", PeoplePage, foot=True, ranged=False,
        role=AccessRole.ADMIN, whole=True,
    ),
    View(
        "/backups", _("Backups"), "backups", BackupsPage, foot=True, ranged=False,
        role=AccessRole.ADMIN, whole=True,
    ),
    View("/me", _("Settings"), "person", PersonPage, foot=True, ranged=False),
)  # fmt: skip
