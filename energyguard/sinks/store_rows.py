"""Records of the log as rows of the store.

A floor reading is a row of ``energy:p1``: the message as it came. Of other devices each reading is
a row: a household's energy under its id, as ``H1:2025-07-05T18:00:00``, other channels under
``id:channel``. A row's version is made of its record's place in the log: the same record gives the
same row however often it is read, and of two rows with the same key the later one wins.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import msgspec

from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import PACKED_ANEW, read_records
from energyguard.codecs.refusals import Contents
from energyguard.log.records import Fetched
from energyguard.model.quantities import from_nano
from energyguard.model.readings import times_of
from energyguard.records.floors import CHANNELS, MAY_BE_MISSING, device_of, floor_json, floor_of
from energyguard.store.keys import iso, microseconds
from energyguard.store.row import LARGEST_VALUE, Row
from energyguard.store.version import Version

PLACES = 2**20
"""A record holds fewer readings than this: a reading's rank in its partition is one number."""
RESERVED = ("energyguard:", "energy:")
"""So no device may be called: these keys are the product's own, and the building's."""

_OF_A_FLOOR = re.compile(rb'"piano"\s*:')
_OF_FLOORS = frozenset(CHANNELS.values())
_NEEDED = {channel for name, channel in CHANNELS.items() if name not in MAY_BE_MISSING}


class _Floor(msgspec.Struct):
    """What is needed of a floor reading."""

    piano: int
    timestamp: str


_floor = msgspec.json.Decoder(_Floor).decode


@dataclass(slots=True)
class Made:
    """Rows, and the devices of readings that cannot be any."""

    rows: list[Row] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class _Reading(NamedTuple):
    """A reading, and where it stands."""

    device: str
    channel: str
    at: int  # µs since 1970 UTC
    nano: int
    sequence: int | None
    record: int
    version: Version


def rows_of(fetched: Fetched, limits: PlausibilityLimits = DEFAULT) -> Made:
    """The rows that records become; of what cannot be read the worker tells."""
    fetched = _read_once(fetched)
    found = read_records(fetched.values, limits, fetched.topic)
    messages: dict[int, Row] = {}
    for record in dict.fromkeys(found.record.tolist()):
        row = _message(fetched, record)
        if row is not None:
            messages[record] = row
    made = Made(list(messages.values()))
    floors: dict[tuple[int, int, int], dict[str, _Reading]] = defaultdict(dict)
    for reading in _readings(fetched, found, messages):
        floor = floor_of(reading.device) if reading.channel in _OF_FLOORS else None
        if floor is not None:
            floors[reading.record, floor, reading.at][reading.channel] = reading
        else:
            _add(made, [reading])
    for (_, floor, _), group in floors.items():
        if group.keys() >= _NEEDED:
            made.rows.append(_floor_row(floor, group))
        else:
            _add(made, group.values())
    return made


def _read_once(fetched: Fetched) -> Fetched:
    """Without what a worker packed of messages that are among the records too."""
    places = [i for i, headers in enumerate(fetched.headers) if PACKED_ANEW[0] not in headers]
    if len(places) == len(fetched):
        return fetched
    columns = (
        [column[i] for i in places]
        for column in (
            fetched.offsets,
            fetched.keys,
            fetched.values,
            fetched.headers,
            fetched.timestamps_ms,
        )
    )
    return Fetched(fetched.topic, fetched.partition, *columns)  # type: ignore[arg-type]


def _message(fetched: Fetched, record: int) -> Row | None:
    """A floor reading's row, with its bytes; None: it is something else, or too large to keep."""
    value = fetched.values[record] or b""
    if value[:1] != b"{" or len(value) > LARGEST_VALUE or not _OF_A_FLOOR.search(value):
        return None
    fields = _floor(value)
    version = version_of(fetched, record, 0)
    return Row(f"energy:{device_of(fields.piano)}", microseconds(fields.timestamp), version, value)


def _readings(
    fetched: Fetched, found: Contents, leaving_out: Collection[int]
) -> Iterator[_Reading]:
    names = ("device", "channel", "value", "sequence")
    columns = [found.readings.column(name).to_pylist() for name in names]
    last, place = -1, 0
    for record, ms, device, channel, nano, sequence in zip(
        found.record.tolist(), times_of(found.readings).tolist(), *columns, strict=True
    ):
        place = place + 1 if record == last else 0
        last = record
        if record not in leaving_out:
            version = version_of(fetched, record, place)
            yield _Reading(device, channel, ms * 1_000, nano, sequence, record, version)


def version_of(fetched: Fetched, record: int, place: int) -> Version:
    """The version of what a record says: of its place in the log."""
    when = max(0, fetched.timestamps_ms[record])
    rank = fetched.offsets[record] * PLACES + place
    return Version(when, rank, f"{fetched.topic}/{fetched.partition}")


def _floor_row(floor: int, group: Mapping[str, _Reading]) -> Row:
    """The row of a floor reading that came as readings of its channels."""
    last = max(group.values(), key=lambda reading: reading.version)
    nano = {channel: reading.nano for channel, reading in group.items()}
    value = floor_json(floor, _time(last.at), nano)
    return Row(f"energy:{last.device}", last.at, last.version, value)


def _add(made: Made, readings: Iterable[_Reading]) -> None:
    for reading in readings:
        if reading.device.startswith(RESERVED):
            made.refused.append(reading.device)
            continue
        device, number = _quoted(reading.device), from_nano(reading.nano)
        if reading.channel == "energy_kwh":
            series = reading.device
            fields = f'"household_id":{device},"energy_kwh":{number}'
        else:
            series = f"{reading.device}:{reading.channel}"
            fields = f'"device":{device},"channel":"{reading.channel}"'
        more = "" if reading.sequence is None else f',"sequence":{reading.sequence}'
        value = f'{{"timestamp":"{_time(reading.at)}",{fields},"value":{number}{more}}}'
        made.rows.append(Row(series, reading.at, reading.version, value.encode()))


@lru_cache(4096)
def _quoted(name: str) -> str:
    return msgspec.json.encode(name).decode()


@lru_cache(4096)
def _time(at: int) -> str:
    return iso(at)
