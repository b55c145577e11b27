"""The results of all devices: power now, energy today, alerts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from energyguard.clock import SYSTEM, Clock
from energyguard.model.catalogue import DEVICE, key_of
from energyguard.service.contract import Service

ENERGY_EVERY_S: Final = 60.0
"""How often the history is asked what was used today."""


class DeviceResult(NamedTuple):
    """What is so of a device now; None: it is not known."""

    name: str
    power_w: int | None
    energy_today_kwh: float | None
    has_alert: bool


class MeasuredDevices:
    """Asks the service what is so of every device that sends; for one thread.

    Args:
        service: who knows.
        clock: of the questions to the history.
    """

    def __init__(self, service: Service, clock: Clock = SYSTEM) -> None:
        self._service, self._clock = service, clock
        self._today: Mapping[str, float | None] = {}
        self._counted_s = -ENERGY_EVERY_S

    def now(self) -> dict[str, DeviceResult]:
        """The results by device; simulations with a clock of their own have none."""
        live, catalogue = self._service.live, self._service.catalogue.entries
        sums, apart = live.sums(), live.apart()
        names = sorted({*sums.kw, *sums.silent} - apart)
        if self._clock.monotonic() - self._counted_s >= ENERGY_EVERY_S:
            self._today, self._counted_s = self._used_today(names), self._clock.monotonic()
        alerts = {alert.device for alert in self._service.book.open()}
        found = {}
        for device in names:
            entry = catalogue.devices.get(device)
            kw = sums.kw.get(device)
            found[device] = DeviceResult(
                (entry.name if entry else "") or device,
                None if kw is None else round(kw * 1000),
                self._today.get(device),
                device in alerts,
            )
        return found

    def _used_today(self, devices: list[str]) -> dict[str, float | None]:
        """What each used since its midnight, kWh: a question for each zone."""
        consumption, of_zone = self._service.consumption, defaultdict[str, list[str]](list)
        for device in devices:
            of_zone[consumption.zone_of([key_of(DEVICE, device)])].append(device)
        found: dict[str, float | None] = {}
        for zone, names in of_zone.items():
            keys = [key_of(DEVICE, name) for name in names]
            span = consumption.span("today", keys, zone)
            series = consumption.of(keys, span, compare=False)
            found |= {name: used.total_kwh for name, used in zip(names, series, strict=True)}
        return found
