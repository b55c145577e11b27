"""What draws how much now, by device and by site: one look for all open pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from energyguard.alerts.alert import Alert
from energyguard.page.frame.page_cache import PageCache
from energyguard.page.words.formatting import needs_someone
from energyguard.service.catalogue.contract import SiteCatalogue

KEEP_S = 3.0


@dataclass(frozen=True, slots=True)
class LiveSums:
    """The devices as they are now.

    Attributes:
        kw: what each draws that is not silent and measures energy.
        silent: since when (event time, ms) nothing comes of those that fell silent.
        sending: how many send.
    """

    kw: dict[str, float]
    silent: dict[str, int]
    sending: int

    def of(self, devices: Iterable[str]) -> float | None:
        """What some of them draw together; None: of none is it known."""
        known = [self.kw[device] for device in devices if device in self.kw]
        return sum(known) if known else None


async def live_sums(cache: PageCache) -> LiveSums:
    """How devices are now, looked at every few seconds at most."""
    return await cache.shared("live-sums", KEEP_S, lambda: _look(cache))


def _look(cache: PageCache) -> LiveSums:
    kw: dict[str, float] = {}
    silent: dict[str, int] = {}
    sending: set[str] = set()
    for row in cache.service.live.devices():
        if row.silent:
            silent[row.device] = max(row.time_ms, silent.get(row.device, 0))
            continue
        sending.add(row.device)
        if row.kw is not None:
            kw.setdefault(row.device, row.kw)  # of several channels the first: never twice
    quiet = {device: ms for device, ms in silent.items() if device not in sending}
    return LiveSums(kw, quiet, len(sending))


def needed_at(alerts: Iterable[Alert], catalogue: SiteCatalogue, site: str) -> list[Alert]:
    """The alerts of a site and of the sites in it that wait for a person."""
    found, entries = [], catalogue.entries
    for alert in alerts:
        device = entries.devices.get(alert.device)
        if needs_someone(alert) and device is not None and site in entries.path(device.site):
            found.append(alert)
    return found
