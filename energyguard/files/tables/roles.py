"""What the columns of a table are: by what people say, by their headers, by what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from energyguard.codecs.headers import DEVICES, VALUES
from energyguard.errors import ConfigError
from energyguard.files.found import FileAnswers
from energyguard.files.tables.grid import Grid, kind_of
from energyguard.files.tables.layout import (
    ALL,
    COUNTS,
    DECIMAL_MARK,
    FED_IN,
    MARKS,
    NUMBERED,
    PARTS,
    ROLES,
    FileLayout,
    ValueColumn,
    unit_of_role,
)
from energyguard.files.tables.numbered import numbers_at, numbers_of
from energyguard.files.tables.value_columns import find_values, unit_of, with_unit_above
from energyguard.files.tables.wide import slots_of
from energyguard.files.values.words import ColumnHeader, header_of_text, unit_named

_MAX_KINDS: Final = 12


def layout_of(grid: Grid, answers: FileAnswers, preset: Mapping[str, str]) -> FileLayout:
    """Find the roles of a table's columns.

    Args:
        grid: the table.
        answers: what people say.
        preset: roles by small header, of a named format.

    Raises:
        ConfigError: people say a role that there is not, or of a column that there is not.
    """
    layout = FileLayout()
    named = [role for name, role in preset.items() if name != ALL]
    given = {**preset, **_given(grid, answers)}
    headers = [header_of_text(name) for name in grid.header]
    kinds = [_kind(grid, place) for place in range(grid.width)]
    layout.slots = slots_of(grid)
    free: list[int] = []
    for place, name in enumerate(grid.header):
        role = given.get(name.lower(), "")
        if role:
            _set(layout, grid, place, role)
        elif layout.slots is None or place not in layout.slots.places:
            free.append(place)
    _find_times(layout, grid, free, headers, kinds)
    _find_parts(layout, free, headers, grid)
    if not any(role in (*COUNTS, *VALUES, *FED_IN) for role in named):
        find_values(layout, free, headers, kinds, grid, given.get(ALL, ""))
    layout.utc = any(
        place is not None and _is_utc(headers[place])
        for place in (layout.start, layout.end, layout.day, layout.clock)
    )
    return layout


def _given(grid: Grid, answers: FileAnswers) -> dict[str, str]:
    names = {name.lower() for name in grid.header} | {ALL}
    given = {}
    for name, role in answers.columns.items():
        if name == DECIMAL_MARK:
            if role not in MARKS:
                raise ConfigError(f"--map {name}={role}: it is one of {', '.join(MARKS)}")
            continue
        if role not in ROLES:
            raise ConfigError(f"--map {name}={role}: a column is one of {', '.join(ROLES)}")
        if name.lower() not in names:
            raise ConfigError(f"--map {name}={role}: no such column; there are: "
                              f"{', '.join(grid.header)}")  # fmt: skip
        given[name.lower()] = role
    return given


def _kind(grid: Grid, place: int) -> str:
    """What mostly stands in a column."""
    kinds = Counter(kind for row in grid.sample if (kind := kind_of(row[place])))
    return kinds.most_common(1)[0][0] if kinds else ""


def _set(layout: FileLayout, grid: Grid, place: int, role: str) -> None:
    """A column whose role is known."""
    if role in ("dmy", "mdy", "ymd"):
        layout.month_first, layout.year_first = role == "mdy", role == "ymd"
        role = "date-or-time"
    if role in ("time", "date-or-time"):
        layout.start = place
    elif role == "date":
        layout.day = place
    elif role in NUMBERED:
        layout.numbers = numbers_at(grid, place, NUMBERED[role])
    elif role in ("end", "clock", *PARTS):
        setattr(layout, role, place)
    elif role != "ignore":
        layout.values = (*layout.values, _value(layout, grid, place, role))


def _value(layout: FileLayout, grid: Grid, place: int, role: str) -> ValueColumn:
    """A column of values whose role is known; how it counts alone leaves its unit to the table."""
    name = grid.header[place]
    header = header_of_text(name)
    if role in COUNTS:
        unit = unit_of(grid, place, header)
        column = ValueColumn(place, name, unit, role, header.is_export, header.label or name)
        return column if unit is not None else with_unit_above(column, layout, grid)
    return ValueColumn(place, name, *unit_of_role(role), role in FED_IN, header.label or name)


def _find_times(
    layout: FileLayout,
    grid: Grid,
    free: list[int],
    headers: Sequence[ColumnHeader],
    kinds: Sequence[str],
) -> None:
    """The columns of times: by what stands in them; their words say which is the end."""
    if layout.start is not None and kinds[layout.start] == "date":
        layout.day, layout.start = layout.start, None
    moments = [at for at in free if kinds[at] == "moment" and headers[at].role != "device"]
    if not moments and "date" not in kinds:
        moments = [at for at in free if _is_epoch(grid, at, headers[at])]
    days = [at for at in free if kinds[at] == "date"]
    clocks = [at for at in free if kinds[at] == "clock"]
    taken: list[int] = []
    if layout.start is None and layout.day is None:
        starts = [at for at in moments if not headers[at].is_end]
        if starts:
            layout.start = max(
                starts, key=lambda at: (headers[at].is_start, _is_utc(headers[at]), -at)
            )
        elif days and (not moments or layout.slots):
            layout.day = next((at for at in days if not headers[at].is_end), days[0])
    if layout.end is None:
        ends = [at for at in moments if headers[at].is_end and at != layout.start]
        layout.end = ends[0] if ends else None
    if layout.day is not None and layout.clock is None and clocks:
        starts = [at for at in clocks if not headers[at].is_end]
        layout.clock = (starts or clocks)[0]
        layout.clock_ends = not starts
    taken += [*moments, *days, *clocks]
    if layout.day is not None and layout.in_day is None and layout.slots is None:
        layout.numbers = numbers_of(grid, free, headers)
        taken += [] if layout.numbers is None else [layout.numbers.place]
    for at in taken:
        if at in free:
            free.remove(at)


def _is_utc(header: ColumnHeader) -> bool:
    """Whether a column says that its times are UTC."""
    return bool({"utc", "gmt"} & set(header.words.split()))


def _is_epoch(grid: Grid, place: int, header: ColumnHeader) -> bool:
    """Whether a column has numbers since 1970."""
    cells = [row[place].strip() for row in grid.sample if row[place].strip()]
    digits = [cell.partition(".")[0] for cell in cells]
    if header.role == "device" or grid.header[place].lower() in DEVICES:
        return False
    if not digits or not all(cell.isdecimal() and len(cell) in (10, 13, 16, 19) for cell in digits):
        return False
    seconds = [int(cell) // 10 ** (len(cell) - 10) for cell in digits]
    plausible = all(946_684_800 <= second < 4_102_444_800 for second in seconds)
    words = set(header.words.split())
    named = {"time", "timestamp", "ts", "unix", "epoch", "zeit", "datetime", "date", "utc"} & words
    return plausible and (bool(named) or place == 0 or not grid.has_header)


def _find_parts(
    layout: FileLayout, free: list[int], headers: Sequence[ColumnHeader], grid: Grid
) -> None:
    """Device, channel, unit, sequence: by the words of their headers."""
    for place in list(free):
        header = headers[place]
        role = "device" if grid.header[place].lower() in DEVICES else header.role
        if not role and header.unit is None:
            role = _part_by_cells(grid, place)
        if role in PARTS and role != "value" and getattr(layout, role) is None:
            setattr(layout, role, place)
            free.remove(place)


def _part_by_cells(grid: Grid, place: int) -> str:
    """A part that all cells of a column say: a unit, or whether it was used or fed in.

    Letters alone (A: actual, V: vorläufig) are marks of quality as often as units.
    """
    cells = {cell for row in grid.sample if (cell := row[place].strip())}
    if not cells or len(cells) > _MAX_KINDS or any(kind_of(cell) != "text" for cell in cells):
        return ""
    if all(unit_named(cell) is not None for cell in cells) and any(len(cell) > 1 for cell in cells):
        return "unit"
    kinds = [header_of_text(cell) for cell in cells]
    directed = all(kind.is_export or kind.counts == "interval" for kind in kinds)
    return "channel" if directed and any(kind.is_export for kind in kinds) else ""
