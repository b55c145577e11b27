"""What draws how much now, by device and by site: one look for all open pages."""

from __future__ import annotations

from collections.abc import Iterable

from energyguard.alerts.alert import Alert
from energyguard.page.frame.page_cache import PageCache
from energyguard.page.words.formatting import needs_someone
from energyguard.service.catalogue.contract import SiteCatalogue
from energyguard.service.live.sums import LiveSums

KEEP_S = 3.0


async def live_sums(cache: PageCache) -> LiveSums:
    """How devices are now, looked at every few seconds at most."""
    return await cache.shared("live-sums", KEEP_S, cache.service.live.sums)


def needed_at(alerts: Iterable[Alert], catalogue: SiteCatalogue, site: str) -> list[Alert]:
    """The alerts of a site and of the sites in it that wait for a person."""
    found, entries = [], catalogue.entries
    for alert in alerts:
        device = entries.devices.get(alert.device)
        if needs_someone(alert) and device is not None and site in entries.path(device.site):
            found.append(alert)
    return found
