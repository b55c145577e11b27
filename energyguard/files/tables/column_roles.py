"""What each column of a table was read as, in the words by which people would say it."""

from __future__ import annotations

from typing import Final

from energyguard.codecs.headers import VALUES
from energyguard.files.found import FileColumn
from energyguard.files.tables.layout import ALL, FED_IN, NUMBERED, PARTS, ValueColumn, unit_of_role
from energyguard.files.tables.reading import TableRead

NOT_READ: Final = "ignore"
_TIMES: Final = {"start": "time", "end": "end", "day": "date", "clock": "clock"}
_SHOWN_CELLS: Final = 3


def columns_of(read: TableRead) -> tuple[FileColumn, ...]:
    """The columns of a table that was read; those of a wide one that are alike are one."""
    layout, grid = read.layout, read.grid
    named = (*_TIMES.items(), *((part, part) for part in PARTS))
    places = ((getattr(layout, name), role) for name, role in named)
    roles = {place: role for place, role in places if place is not None}
    if layout.numbers is not None:
        roles[layout.numbers.place] = _of_number(layout.numbers.first)
    roles |= {value.place: _role(read, value) for value in layout.values}
    slots = layout.slots.places if layout.slots is not None else ()
    found = [
        FileColumn(name, roles.get(place, NOT_READ), _cells(read, place))
        for place, name in enumerate(grid.header[: grid.width])
        if place not in slots
    ]
    if slots:
        found.append(FileColumn(ALL, roles.get(slots[0], ""), _cells(read, slots[0])))
    return tuple(found)


def _cells(read: TableRead, place: int) -> tuple[str, ...]:
    return tuple(line[place].strip() for line in read.grid.sample[:_SHOWN_CELLS])


def _of_number(first: int | None) -> str:
    """The role of a column of numbers of intervals; empty: what their first one is, is open."""
    return next((role for role, number in NUMBERED.items() if number == first), "")


def _role(read: TableRead, value: ValueColumn) -> str:
    """The role of a column of values; empty: its unit, or how it counts, is open."""
    if value.unit is None:
        return ""
    counts = read.counted.get(value.place, value.counts)
    for role in (*VALUES, *FED_IN):
        if (role in FED_IN) == value.is_fed_in and unit_of_role(role) == (value.unit, counts):
            return role
    return counts
