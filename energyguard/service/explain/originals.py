"""Readings as they lie in the log: found by their place, which the history knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import FORMAT, read_records
from energyguard.errors import NotFound
from energyguard.history.corrections.effective import PLACES
from energyguard.log import Fetched, Log, TopicPartition
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import NANO
from energyguard.model.readings import times_of
from energyguard.model.topics import partition_for
from energyguard.service.explain.appended import offsets_kept, record_at
from energyguard.service.explain.contract import OriginalReading

SHOWN_BYTES, SHOWN_PACKED = 4_096, 256
"""What is shown of a message, and of packed bytes, which nobody reads."""


class LogOriginals:
    """Finds readings in a log.

    Args:
        log: where they came in.
        query: asks the history where.
        limits: what is plausible in messages that others sent.
    """

    def __init__(
        self,
        log: Log,
        query: Callable[..., pa.Table],
        limits: PlausibilityLimits = DEFAULT,
    ) -> None:
        self._log, self._query, self._limits = log, query, limits

    def of(self, device: str, time_ms: int) -> list[OriginalReading]:
        """The readings of a device at a time; of what the log no longer keeps, that.

        Raises:
            NotFound: the history has none at this time.
            Unavailable: history or log are not there now.
        """
        rows = self._query("reading_places", device=device, time_ms=time_ms)
        if not rows.num_rows:
            raise NotFound(f"the history has no reading of {device!r} at this time")
        return [self._original(device, time_ms, row) for row in rows.to_pylist()]

    def _original(self, device: str, time_ms: int, row: Mapping[str, Any]) -> OriginalReading:
        offset, place = divmod(row["place"], PLACES)
        channel = CHANNELS.get(row["channel"])
        known: dict[str, Any] = {
            "device": device, "channel": row["channel"], "time_ms": time_ms,
            "value": row["value"] / NANO, "unit": channel.unit if channel else "",
            "sequence": row["sequence"], "topic": row["topic"], "offset": offset, "place": place,
        }  # fmt: skip
        for at in self._partitions(row["topic"], device, offset):
            fetched = self._record(at, offset)
            if fetched is None:
                continue
            readings = self._devices_in(fetched, device, time_ms, row)
            if readings:
                return OriginalReading(**known, partition=at.partition, **_shown(fetched, readings))
        return OriginalReading(**known)

    def _partitions(self, topic: str, device: str, offset: int) -> Iterator[TopicPartition]:
        """The partitions that may have it, the likeliest first."""
        found = []
        for _, first, ends in offsets_kept(self._log, topic):
            likely = partition_for(device.encode(), len(ends) or 1)
            kept = [at for at in ends if first.get(at, 0) <= offset < ends[at]]
            found += [(at.partition != likely, at.topic != topic, at) for at in kept]
        yield from (at for _, _, at in sorted(found))

    def _record(self, at: TopicPartition, offset: int) -> Fetched | None:
        """The record at an offset; None: there is none."""
        found = record_at(self._log, at, offset)
        return found if found is not None and found.offsets[0] == offset else None

    def _devices_in(
        self, fetched: Fetched, device: str, time_ms: int, row: Mapping[str, Any]
    ) -> Sequence[str]:
        """The devices of the readings of a record; none: the reading is not in it."""
        batch = read_records(fetched.values, self._limits, fetched.topic).readings
        names: list[str] = batch["device"].to_pylist()
        mine = (
            (np.array(names, object) == device)
            & (np.array(batch["channel"].to_pylist(), object) == row["channel"])
            & (times_of(batch) == time_ms)
            & (batch["value"].to_numpy() == row["value"])
        )
        return names if mine.any() else ()


def _shown(fetched: Fetched, devices: Sequence[str]) -> dict[str, Any]:
    """What is said of a record."""
    value = fetched.values[0] or b""
    packed = value[:1] == bytes([FORMAT])
    head = value[: SHOWN_PACKED if packed else SHOWN_BYTES]
    return {
        "at_ms": fetched.timestamps_ms[0],
        "size": len(value),
        "readings": len(devices),
        "packed": packed,
        "text": head.hex(" ", 4) if packed else head.decode("utf-8", "backslashreplace"),
        "headers": tuple(
            (name, text.decode("utf-8", "backslashreplace")) for name, text in fetched.headers[0]
        ),
        "devices": frozenset(devices),
    }
