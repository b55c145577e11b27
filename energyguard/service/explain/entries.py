"""The entries of an explanation: what is ordinary is counted, the others are there one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.days import ms_of
from energyguard.service.explain.contract import ExplainedEntry, JudgedReading, OrdinaryEntries

ORDINARY: tuple[str, ...] = ("interval", "difference")
"""The kinds of entries of which there is nothing to say where their evidence is plain."""
Verdicts = Mapping[int, Sequence[str]]
"""How readings of a time (ms) ended."""


def judged_of(rows: pa.Table) -> tuple[JudgedReading, ...]:
    """The rows of the question ``late``."""
    return tuple(
        JudgedReading(ms_of(row["time"]), row["channel"], row["value"], row["verdict"])
        for row in rows.to_pylist()
    )


def split_entries(
    rows: pa.Table,
    judged: Sequence[JudgedReading],
    everything: bool = False,
) -> tuple[tuple[ExplainedEntry, ...], tuple[OrdinaryEntries, ...]]:
    """What there is something to say of, and what is ordinary.

    Args:
        rows: of the question ``entries``.
        judged: readings that no window counted: their entries are not ordinary.
        everything: no entry is only counted.
    """
    verdicts = dict[int, list[str]]()
    channel = rows["channel"][0].as_py() if rows.num_rows else ""
    for reading in judged:
        if reading.channel == channel:
            verdicts.setdefault(reading.time_ms, []).append(reading.verdict)
    ordinary = pc.and_(
        pc.is_in(rows["kind"], pa.array(ORDINARY)), pc.equal(rows["evidence"], "plain")
    )
    if verdicts:
        times = pa.array(list(verdicts), pa.int64()).cast(rows["time"].type)
        ordinary = pc.and_(ordinary, pc.invert(pc.is_in(rows["time"], times)))
    shown = rows if everything else rows.filter(pc.invert(ordinary))
    counted = () if everything else _counted(rows.filter(ordinary))
    return tuple(_entry(row, verdicts) for row in shown.to_pylist()), counted


def _counted(rows: pa.Table) -> tuple[OrdinaryEntries, ...]:
    groups = rows.group_by("kind").aggregate([("inside", "count"), ("inside", "sum")])
    return tuple(
        OrdinaryEntries(row["kind"], row["inside_count"], row["inside_sum"])
        for row in groups.sort_by("kind").to_pylist()
    )


def _entry(row: Mapping[str, Any], verdicts: Verdicts) -> ExplainedEntry:
    at = ms_of(row["time"])
    return ExplainedEntry(
        time_ms=at,
        start_ms=ms_of(row["start"]),
        end_ms=ms_of(row["end"]),
        verdicts=tuple(verdicts.get(at, ())),
        **{name: row[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = (
    "value", "kwh", "inside", "low", "high", "kind", "why", "evidence", "number", "after_ms",
    "scale",
)  # fmt: skip
