"""The floors as they are now: what each measures, how it stands, and which of them need a look.

Nothing here draws; ``view.py`` and its cards do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.model.alerts import Severity, State
from energyguard.model.topics import BUILDING_READINGS
from energyguard.page.words.formatting import listed, plural
from energyguard.page.words.language import _, ngettext
from energyguard.service.views import DeviceView

_FLOOR = re.compile(r"p([1-9][0-9]*)")


class FloorMetric(NamedTuple):
    """Something that a floor measures, as the page's selector has it."""

    name: str  # in the address
    words: str
    unit: str
    channel: str


METRICS: Mapping[str, FloorMetric] = {
    metric.name: metric
    for metric in (
        FloorMetric("kw", _("Power"), "kW", "power_kw"),
        FloorMetric("amp", _("Current"), "A", "current_a"),
        FloorMetric("volt", _("Voltage"), "V", "voltage_v"),
        FloorMetric("kwh", _("Energy"), "kWh", "energy_register_kwh"),
    )
}


COUNTER = METRICS["kwh"].channel


class FloorReading(NamedTuple):
    """The newest reading of a channel."""

    value: float
    time_ms: int
    silent: bool


@dataclass(frozen=True, slots=True)
class FloorNow:
    """A floor as it is now."""

    device: str
    readings: Mapping[str, FloorReading]  # by channel; what was never heard is not in it
    last_ms: int  # event time of its newest reading
    silent: bool
    alerts: tuple[Alert, ...]  # open, the one that matters most first

    @property
    def name(self) -> str:
        """What people call it."""
        return floor_name(self.device)

    @property
    def trouble(self) -> int:
        """How much it needs a look: 0 is none."""
        if not self.alerts:
            return int(self.silent)
        return 1 + _weight(self.alerts[0])


def floor_name(device: str) -> str:
    """``p2`` is Floor 2; a device that is called otherwise keeps its id."""
    found = _FLOOR.fullmatch(device)
    return _("Floor {n}").format(n=found[1]) if found else device


def _weight(alert: Alert) -> int:
    """What waits for somebody before what somebody has, then by severity."""
    severity = (Severity.INFO, Severity.WARNING, Severity.CRITICAL).index(alert.severity)
    return severity + 1 + (0 if alert.held or alert.condition is State.PENDING else 3)


def floors_of(
    live: Iterable[DeviceView],
    opened: Iterable[Alert] = (),
    past: Mapping[str, int] = MappingProxyType({}),
) -> list[FloorNow]:
    """Every device that sends a building's readings, by floor.

    Args:
        live: the newest of all devices.
        opened: the open alerts of all devices.
        past: by device the time (ms) of the newest reading that the history has; one that was not
            heard since this process began is silent, and its values are not known.
    """
    readings: dict[str, dict[str, FloorReading]] = {device: {} for device in past}
    last_ms = dict(past)
    for row in live:
        if row.topic == BUILDING_READINGS.name:
            found = FloorReading(row.value, row.time_ms, row.silent)
            readings.setdefault(row.device, {})[row.channel] = found
            last_ms[row.device] = max(last_ms.get(row.device, 0), row.time_ms)
    alerts: dict[str, list[Alert]] = {}
    for alert in opened:
        alerts.setdefault(alert.device, []).append(alert)
    floors = [
        FloorNow(
            device=device,
            readings=own,
            last_ms=last_ms[device],
            silent=all(reading.silent for reading in own.values()),
            alerts=tuple(sorted(alerts.get(device, ()), key=_weight, reverse=True)),
        )
        for device, own in readings.items()
    ]
    return sorted(floors, key=_by_floor)


def _by_floor(floor: FloorNow) -> tuple[int, str]:
    found = _FLOOR.fullmatch(floor.device)
    return (int(found[1]), "") if found else (1 << 62, floor.device)


def _by_value(floor: FloorNow, metric: FloorMetric) -> float:
    reading = floor.readings.get(metric.channel)
    return float("inf") if reading is None else -reading.value


SORTS: Mapping[str, tuple[str, Callable[[FloorNow, FloorMetric], Any]]] = {
    "trouble": (_("trouble first"), lambda floor, metric: -floor.trouble),
    "floor": (_("by floor"), lambda floor, metric: 0),
    "value": (_("by value"), _by_value),
}
"""How floors may be sorted, in words and by what; equal ones stay in the order of the floors."""


class FloorPage(NamedTuple):
    """Some of the floors: those that fit on a page."""

    floors: Sequence[FloorNow]
    page: int  # counted from 1
    pages: int
    found: int  # on all pages


def paged(
    floors: Iterable[FloorNow], metric: FloorMetric, search: str, by: str, page: int, size: int
) -> FloorPage:
    """Those whose name or id has a text in it, in an order, a page of them.

    A number alone is the number of a floor: ``2`` finds Floor 2 and not Floor 12.
    """
    text = search.strip().casefold()
    found = [floor for floor in floors if _fits(floor, text)]
    found.sort(key=lambda floor: SORTS[by][1](floor, metric))
    pages = max(1, -(-len(found) // size))
    page = min(max(1, page), pages)
    return FloorPage(found[(page - 1) * size : page * size], page, pages, len(found))


def _fits(floor: FloorNow, text: str) -> bool:
    if text.isdecimal():
        return floor.device == f"p{int(text)}"
    return text in floor.name.casefold() or text in floor.device.casefold()


def in_words(floors: Sequence[FloorNow]) -> str:
    """The answer to whether all is well, in a sentence."""
    alerting = [floor for floor in floors if floor.alerts]
    quiet = [floor for floor in floors if floor.silent and not floor.alerts]
    if not alerting and not quiet:
        if len(floors) == 1:
            return _("No alert of {floor} is open.").format(floor=_names(floors))
        return _("None of the {n} floors has an open alert.").format(n=len(floors))
    parts = []
    if alerting:
        words = ngettext("{floors} has an open alert", "{floors} have an open alert", len(alerting))
        parts.append(words.format(floors=_names(alerting)))
    if quiet:
        words = ngettext("{floors} is silent", "{floors} are silent", len(quiet))
        parts.append(words.format(floors=_names(quiet)))
    rest = len(floors) - len(alerting) - len(quiet)
    if rest and alerting:
        words = ngettext("the other floor is without", "the other {n} floors are without", rest)
        parts.append(words.format(n=rest))
    return "; ".join(parts) + "."


def _names(floors: Sequence[FloorNow]) -> str:
    if len(floors) > 3:
        return plural(len(floors), "floor")
    return listed([floor.name for floor in floors])


@dataclass(frozen=True, slots=True)
class FloorSample:
    """What a floor said at one time; a value that it did not send is not in it."""

    time_ms: int
    values: Mapping[str, float]  # by channel
    rise: float | None = None  # of the counter since the sample before; None: not known


def samples_of(readings: Iterable[tuple[int, str, float]], limit: int) -> list[FloorSample]:
    """Readings of a floor put together by their time, the newest first.

    Args:
        readings: time (ms), channel and value of each; of two with the same, the first counts.
        limit: at most so many.
    """
    found: dict[int, dict[str, float]] = {}
    for time_ms, channel, value in readings:
        found.setdefault(time_ms, {}).setdefault(channel, value)
    times = sorted(found, reverse=True)
    before = [found[t].get(COUNTER) for t in times[1:]]
    rises = [_rise(found[t].get(COUNTER), b) for t, b in zip(times, [*before, None], strict=True)]
    return [FloorSample(t, found[t], rise) for t, rise in zip(times, rises, strict=True)][:limit]


def _rise(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before
