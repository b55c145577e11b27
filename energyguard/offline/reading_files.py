"""Readings of the past in files: which devices there are, and from when to when each has sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import RefusedRow
from energyguard.codecs.files import read_blocks
from energyguard.errors import Rejected
from energyguard.model.readings import SCHEMA
from energyguard.settings.tree import Settings


class ReadingFiles(NamedTuple):
    """What files hold."""

    paths: Sequence[Path]
    table: pa.Table
    """The columns of ``model.readings.SCHEMA``."""
    refused: Sequence[tuple[str, RefusedRow]]
    """Of which file each row is that could not be taken."""
    spans: dict[str, tuple[int, int]]
    """The first and the last time of each device, ms since 1970."""
    channels: dict[str, set[str]]
    """What each device sends."""

    @classmethod
    def of(cls, paths: Sequence[Path], settings: Settings) -> ReadingFiles:
        """Read files of any dialect.

        Raises:
            NotFound: a file is not there.
            Rejected: there is no reading in them.
        """
        batches, refused = [], []
        for path in paths:
            for _, decoded in read_blocks(path, limits=settings.wire):
                batches.append(decoded.batch)
                refused += [(str(path), row) for row in decoded.refused]
        table = pa.Table.from_batches(batches, SCHEMA)
        if not table.num_rows:
            source, first = refused[0] if refused else (", ".join(map(str, paths)), None)
            why = f":{first.row}: {first.reason}" if first else ""
            raise Rejected(f"there is no reading to try a rule on: {source}{why}")
        return cls(paths, table, refused, *_spans(table))

    def part(self, devices: Collection[str], channel: str) -> pa.Table:
        """The readings of some devices in a channel."""
        chosen = pc.is_in(self.table.column("device"), pa.array(sorted(devices), pa.string()))
        return self.table.filter(pc.and_(chosen, pc.equal(self.table.column("channel"), channel)))


def _spans(table: pa.Table) -> tuple[dict[str, tuple[int, int]], dict[str, set[str]]]:
    time = table.column("time").cast(pa.int64())
    plain = table.select(["device", "channel"]).append_column("time", time)
    every = plain.group_by(["device", "channel"]).aggregate([("time", "min"), ("time", "max")])
    spans: dict[str, tuple[int, int]] = {}
    channels: dict[str, set[str]] = {}
    for row in every.to_pylist():
        device = row["device"]
        channels.setdefault(device, set()).add(row["channel"])
        first, last = spans.get(device, (row["time_min"], row["time_max"]))
        spans[device] = min(first, row["time_min"]), max(last, row["time_max"])
    return spans, channels
