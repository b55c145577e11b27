"""What a simulated building's counters show, kept over restarts.

They are in the records of the log, and in a file of the data folder for when those are gone. The
file is written after the log, so the newer of the two is what was sent last: after a kill -9 no
counter falls, and none rises by what nobody was told.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from energyguard.domains.building.floors import FLOORS, Wh
from energyguard.durable.atomic import write_atomically
from energyguard.errors import Corrupt
from energyguard.log import Log, TopicPartition
from energyguard.log.records import Headers
from energyguard.model.quantities import to_nano
from energyguard.model.topics import BUILDING_READINGS, TICK_HEADER, partition_for
from energyguard.records.floors import DEVICES
from energyguard.simulators.event_clock import backwards
from energyguard.telemetry import logger

FILE = "simulate-building.json"
_NANO_PER_WH = 10**6

_log = logger(__name__)


class SavedCounters(msgspec.Struct, frozen=True):
    """What the counters showed at a tick."""

    time_ms: int
    wh: Wh


class _Counter(msgspec.Struct):
    """What is needed of a floor reading."""

    sensore1_kwh: msgspec.Raw


class Counters:
    """The counters of a data folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE

    def newest(self, log: Log) -> SavedCounters | None:
        """What they showed last; None: they are new.

        Raises:
            Corrupt: the file cannot be read.
        """
        found = [known for known in (self._from_file(), _from_log(log)) if known is not None]
        return max(found, key=lambda known: known.time_ms, default=None)

    def keep(self, kept: SavedCounters) -> None:
        """Durable on return; where there is no room, the log still has them."""
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
        if len(kept.wh) != len(FLOORS):
            raise Corrupt(f"{self._path}: not the counters of {len(FLOORS)} floors")
        return kept


def _from_log(log: Log) -> SavedCounters | None:
    """What the simulator's last records say; None where a floor has none."""
    found = [_last(log, device.encode()) for device in DEVICES]
    sent = [known for known in found if known is not None]
    if len(sent) < len(found):
        return None
    return SavedCounters(max(time_ms for time_ms, _ in sent), tuple(wh for _, wh in sent))


class _Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: Headers


def _last(log: Log, key: bytes) -> tuple[int, int] | None:
    """Time and counter of a floor's last record that the simulator wrote."""
    place = partition_for(key, BUILDING_READINGS.partitions)
    for record in _records_backwards(log, TopicPartition(BUILDING_READINGS.name, place)):
        tick = dict(record.headers).get(TICK_HEADER)
        if record.key == key and record.value and tick is not None:
            counter = msgspec.json.decode(record.value, type=_Counter)
            nano = to_nano(str(counter.sensore1_kwh, "ascii"))
            return int(tick), nano // _NANO_PER_WH
    return None


def _records_backwards(log: Log, at: TopicPartition) -> Iterator[_Record]:
    for part in backwards(log, at):
        records = zip(part.keys, part.values, part.headers, strict=True)
        yield from map(_Record._make, reversed(list(records)))
