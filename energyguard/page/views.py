"""The views that there are: menu, addresses and tests go by this table.

A new one is a row here and a file with its builder; domains bring their own.
"""

from __future__ import annotations

from energyguard.domain import installed, load
from energyguard.page.alerts import AlertsPage
from energyguard.page.cluster import ClusterPage
from energyguard.page.context import PageView
from energyguard.page.device import DevicePage
from energyguard.page.devices import DevicesPage
from energyguard.page.households import HouseholdsPage
from energyguard.page.overview import OverviewPage
from energyguard.page.quality import QualityPage
from energyguard.page.stations import StationsPage

VIEWS = (
    PageView("/", "Overview", "overview", OverviewPage, urgent=True),
    PageView("/households", "Households", "households", HouseholdsPage, "Homes"),
    PageView("/stations", "Stations", "stations", StationsPage),
    *(
        PageView(view.path, view.name, view.icon, load(view.page), view.short)
        for domain in installed()
        for view in domain.views
    ),
    PageView("/devices", "Devices", "devices", DevicesPage),
    PageView("/devices/{device:path}", "{device}", "", DevicePage),
    PageView("/alerts", "Alerts", "alerts", AlertsPage, urgent=True),
    PageView("/quality", "Data quality", "quality", QualityPage, "Quality"),
    PageView(
        "/cluster", "Cluster", "cluster", ClusterPage, ranged=False,
        shown=lambda service: service.cluster is not None,
    ),
)  # fmt: skip
