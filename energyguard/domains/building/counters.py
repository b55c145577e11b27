"""What a simulated building's counters show, kept over restarts.

They are in the records of the log, and in a file of the data folder for when those are gone. The
file is written after the log, so of each floor the newer of the two is what was sent last: after a
kill -9 no counter falls, and none rises by what nobody was told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from energyguard.domains.building.floors import Wh
from energyguard.durable.atomic import write_atomically
from energyguard.errors import Corrupt
from energyguard.log import Log, TopicPartition
from energyguard.log.records import Headers
from energyguard.model.quantities import to_nano
from energyguard.model.topics import BUILDING_READINGS, TICK_HEADER, partition_for
from energyguard.records.floors import MAX_FLOOR, device_of
from energyguard.simulators.event_clock import backwards
from energyguard.telemetry import logger

FILE = "simulate-building.json"
_NANO_PER_WH = 10**6

_log = logger(__name__)


class SavedCounters(msgspec.Struct, frozen=True):
    """What the counters of the floors from 1 on showed at a tick."""

    time_ms: int
    wh: Wh


class LastSent(NamedTuple):
    """When a floor was simulated last, ms since 1970 UTC, and what its counter showed, Wh."""

    time_ms: int
    wh: int


class _Counter(msgspec.Struct):
    """What is needed of a floor reading."""

    sensore1_kwh: msgspec.Raw


class Counters:
    """The counters of a data folder."""

    def __init__(self, folder: Path) -> None:
        """Read the file.

        Raises:
            Corrupt: it cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE
        self._saved = self._from_file()

    def newest(self, log: Log, floors: int) -> dict[int, LastSent]:
        """What they showed last, by floor; a floor that is new is missing.

        Args:
            log: where the simulator's records are; none older than the file is looked at.
            floors: how many floors there are.
        """
        found: dict[int, LastSent] = {}
        if self._saved is not None:
            time_ms = self._saved.time_ms
            found = {n: LastSent(time_ms, wh) for n, wh in enumerate(self._saved.wh[:floors], 1)}
        since_ms = 0 if self._saved is None else self._saved.time_ms
        homes: dict[int, dict[bytes, int]] = {}
        for floor in range(1, floors + 1):
            key = device_of(floor).encode()
            homes.setdefault(partition_for(key, BUILDING_READINGS.partitions), {})[key] = floor
        for partition, keys in homes.items():
            at = TopicPartition(BUILDING_READINGS.name, partition)
            for key, last in _last(log, at, keys, since_ms).items():
                found[keys[key]] = max(last, found.get(keys[key], last))
        return found

    def keep(self, kept: SavedCounters) -> None:
        """Durable on return; where there is no room, the log still has them.

        Floors that are not simulated now keep what they showed.
        """
        if self._saved is not None:
            kept = SavedCounters(kept.time_ms, kept.wh + self._saved.wh[len(kept.wh) :])
        self._saved = kept
        try:
            write_atomically(self._path, msgspec.json.encode(kept))
        except OSError as error:
            _log.warning("counters not kept", file=str(self._path), reason=str(error))

    def _from_file(self) -> SavedCounters | None:
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=SavedCounters)
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Corrupt(f"{self._path}: {error}; without it the counters begin anew") from error
        if not 1 <= len(kept.wh) <= MAX_FLOOR or min(kept.wh) < 0:
            raise Corrupt(f"{self._path}: not the counters of 1 to {MAX_FLOOR} floors")
        return kept


class _Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: Headers


def _last(
    log: Log, at: TopicPartition, keys: Collection[bytes], since_ms: int
) -> dict[bytes, LastSent]:
    """Of each of these keys its last record that the simulator wrote, from a time on."""
    found: dict[bytes, LastSent] = {}
    for record in _records_backwards(log, at):
        tick = dict(record.headers).get(TICK_HEADER)
        if tick is None:
            continue
        if int(tick) < since_ms or len(found) == len(keys):
            break
        key = record.key
        if key is not None and key in keys and key not in found and record.value:
            counter = msgspec.json.decode(record.value, type=_Counter)
            nano = to_nano(str(counter.sensore1_kwh, "ascii"))
            found[key] = LastSent(int(tick), nano // _NANO_PER_WH)
    return found


def _records_backwards(log: Log, at: TopicPartition) -> Iterator[_Record]:
    for part in backwards(log, at):
        records = zip(part.keys, part.values, part.headers, strict=True)
        yield from map(_Record._make, reversed(list(records)))
