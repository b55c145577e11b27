"""An explanation as names and values, for programs; times are of a zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from energyguard.model.days import local
from energyguard.service.bills.rows import bill_table
from energyguard.service.explain.contract import (
    BoundedEnergy,
    EnergyExplanation,
    OriginalReading,
)

Record = dict[str, Any]


def explanation_record(found: EnergyExplanation) -> Record:
    """An explanation; the bill as its total and lines."""
    zone = found.zone
    return {
        "of": found.key,
        "zone": zone,
        **_energy(found.total, zone),
        "readings": found.readings,
        "channel": found.channel,
        "detailed": found.is_detailed,
        "steps": [_energy(step, zone) for step in found.steps],
        "entries": [_timed(entry._asdict(), zone, ("time", "start", "end"))
                    for entry in found.entries],
        "ordinary": [row._asdict() for row in found.ordinary],
        "judged": [_timed(row._asdict(), zone, ("time",)) for row in found.judged],
        "missing": [{"start": local(a, zone), "end": local(b, zone)} for a, b in found.missing],
        "bill": _bill(found),
        "parts": [
            {"of": part.key, "minus": part.minus, **_energy(part.energy, zone)}
            for part in found.parts
        ],
        "parts_more": found.parts_more,
        "corrections": [view._asdict() for view in found.corrections],
        "as_known": None if found.as_known_ms is None else local(found.as_known_ms, zone),
        "now_kwh": found.now_kwh,
    }  # fmt: skip


def _energy(energy: BoundedEnergy, zone: str) -> Record:
    row = _timed(energy._asdict(), zone, ("start", "end"))
    return row | {"coverage": energy.coverage}


def _timed(row: Mapping[str, Any], zone: str, names: Iterable[str]) -> Record:
    """A row whose ``name_ms`` are times."""
    times = {name: local(row[f"{name}_ms"], zone) for name in names}
    rest = {k: v for k, v in row.items() if k.removesuffix("_ms") not in times}
    return times | rest


def _bill(found: EnergyExplanation) -> Record | None:
    if found.bill is None:
        return None
    return {
        "currency": found.bill.currency,
        "total": str(found.bill.total),
        "lines": bill_table(found.bill).to_pylist(),
    }


def original_record(found: OriginalReading, zone: str) -> Record:
    """A reading as it lies in the log; which other devices are in its record is not said."""
    row = asdict(found)
    del row["devices"], row["at_ms"]
    appended = None if found.at_ms is None else local(found.at_ms, zone)
    row |= {"kept": found.partition is not None, "headers": dict(found.headers)}
    return {**_timed(row, zone, ("time",)), "appended": appended}
