"""A file of labels: what happened, to which device, from when to when.

    device,start,end,kind
    H017,2026-03-02T06:15:00+01:00,2026-03-02T09:00:00+01:00,stuck on

An event ends before its ``end``. A time without an offset is one of the zone that is given.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from energyguard.errors import Faulty, NotFound
from energyguard.model.days import ms_of

COLUMNS: Final = ("device", "start", "end", "kind")


class LabelledEvent(NamedTuple):
    """A row of the file."""

    device: str
    start_ms: int
    end_ms: int
    kind: str
    line: int


def read_labels(path: Path, zone: str | None = None) -> list[LabelledEvent]:
    """Read a file of labels, in order of device and time.

    Args:
        path: a CSV file.
        zone: an IANA time zone, of times without an offset; None: each has one.

    Raises:
        NotFound: there is no such file.
        Faulty: every fault with its line: a column is missing, a time is none or has no zone, an
            event ends before it begins, two of a device overlap.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Faulty(f"{path}: no text of UTF-8: {error}") from None
    rows = csv.DictReader(text.splitlines())
    lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if lacking:
        raise Faulty(f"{path}:1: no column {', '.join(lacking)}; wanted: {','.join(COLUMNS)}")
    place = ZoneInfo(zone) if zone else None
    events, faults = [], []
    for row in rows:
        fields = [(row[name] or "").strip() for name in COLUMNS]
        try:
            events.append(_event(fields, place, rows.line_num))
        except ValueError as error:
            faults.append(f"{path}:{rows.line_num}: {error}")
    events.sort()
    faults += [f"{path}:{fault}" for fault in _overlaps(events)]
    if faults:
        raise Faulty(*faults)
    return events


def _event(fields: Sequence[str], place: tzinfo | None, line: int) -> LabelledEvent:
    device, start, end, kind = fields
    if not device:
        raise ValueError("no device")
    start_ms, end_ms = _ms("start", start, place), _ms("end", end, place)
    if end_ms <= start_ms:
        raise ValueError(f"end {end} is not after start {start}")
    return LabelledEvent(device, start_ms, end_ms, kind or "event", line)


def _ms(name: str, text: str, place: tzinfo | None) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} {text!r} is no time such as 2026-03-02T06:15:00Z") from None
    if moment.tzinfo is None:
        if place is None:
            raise ValueError(f"{name} {text} has no offset: say --zone, or write {text}Z")
        moment = moment.replace(tzinfo=place)
        if moment.astimezone(UTC).astimezone(place).replace(tzinfo=None) != moment.replace(
            tzinfo=None
        ):
            raise ValueError(f"{name} {text} is no time of {place}: clocks went forward")
    return ms_of(moment)


def _overlaps(events: Sequence[LabelledEvent]) -> Iterator[str]:
    for before, event in pairwise(events):
        if before.device == event.device and event.start_ms < before.end_ms:
            yield f"{event.line}: overlaps the event of {event.device} in line {before.line}"


def check_devices(path: Path, events: Sequence[LabelledEvent], devices: Collection[str]) -> None:
    """See that each event is of a device of which there are readings.

    Raises:
        Faulty: each line whose device is not there, and what it may have meant.
    """
    faults = []
    for event in sorted(events, key=lambda event: event.line):
        if event.device not in devices:
            near = get_close_matches(event.device, devices, 3)
            more = f"; near: {', '.join(near)}" if near else ""
            faults.append(f"{path}:{event.line}: no readings of {event.device!r}{more}")
    if faults:
        raise Faulty(*faults)
