"""Blocks of lines: clean ones at once, the others halved until the bad lines stand alone.

A *form* says how the lines of a shape are read, twice: ``clean`` reads many at once and gives up at
the first doubt; ``careful`` reads one, and says what is wrong with it. The two agree on every line
that ``clean`` takes, so what becomes of a line never depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.model.readings import SCHEMA, Verdict
from energyguard.wire import Decoded, Refused
from energyguard.wire.fields import BadField
from energyguard.wire.limits import Limits

LONGEST_LINE = 65_536
"""A line with more bytes than this is refused unread."""

_FEW = 16
"""As many lines are read one by one sooner than halved again."""

NOTHING = pa.RecordBatch.from_pylist([], SCHEMA)

Rows = npt.NDArray[np.int64]


class Form(Protocol):
    """How the lines of one shape are read."""

    shape: str
    names: Mapping[str, str]  # column of SCHEMA -> what the shape calls it
    per_line: int  # readings of one line

    def clean(self, data: bytes) -> pa.RecordBatch | None:
        """The readings of lines that are all in order, ``per_line`` each; None: in doubt."""
        ...

    def careful(self, line: str) -> pa.RecordBatch:
        """The readings of one line.

        Raises:
            BadField: it cannot be used.
        """
        ...


def decode_lines(data: bytes, form: Form, limits: Limits, first_row: int = 1) -> Decoded:
    """Read lines; each but the blank ones is in the batch or among the refused."""
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    batch = form.clean(data)
    if batch is not None and batch.num_rows == count * form.per_line:
        whole = _Pile(form)
        whole.take(batch, np.arange(first_row, first_row + count))
        return whole.decoded(limits, lambda: data.split(b"\n"), first_row)
    return decode_listed(data.split(b"\n"), form, limits, first_row)


def decode_listed(lines: list[bytes], form: Form, limits: Limits, first_row: int = 1) -> Decoded:
    """The same for lines that are already apart."""
    pile = _Pile(form)
    there = [i for i, line in enumerate(lines) if line.strip()]
    _halve([lines[i] for i in there], np.array(there, np.int64) + first_row, pile)
    return pile.decoded(limits, lambda: lines, first_row)


def _halve(lines: list[bytes], rows: Rows, pile: _Pile) -> None:
    if not lines:
        return
    batch = pile.form.clean(b"\n".join(lines))
    if batch is not None and batch.num_rows == len(lines) * pile.form.per_line:
        pile.take(batch, rows)
    elif len(lines) <= _FEW:
        for line, row in zip(lines, rows, strict=True):
            pile.take_one(line, row)
    else:
        half = len(lines) // 2
        _halve(lines[:half], rows[:half], pile)
        _halve(lines[half:], rows[half:], pile)


class _Pile:
    """What has been read so far, in order."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._batches: list[pa.RecordBatch] = []
        self._rows: list[Rows] = []
        self._refused: list[Refused] = []

    def take(self, batch: pa.RecordBatch, rows: Rows) -> None:
        self._batches.append(batch)
        self._rows.append(np.repeat(rows, self.form.per_line))

    def take_one(self, line: bytes, row: int) -> None:
        try:
            if len(line) > LONGEST_LINE:
                raise BadField("row", f"is {len(line)} bytes long, over {LONGEST_LINE}")
            self.take(self.form.careful(_text(line)), np.array([row]))
        except BadField as bad:
            self._refused.append(Refused(int(row), bad.verdict, bad.field, str(bad), line))

    def decoded(self, limits: Limits, lines: Callable[[], list[bytes]], first_row: int) -> Decoded:
        """All of it, without what cannot be true; a line with one such reading is refused whole."""
        batch = _joined(self._batches)
        rows = np.concatenate(self._rows) if self._rows else np.zeros(0, np.int64)
        bad: dict[int, Refused] = {}
        faults = list(limits.faults(batch))
        listed = lines() if faults else []
        for fault in faults:
            row = int(rows[fault.index])
            field = self.form.names.get(fault.field, fault.field)
            if fault.field == "value" and self.form.per_line > 1:
                field = batch.column("channel")[fault.index].as_py()
            bad.setdefault(
                row,
                Refused(
                    row,
                    fault.verdict,
                    field,
                    f"{field} {fault.reason}",
                    listed[row - first_row],
                ),
            )
        if bad:
            keep = ~np.isin(rows, list(bad))
            batch, rows = batch.filter(pa.array(keep)), rows[keep]
        refused = sorted([*self._refused, *bad.values()], key=lambda one: one.row)
        return Decoded(batch, rows, tuple(refused), self.form.shape)


def _text(line: bytes) -> str:
    try:
        text = line.decode().removesuffix("\r")
    except UnicodeDecodeError as error:
        raise BadField("row", f"is not UTF-8: byte {error.start}") from error
    if "\0" in text:
        raise BadField("row", "has a NUL byte")
    if "\r" in text:
        raise BadField("row", "has a carriage return inside")
    return text


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.concat_batches(batches) if batches else NOTHING


def whole_refused(data: bytes, reason: str, shape: str, row: int = 1) -> Decoded:
    """Bytes that cannot be read at all: one refused row that holds them."""
    one = Refused(row, Verdict.MALFORMED, "row", f"row {reason}", data)
    return Decoded(NOTHING, np.zeros(0, np.int64), (one,), shape)
