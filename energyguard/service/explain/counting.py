"""What counts of readings that were sent, by what people had said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.history.corrections.effective import ImportedRecords, effective
from energyguard.records.corrections import WITHDRAWN

Row = dict[str, Any]
_ROWS = pa.schema(
    [
        ("name", pa.string()), ("ms", pa.int64()), ("nano", pa.int64()), ("sequence", pa.int64()),
        ("facts", pa.string()), ("version", pa.uint64()), ("wrong", pa.uint8()),
        ("is_set", pa.uint8()), ("sent", pa.int64()), ("by", pa.string()), ("reason", pa.string()),
    ]
)  # fmt: skip


def counting(
    rows: pa.Table,
    book: CorrectionBook,
    imports: Sequence[ImportedRecords],
    start_ms: int,
    end_ms: int,
) -> pa.Table:
    """Apply corrections to the readings of a device.

    Args:
        rows: of the query ``sent_rows``.
        book: what had been said.
        imports: the records of those imports that are wrong.
        start_ms: from when on readings that are wrong are listed.
        end_ms: before when.

    Returns:
        The rows of the question ``entries``, from which its answer is made.
    """
    if not rows.num_rows:
        return _ROWS.empty_table()
    device = rows["device"][0].as_py()
    none_kept = pa.array(np.zeros(rows.num_rows, np.uint8))
    plain = rows.set_column(rows.column_names.index("kept"), "kept", none_kept)
    found = effective(plain, {device: book.of_device(device)}, imports, book.order())
    facts = _facts(rows)
    named = [row for row in _with_ms(found.sent) if row["correction"]]
    set_at: dict[tuple[str, int], Row] = {}
    wrong: dict[tuple[str, int, str], Row] = {}
    for row in reversed(named):  # of several that which came first stays
        correction = book.get(row["correction"])
        assert correction is not None
        about = {"sent": row["value"], "by": correction.by, "reason": correction.why}
        if not correction.says_wrong:
            set_at[row["channel"], row["ms"]] = {"is_set": 1, **about}
        elif start_ms <= row["ms"] < end_ms:
            what = {"nano": row["value"], "version": 0, "wrong": 1, **about}
            wrong[row["channel"], row["ms"], correction.id] = _made(row, what)
    made = [
        _made(row, {"nano": row["value"], "facts": facts[row["channel"]], **says})
        for row in _with_ms(found.counting)
        if row["topic"] != WITHDRAWN
        for says in (set_at.get((row["channel"], row["ms"]), {}),)
    ]
    others = _uncorrected(rows, {_identity(row) for row in _with_ms(found.sent)})
    given = pa.Table.from_pylist([*made, *wrong.values()], _ROWS)
    order = [("name", "ascending"), ("ms", "ascending"), ("version", "descending")]
    return pa.concat_tables([others, given]).sort_by(order)


def _made(row: Row, says: Row) -> Row:
    """A row of a reading that was corrected."""
    place = {"name": row["channel"], "ms": row["ms"], "sequence": row["sequence"]}
    empty = {"facts": "", "wrong": 0, "is_set": 0, "sent": 0, "by": "", "reason": ""}
    return {**empty, "version": row["version"], **place, **says}


def _uncorrected(rows: pa.Table, corrected: set[tuple[Any, ...]]) -> pa.Table:
    """Of each identity that nobody corrected the reading that came first."""
    channel, ms, sequence = (rows[name] for name in ("channel", "ms", "sequence"))
    code = channel.combine_chunks().dictionary_encode().indices.to_numpy()
    new = np.ones(rows.num_rows, np.bool_)
    parts = (code, ms.to_numpy(), sequence.to_numpy())
    new[1:] = np.any([part[1:] != part[:-1] for part in parts], axis=0)
    if corrected:
        places = zip(channel.to_pylist(), ms.to_pylist(), sequence.to_pylist(), strict=True)
        new &= np.array([place not in corrected for place in places])
    mine = rows.filter(pa.array(new))
    n = mine.num_rows
    return pa.table(
        {
            "name": mine["channel"], "ms": mine["ms"], "nano": mine["value"],
            "sequence": mine["sequence"], "facts": pc.fill_null(mine["facts"], ""),
            "version": mine["version"], "wrong": np.zeros(n, np.uint8),
            "is_set": np.zeros(n, np.uint8), "sent": np.zeros(n, np.int64),
            "by": [""] * n, "reason": [""] * n,
        }
    ).cast(_ROWS)  # fmt: skip


def _facts(rows: pa.Table) -> dict[str, str]:
    """What is said of each channel, as JSON."""
    names = rows["channel"]
    places = {name: pc.index(names, name).as_py() for name in pc.unique(names).to_pylist()}
    return {name: rows["facts"][place].as_py() or "" for name, place in places.items()}


def _with_ms(rows: pa.Table) -> Iterator[Row]:
    """Rows with their time as ms."""
    for row, ms in zip(rows.to_pylist(), rows["time"].cast(pa.int64()).to_pylist(), strict=True):
        yield {**row, "ms": ms}


def _identity(row: Row) -> tuple[Any, ...]:
    return row["channel"], row["ms"], row["sequence"]
