"""Times of devices' channels in which readings are, or may be, corrected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.model.topics import DAY_MS
from energyguard.records.corrections import Correction

LOT_ROWS: Final = 500_000
"""So many readings are looked at at a time: bounds memory."""


class TimeSpan(NamedTuple):
    """Some time of a device's channel: [from, to) in ms, with about so many readings."""

    device: str
    channel: str
    from_ms: int
    to_ms: int
    readings: int = 0


def span_of(correction: Correction) -> TimeSpan:
    """The time of a correction of a device."""
    ends = correction.start_ms, correction.end_ms
    return TimeSpan(correction.device, correction.channel, *ends, 1)


def merged(spans: Iterable[TimeSpan]) -> list[TimeSpan]:
    """Spans without an overlap, in order; what is at most a day apart is one."""
    found: list[TimeSpan] = []
    for span in sorted(spans):
        last = found[-1] if found else None
        if last and last[:2] == span[:2] and span.from_ms <= last.to_ms + DAY_MS:
            readings = last.readings + span.readings
            to_ms = max(last.to_ms, span.to_ms)
            found[-1] = last._replace(to_ms=to_ms, readings=readings)
        else:
            found.append(span)
    return found


def lots(spans: Iterable[TimeSpan]) -> Iterator[list[TimeSpan]]:
    """Spans in lots of a bounded number of readings."""
    lot: list[TimeSpan] = []
    rows = 0
    for span in spans:
        if lot and rows + span.readings > LOT_ROWS:
            yield lot
            lot, rows = [], 0
        lot.append(span)
        rows += span.readings
    if lot:
        yield lot


class TimeSpans:
    """Spans by device and channel, to be asked of many times at once."""

    def __init__(self, spans: Iterable[TimeSpan] = ()) -> None:
        self._spans: dict[str, dict[str, Sequence[TimeSpan]]] = {}
        self.add(spans)

    def __bool__(self) -> bool:
        return bool(self._spans)

    @property
    def devices(self) -> set[str]:
        """The devices of which there are any."""
        return set(self._spans)

    def add(self, spans: Iterable[TimeSpan]) -> None:
        """Have these, too."""
        new: dict[tuple[str, str], list[TimeSpan]] = {}
        for span in spans:
            new.setdefault((span.device, span.channel), []).append(span)
        for (device, channel), mine in new.items():
            of_device = self._spans.setdefault(device, {})
            of_device[channel] = merged([*of_device.get(channel, ()), *mine])

    def among(self, device: str, channel: str, ms: Ints) -> Bools:
        """Which times lie in a span of a device's channel."""
        spans = self._spans.get(device, {}).get(channel, ())
        begins = np.array([span.from_ms for span in spans], np.int64)
        ends = np.array([*(span.to_ms for span in spans), -1], np.int64)
        found: Bools = ms < ends[np.searchsorted(begins, ms, side="right") - 1]
        return found
