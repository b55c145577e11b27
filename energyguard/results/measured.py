"""The results of all devices and of their sites: power now, energy today, alerts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from energyguard.catalogue.fold import Catalogue
from energyguard.clock import SYSTEM, Clock
from energyguard.model.catalogue import DEVICE, SITE, key_of, parts_of
from energyguard.service.contract import Service

ENERGY_EVERY_S: Final = 60.0
"""How often the history is asked what was used today."""


class MeasuredResult(NamedTuple):
    """What is so of a device or a site now; None: it is not known."""

    name: str
    power_w: int | None
    energy_today_kwh: float | None
    has_alert: bool


class MeasuredResults:
    """Asks the service what is so of every device that sends and of their sites; for one thread.

    Args:
        service: who knows.
        clock: of the questions to the history.
    """

    def __init__(self, service: Service, clock: Clock = SYSTEM) -> None:
        self._service, self._clock = service, clock
        self._today: Mapping[str, float | None] = {}
        self._counted_s = -ENERGY_EVERY_S

    def now(self) -> dict[str, MeasuredResult]:
        """The results by keys of the catalogue: of devices, then of sites that people entered.

        Simulations with a clock of their own have none, and so have sites with nothing else.
        """
        live, entries = self._service.live, self._service.catalogue.entries
        sums, apart = live.sums(), live.apart()
        senders = {*sums.kw, *sums.silent} - apart
        members = {key_of(DEVICE, name): [name] for name in sorted(senders)}
        members |= _at_sites(entries, senders)
        if self._clock.monotonic() - self._counted_s >= ENERGY_EVERY_S:
            self._today, self._counted_s = self._used_today(members), self._clock.monotonic()
        alerts = {alert.device for alert in self._service.book.open()}
        found = {}
        for key, devices in members.items():
            entry, kw = entries.entry(key), sums.of(devices)
            found[key] = MeasuredResult(
                (entry.name if entry else "") or parts_of(key)[1],
                None if kw is None else round(kw * 1000),
                self._today.get(key),
                not alerts.isdisjoint(devices),
            )
        return found

    def _used_today(self, keys: Iterable[str]) -> dict[str, float | None]:
        """What each used since its midnight, kWh: a question for each zone."""
        consumption, of_zone = self._service.consumption, defaultdict[str, list[str]](list)
        for key in keys:
            of_zone[consumption.zone_of([key])].append(key)
        found: dict[str, float | None] = {}
        for zone, alike in of_zone.items():
            span = consumption.span("today", alike, zone)
            series = consumption.of(alike, span, compare=False)
            found |= {key: used.total_kwh for key, used in zip(alike, series, strict=True)}
        return found


def _at_sites(entries: Catalogue, senders: Collection[str]) -> dict[str, list[str]]:
    """The devices that send at each site that somebody entered, and at the sites in it."""
    found = {}
    for site in sorted(entries.sites):
        key = key_of(SITE, site)
        if entries.is_entered(key):
            devices = [name for name in entries.devices_at(site) if name in senders]
            if devices:
                found[key] = devices
    return found
