"""Which parts the history has on disk, noted, so that one that is lost is noticed.

A *part* is a folder of rows that the engine never changes; merges put parts together, and the name
of each says which blocks are in it. A damaged part is detached by the engine when it starts, and
questions answer with fewer rows: so what was there is written down beside the history, and whatever
no part covers any more is a loss.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from energyguard.clock import SYSTEM
from energyguard.durable.atomic import write_atomically
from energyguard.history import DATABASE
from energyguard.telemetry import logger

if TYPE_CHECKING:
    from energyguard.history.chdb import ChdbHistory

FILE = "history-parts.json"
CHECK_S = 2.0
"""How long parts are read at the start to see whether their checksums hold."""

_ACTIVE = f"""
SELECT table, name, rows, toUnixTimestamp(min_time) * 1000, toUnixTimestamp(max_time) * 1000
FROM system.parts WHERE database = '{DATABASE}' AND active ORDER BY table, name
"""
_BROKEN = f"""
SELECT table, substring(name, length(reason) + 2) FROM system.detached_parts
WHERE database = '{DATABASE}' AND reason LIKE 'broken%'
"""
_log = logger("history")


class TablePart(msgspec.Struct, frozen=True, array_like=True):
    """A part of a table; of the oldest times, 0: it is not divided by time."""

    table: str
    name: str
    rows: int = 0
    lo_ms: int = 0
    hi_ms: int = 0

    @property
    def blocks(self) -> Blocks:
        """What its name says: ``202509_1_7_2`` is blocks 1 to 7 of September."""
        partition, first, last, *_ = self.name.split("_")
        return Blocks(self.table, partition, int(first), int(last))


class Blocks(NamedTuple):
    """Blocks of rows in a partition of a table."""

    table: str
    partition: str
    first: int
    last: int


def uncovered(noted: Collection[TablePart], there: Collection[TablePart]) -> list[TablePart]:
    """The parts noted whose blocks are in none that is there."""
    spans: dict[tuple[str, str], list[Blocks]] = {}
    for part in there:
        spans.setdefault(part.blocks[:2], []).append(part.blocks)
    return [
        part
        for part in noted
        if not any(
            span.first <= part.blocks.first and part.blocks.last <= span.last
            for span in spans.get(part.blocks[:2], ())
        )
    ]


class Parts:
    """The parts of a history, as noted and as they are."""

    def __init__(self, data_dir: Path, history: ChdbHistory) -> None:
        self._path, self._history = data_dir / FILE, history
        self._noted = noted(data_dir)

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever noted: the folder is new, or of a version before."""
        return self._noted is None

    def there(self) -> list[TablePart]:
        """The parts that are there now."""
        rows = self._history.run(_ACTIVE, "JSONCompactEachRow").splitlines()
        return [
            TablePart(row[0], row[1], *map(int, row[2:])) for row in map(msgspec.json.decode, rows)
        ]

    def lost(self) -> list[TablePart]:
        """What was noted and is gone; of a folder of before, what the engine found broken."""
        there = self.there()
        if self._noted is not None:
            return uncovered(self._noted, there)
        rows = self._history.run(_BROKEN, "JSONCompactEachRow").splitlines()
        return uncovered([TablePart(*msgspec.json.decode(row)) for row in rows], there)

    def note(self) -> None:
        """Write down what is there now, if it is not what was there before."""
        there = self.there()
        if there != self._noted:
            write_atomically(self._path, msgspec.json.encode(there))
            self._noted = there

    def detach_damaged(self) -> None:
        """Read parts for a while, and put those aside whose checksums do not hold."""
        until = SYSTEM.monotonic() + CHECK_S
        parts = self.there()
        random.shuffle(parts)  # each start looks at others, where it cannot look at all
        for part in parts:
            if SYSTEM.monotonic() > until:
                return
            place = f"{DATABASE}.{part.table}"
            answer = self._history.run(f"CHECK TABLE {place} PART '{part.name}'", "TSV")
            if b"\t0\t" in answer:
                _log.error("a damaged part is put aside", table=part.table, part=part.name)
                self._history.run(f"ALTER TABLE {place} DETACH PART '{part.name}'")


def noted(data_dir: Path) -> list[TablePart] | None:
    """The parts that were noted; None: none ever were, or it cannot be read."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=list[TablePart])
    except (OSError, msgspec.DecodeError):
        return None


def on_disk(data_dir: Path) -> Iterator[TablePart]:
    """The parts whose folders are there, without opening the history."""
    for table in sorted((data_dir / "history" / "data" / DATABASE).glob("*")):
        for folder in table.glob("*_*_*_*"):
            if (folder / "count.txt").exists() and not folder.name.startswith(("tmp", "delete")):
                yield TablePart(table.name, folder.name)
