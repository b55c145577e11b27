"""Which hours of which devices have no readings, each device by its own clock and rhythm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from energyguard.catalogue.retirements import retired_since
from energyguard.model.days import ms_of
from energyguard.model.topics import DAY_MS, TopicClock
from energyguard.service.contract import Service
from energyguard.topics import topic_named

HOUR_MS = 3_600_000
LONG_SILENT_MS = 30 * DAY_MS
"""What sent nothing for so long before a range lacks nothing in it: it is gone, or was imported."""
_REPLAYS = "replay."


@dataclass(frozen=True, slots=True)
class DeviceGaps:
    """A device that lacks hours. Times are ms since 1970 UTC, of event time."""

    device: str
    hours: int
    stretches: tuple[tuple[int, int], ...]  # [from, to), oldest first
    last_ms: int  # its newest reading
    start_ms: int  # the range that was looked at
    end_ms: int  # its last whole hour's end, by the clock of its topic
    silent: bool  # the last stretch goes on


@dataclass(frozen=True, slots=True)
class MissingData:
    """What is missing of all devices in the last days."""

    days: int
    devices: int  # that were looked at
    up_to_date: int  # of them, whose last whole hour has readings
    hours: int  # missing
    expected: int  # hours
    rows: tuple[DeviceGaps, ...]  # what lacks most first
    long_silent: tuple[str, ...]  # devices that have sent nothing for a month or longer


@dataclass(frozen=True, slots=True)
class _Known:
    device: str
    topic: str
    first_ms: int
    last_ms: int


def missing_data(service: Service, days: int) -> MissingData:
    """Look at the last days of every device.

    Raises:
        Unavailable: the history is not there now.
    """
    known = list(_known(service))
    ends = {topic: _end_ms(service, topic, known) for topic in {k.topic for k in known}}
    retired = retired_since(service.catalogue.entries)
    rows: list[DeviceGaps] = []
    expected = looked_at = up_to_date = 0
    gone: list[str] = []
    gaps: dict[int, Mapping[str, Sequence[tuple[int, int]]]] = {}
    for found in known:
        end_ms = min(ends[found.topic], retired.get(found.device, ends[found.topic]))
        start_ms = ends[found.topic] - days * DAY_MS
        if found.last_ms < start_ms - LONG_SILENT_MS or end_ms <= start_ms:
            gone += [found.device] if found.device not in retired else []
            continue
        looked_at += 1
        expected += max(0, end_ms - max(start_ms, found.first_ms // HOUR_MS * HOUR_MS)) // HOUR_MS
        whole = ends[found.topic]
        if whole not in gaps:
            gaps[whole] = _gaps(service, start_ms, whole)
        stretches = tuple(_cut(gaps[whole].get(found.device, ()), end_ms))
        silent = bool(stretches) and stretches[-1][1] == end_ms and found.device not in retired
        up_to_date += not silent
        if stretches:
            hours = sum(to - begin for begin, to in stretches) // HOUR_MS
            rows.append(
                DeviceGaps(
                    found.device, hours, stretches, found.last_ms, start_ms, whole, silent
                )
            )  # fmt: skip
    rows.sort(key=lambda row: (-row.hours, row.device))
    hours = sum(row.hours for row in rows)
    return MissingData(
        days, looked_at, up_to_date, hours, expected, tuple(rows), tuple(sorted(gone))
    )


def gaps_of(service: Service, device: str, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """The stretches of hours of which one device has no reading, by the same rule.

    Args:
        service: who knows.
        device: whose.
        start_ms: from when on.
        end_ms: up to when; the hour in which that is is not over, and a retired device lacks none.

    Raises:
        Unavailable: the history is not there now.
    """
    whole_ms = end_ms // HOUR_MS * HOUR_MS
    until_ms = min(whole_ms, retired_since(service.catalogue.entries).get(device, whole_ms))
    return list(_cut(_gaps(service, start_ms, whole_ms, device).get(device, ()), until_ms))


def _known(service: Service) -> Iterable[_Known]:
    """Every device that the history has, with the topic that its newest reading came in."""
    rows = service.query("devices", device="").to_pylist()
    for device, channels in groupby(rows, key=lambda row: str(row["device"])):
        of_device = list(channels)
        newest = max(of_device, key=lambda row: row["last"])
        if not newest["topic"].startswith(_REPLAYS):
            first = min(ms_of(row["first"]) for row in of_device)
            yield _Known(device, newest["topic"], first, ms_of(newest["last"]))


def _end_ms(service: Service, topic: str, known: Iterable[_Known]) -> int:
    """The end of the last whole hour by a topic's clock, as far as the history can have it."""
    newest = max(found.last_ms for found in known if found.topic == topic)
    declared = topic_named(topic)
    if declared is not None and declared.clock is TopicClock.DATA:
        return newest // HOUR_MS * HOUR_MS
    return max(newest, service.clock.now_ms()) // HOUR_MS * HOUR_MS


def _gaps(
    service: Service, start_ms: int, end_ms: int, device: str = ""
) -> dict[str, list[tuple[int, int]]]:
    """The stretches of all devices in a range, or of one, by device."""
    found: dict[str, list[tuple[int, int]]] = {}
    rows = service.query("missing", device=device, start_ms=start_ms, end_ms=end_ms)
    for row in rows.to_pylist():
        found.setdefault(row["device"], []).append((ms_of(row["start"]), ms_of(row["end"])))
    return found


def _cut(stretches: Iterable[tuple[int, int]], end_ms: int) -> Iterable[tuple[int, int]]:
    """Stretches up to a time."""
    return ((start, min(to, end_ms)) for start, to in stretches if start < end_ms)
