"""The entries of readings that people corrected: what was sent, who says what of it, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.days import ms_of
from energyguard.model.quantities import from_nano

KIND: Final = "correction"
EVIDENCE: Final = "corrected"


def counted(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The rows of readings that count, and those of readings that are wrong."""
    is_wrong = pc.equal(rows["wrong"], 1)
    return rows.filter(pc.invert(is_wrong)), rows.filter(is_wrong)


def with_corrections(entries: pa.Table, rows: pa.Table, wrong: pa.Table) -> pa.Table:
    """Say of entries whose reading was corrected by whom and why; those that are wrong are nothing.

    Args:
        entries: as the ledger has them.
        rows: of the readings that count: ``is_set`` says which have a value that somebody gave,
            ``sent``, ``by`` and ``reason`` what was sent, who said so, and why.
        wrong: of those that do not count, with the same.
    """
    given = rows.filter(pc.equal(rows["is_set"], 1)).to_pylist()
    if not given and not wrong.num_rows:
        return entries
    set_at = {(row["name"], row["ms"]): row for row in given}
    found = entries.to_pylist()
    for entry in found:
        if row := set_at.get((entry["channel"], ms_of(entry["time"]))):
            says = f"set from {from_nano(row['sent'])} to {from_nano(row['nano'])} {_who(row)}"
            why = f"{says}; {entry['why']}" if entry["why"] else says
            entry |= {"kind": KIND, "evidence": EVIDENCE, "why": why}
    names = {entry["channel"] for entry in found}
    found += [_nothing(row) for row in wrong.to_pylist() if not names or row["name"] in names]
    return pa.Table.from_pylist(sorted(found, key=lambda entry: entry["time"]), entries.schema)


def _nothing(row: dict[str, Any]) -> dict[str, Any]:
    """The entry of a reading that is wrong."""
    time = datetime.fromtimestamp(row["ms"] / 1000, UTC)
    return {
        "channel": row["name"], "time": time, "value": row["sent"] / 1e9, "start": time,
        "end": time, "kwh": 0.0, "inside": 0.0, "low": 0.0, "high": 0.0, "kind": KIND,
        "why": f"wrong: {from_nano(row['sent'])} counts as never sent {_who(row)}",
        "evidence": EVIDENCE, "number": row["sent"], "after_ms": None, "scale": None,
    }  # fmt: skip


def _who(row: dict[str, Any]) -> str:
    return f"by {row['by']}: {row['reason']}" if row["reason"] else f"by {row['by']}"
