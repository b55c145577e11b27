"""Which columns of a table have values, and in which unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from energyguard.codecs.headers import VALUES
from energyguard.errors import Malformed
from energyguard.files.found import FileDoubt, FileFinding
from energyguard.files.tables.grid import Grid, kind_of
from energyguard.files.tables.layout import (
    ALL,
    COUNTS,
    FED_IN,
    FileLayout,
    ValueColumn,
    unit_of_role,
)
from energyguard.files.values.obis_codes import tariff_of_obis
from energyguard.files.values.other_quantities import no_consumption, other_quantity
from energyguard.files.values.words import (
    ENERGY,
    POWER,
    ColumnHeader,
    Unit,
    header_of_text,
    unit_named,
    unit_of_obis,
)


def find_values(
    layout: FileLayout,
    free: list[int],
    headers: Sequence[ColumnHeader],
    kinds: Sequence[str],
    grid: Grid,
    every: str,
) -> None:
    """The columns of values: those with a unit, else those whose words are of an amount.

    Those that people say are values already; the others are found beside them.

    Raises:
        Malformed: all there is is reactive or apparent energy.
    """
    given = layout.values
    if layout.value is not None:
        return
    numbers = [at for at in free if kinds[at] in ("number", "") and not headers[at].is_money]
    others = {at: what for at in numbers if (what := _other(grid, at, headers[at]))}
    layout.findings += [FileFinding("not read", grid.header[at], no_consumption(what))
                        for at, what in others.items()]  # fmt: skip
    numbers = [at for at in numbers if at not in others]
    found = [column for at in numbers if (column := _value(grid, at, headers[at])) is not None]
    found = _without_parts(found, layout)
    with_unit = [column for column in found if column.unit is not None]
    above = _unit_above(grid)
    if layout.slots is not None:
        layout.values = _slots(layout, grid, every, above)
    elif (layout.channel, layout.unit) != (None, None) and len(found) == 1 and not given:
        layout.value = found[0].place
    elif with_unit:
        counted = [replace(c, counts=every if every in COUNTS and not c.counts else c.counts)
                   for c in with_unit]  # fmt: skip
        layout.values = (*given, *counted)
        layout.findings += [FileFinding("not read", column.name, "it has no unit, others have one")
                            for column in found if column.unit is None]  # fmt: skip
    else:
        if not (found or given) and every in (*VALUES, *FED_IN):
            found = [_nameless(grid, at, headers[at]) for at in numbers if kinds[at]]
        more = [with_unit_above(column, layout, grid, every) for column in found]
        layout.values = (*given, *more)
    if not layout.values and layout.value is None:
        _nothing_found(layout, grid, numbers, others)


def _nothing_found(
    layout: FileLayout, grid: Grid, numbers: Sequence[int], others: Mapping[int, str]
) -> None:
    """No column has values: people say which one it is, unless all are of something else."""
    if others and not numbers:
        named = "; ".join(f"{grid.header[at]!r} is {what}" for at, what in others.items())
        raise Malformed(f"no column is of consumption: {named}", "file")
    rest = ", ".join(grid.header[at] for at in numbers) or ", ".join(grid.header)
    layout.doubts.append(
        FileDoubt(
            f"no column says what it measures, and in which unit ({rest})",
            "--map",
            ("energy_kwh", "energy_register_kwh", "power_w", "ignore"),
            ALL if len(numbers) > 1 else grid.header[(numbers or [-1])[0]],
        )
    )


def _other(grid: Grid, place: int, header: ColumnHeader) -> str:
    """What a column is of that is no consumption; empty: it may be one, or is named as ours."""
    name = grid.header[place]
    below = grid.units[place] if grid.units else ""
    has_unit = header.unit is not None or unit_named(below) is not None
    return "" if name.lower() in VALUES else other_quantity(f"{name} {below}", has_unit=has_unit)


def _without_parts(columns: list[ValueColumn], layout: FileLayout) -> list[ValueColumn]:
    """Registers of tariffs are not read beside that of their sum: all would count twice."""
    codes = [tariff_of_obis(column.name) for column in columns]
    sums = {code[0]: column.name for code, column in zip(codes, columns, strict=True)
            if code is not None and not code[1]}  # fmt: skip
    kept = []
    for code, column in zip(codes, columns, strict=True):
        if code is not None and code[1] and code[0] in sums:
            why = f"it is a part of {sums[code[0]]!r}"
            layout.findings.append(FileFinding("not read", column.name, why))
        else:
            kept.append(column)
    return kept


def _value(grid: Grid, place: int, header: ColumnHeader) -> ValueColumn | None:
    """A column as one of values; None: nothing says that it is one."""
    name = grid.header[place]
    if name.lower() in VALUES:
        return ValueColumn(place, name, *unit_of_role(name.lower()), False, name)
    unit = unit_of(grid, place, header)
    if unit is None and (header.is_not_read or not (header.is_value or not grid.has_header)):
        return None
    counts = header.counts if unit is None or unit.channel == ENERGY else ""
    return ValueColumn(place, name, unit, counts, header.is_export, header.label or name)


def _nameless(grid: Grid, place: int, header: ColumnHeader) -> ValueColumn:
    """A column of numbers of which only people say what it is."""
    return ValueColumn(place, grid.header[place], None, "", header.is_export, header.label)


def unit_of(grid: Grid, place: int, header: ColumnHeader) -> Unit | None:
    """The unit of a column: of its header, the line of units, beside its numbers, of its code."""
    if header.unit is not None:
        return header.unit
    below = unit_named(grid.units[place]) if grid.units else None
    if (beside := below or _unit_in_cells(grid, place)) is not None:
        return beside
    by_code = unit_of_obis(header.label)
    return _unit_above(grid) or by_code if by_code is not None else None


def _unit_in_cells(grid: Grid, place: int) -> Unit | None:
    """The unit that stands beside all numbers of a column: ``12,5 kWh``; of several, one."""
    cells = (row[place].strip() for row in grid.sample if kind_of(row[place]))
    named = {re.sub(r"^[-+\u2212]?[\d.,' \u00a0]+", "", cell).strip() for cell in cells}
    units = [unit_named(word) for word in sorted(named)]
    found = {unit.channel for unit in units if unit is not None}
    return units[0] if len(found) == 1 and None not in units else None


def _unit_above(grid: Grid) -> Unit | None:
    """The one unit of which the lines above the header speak; that of an amount (30 kW) is none."""
    words = [word.strip("()[],.:\"") for line in grid.above for word in
             line.replace(grid.delimiter, " ").split()]  # fmt: skip
    units = {
        unit
        for before, word in pairwise(["", *words])
        if (unit := unit_named(word)) is not None and len(word) > 1 and kind_of(before) != "number"
    }
    return units.pop() if len(units) == 1 else None


def with_unit_above(
    column: ValueColumn, layout: FileLayout, grid: Grid, every: str = ""
) -> ValueColumn:
    """A column without a unit: that of all columns, that of the lines above; else it is a doubt."""
    above = _unit_above(grid)
    if every and every not in COUNTS:
        unit, counts = unit_of_role(every)
        return replace(column, unit=unit, counts=counts, is_fed_in=every in FED_IN)
    if above is not None and (above.channel == ENERGY or not column.counts):
        return replace(column, unit=above, counts=every or column.counts)
    register = column.counts == "register"
    choices = ("energy_register_kwh", "energy_register_wh") if register else (
        "energy_kwh", "energy_wh", "power_kw", "power_w", "energy_register_kwh",
    )  # fmt: skip
    layout.doubts.append(
        FileDoubt(f"the column {column.name!r} has no unit", "--map", choices, column.name)
    )
    return column


def _slots(
    layout: FileLayout, grid: Grid, every: str, above: Unit | None
) -> tuple[ValueColumn, ...]:
    """The columns of a wide table, all of one kind."""
    assert layout.slots is not None
    unit, counts = above, "interval"
    if every:
        unit, _ = unit_of_role(every)
    elif unit is None:
        named = {header_of_text(name).unit for name in (*grid.header, *grid.units)} - {None}
        unit = named.pop() if len(named) == 1 else None
    if unit is None and layout.unit is None:
        choices = ("energy_kwh", "energy_wh", "power_kw", "power_w")
        question = "nothing says in which unit the values are"
        layout.doubts.append(FileDoubt(question, "--map", choices, ALL))
    if unit is not None and unit.channel == POWER:
        counts = ""
    return tuple(
        ValueColumn(at, grid.header[at], unit, counts, False, "") for at in layout.slots.places
    )
