"""The views that there are: menu, addresses and tests go by this table.

A new one is a row here and a file with its builder; domains bring their own.
"""

from __future__ import annotations

from energyguard.domain import installed, load
from energyguard.page.alerts import AlertsPage
from energyguard.page.cluster import ClusterPage
from energyguard.page.context import View
from energyguard.page.device import DevicePage
from energyguard.page.devices import DevicesPage
from energyguard.page.edges import EdgesPage, is_used
from energyguard.page.overview import OverviewPage
from energyguard.page.quality import QualityPage

VIEWS = (
    View("/", "Overview", "overview", OverviewPage, urgent=True),
    *(load(view) for domain in installed() for view in domain.views),
    View("/devices", "Devices", "devices", DevicesPage),
    View("/devices/{device:path}", "{device}", "", DevicePage),
    View("/alerts", "Alerts", "alerts", AlertsPage, urgent=True),
    View("/quality", "Data quality", "quality", QualityPage, "Quality"),
    View("/edges", "Edges", "edges", EdgesPage, shown=is_used),
    View(
        "/cluster", "Cluster", "cluster", ClusterPage, ranged=False,
        shown=lambda service: service.cluster is not None,
    ),
)  # fmt: skip
