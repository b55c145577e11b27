"""A table while it is read: its lines, its layout, what was found out and refused so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.codecs.refusals import Refusals
from energyguard.files.found import FileAnswers, FileDoubt, FileFinding
from energyguard.files.tables.grid import Grid
from energyguard.files.tables.layout import FileLayout
from energyguard.files.tables.table import TextTable
from energyguard.files.values.moments import Bools
from energyguard.model.readings import Verdict

SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class KnownLayout:
    """What is known of a named format that is a delimited table.

    Attributes:
        columns: roles by header, in small letters; ``*``: of all columns of values.
        zone: of its local times; empty: that of who brings it.
        ends: whether its times are the ends of their intervals.
        device: a regular expression whose group in the lines above is the device; empty: none.
        month_first: whether the month stands before the day in its dates; None: as the data show.
        fed_in: channels, in small letters, of energy that is fed in.
        fed_in_above: a regular expression, found in lines above if all is fed in; empty: none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    ends: bool = False
    device: str = ""
    month_first: bool | None = None
    fed_in: frozenset[str] = frozenset()
    fed_in_above: str = ""


ANY_LAYOUT: Final = KnownLayout()


@dataclass(slots=True)
class TableRead:
    """A table that is read.

    Attributes:
        grid: where its cells are.
        layout: the roles of its columns.
        table: the lines of which readings may still come.
        answers: what people say of it.
        known: what its format says of it.
        limits: what is plausible.
        refusals: the lines that are refused.
        findings, doubts: what was found out, and what is open.
        counted: of columns of energy, by place, whether they are ``interval`` or ``register``.
    """

    grid: Grid
    layout: FileLayout
    table: TextTable
    answers: FileAnswers
    known: KnownLayout
    limits: PlausibilityLimits
    refusals: Refusals
    findings: list[FileFinding]
    doubts: list[FileDoubt]
    counted: dict[int, str] = field(default_factory=dict)

    def column(self, place: int | None) -> pa.Array:
        """The cells of a column; empty ones where there is none."""
        if place is None:
            return pa.array(np.full(len(self.table), "", object), pa.string())
        return self.table.columns[place]

    def header(self, place: int | None) -> str:
        """What a column is called."""
        return self.grid.header[place] if place is not None else ""

    def refuse(self, bad: Bools, field_name: str, reason: str, cells: pa.Array) -> None:
        """Refuse lines, each with what stands in it.

        Args:
            bad: which.
            field_name: the column at fault.
            reason: ``is no time``.
            cells: of that column.
        """
        for place in np.flatnonzero(bad).tolist():
            number, line = int(self.table.number[place]), self.table.original(place)
            text = cells[place].as_py().strip()
            shown = repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")
            why = f"{field_name} is empty" if not text else f"{field_name} {reason}: {shown}"
            self.refusals.refuse(number, Verdict.MALFORMED, field_name, why, line)
