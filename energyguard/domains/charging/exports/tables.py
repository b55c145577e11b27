"""A table of sessions: what its columns are, how its times and numbers are written, its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import pyarrow as pa

from energyguard.domains.charging.exports.columns import (
    ORDERS,
    FoundColumn,
    columns_in,
    known_export,
    mapping_of,
    role_named,
)
from energyguard.domains.charging.exports.lengths import has_unit
from energyguard.domains.charging.exports.row_reader import RowReader
from energyguard.domains.charging.exports.rows import Defect, ExportedSession
from energyguard.domains.charging.records.stations import DEFAULT_NETWORK
from energyguard.files.found import OFFSET, FileAnswers, FileColumn, FileDoubt, FileFinding
from energyguard.files.known_tables import KnownTable
from energyguard.files.tables.date_order import DateOrder, date_order
from energyguard.files.tables.decimal_mark import decimal_mark
from energyguard.files.tables.grid import cells_of, kind_of
from energyguard.files.tables.layout import DECIMAL_MARK
from energyguard.files.tables.value_columns import unit_of
from energyguard.files.values.dates import FIGURES, with_century
from energyguard.files.values.times import LocalTimeReader, halves, joined, tells_zone, zone_named
from energyguard.files.values.words import ENERGY, header_of_text

_AMOUNTS: Final = ("energy", "meter_start", "meter_stop", "cost", "price_kwh")
_SHOWN_CELLS: Final = 3
_METERED: Final = ("energy", "meter_start", "meter_stop")
_ZONES: Final = ("Europe/Berlin", "Europe/London", "UTC")
_DAY: Final = re.compile(FIGURES)
_IANA: Final = re.compile(r"\b(?:Africa|America|Asia|Atlantic|Australia|Europe|Pacific)/\w[\w/]+")


@dataclass(slots=True)
class SessionTable:
    """A table of sessions while it is understood.

    Attributes:
        source: its cells.
        answers: what people say.
        columns: by role.
        order: how dates are written, as people say; empty: they do not.
        findings, doubts: what was found out, and what is open.
    """

    source: KnownTable
    answers: FileAnswers
    columns: dict[str, FoundColumn] = field(init=False)
    order: str = field(init=False, default="")
    findings: list[FileFinding] = field(default_factory=list)
    doubts: list[FileDoubt] = field(default_factory=list)
    _times: list[str] | None = None

    def __post_init__(self) -> None:
        grid = self.source.grid
        mapped = mapping_of(self.answers.columns)
        self.columns = columns_in(grid.header, mapped)
        self.order = next((role for role in mapped.values() if role in ORDERS), "")
        self.findings += self.source.findings
        self._pair_day_with_clocks()
        self._find_units()
        self.findings += [
            FileFinding("column", grid.header[column.place], role)
            for role, column in self.columns.items()
        ]

    @property
    def header(self) -> tuple[str, ...]:
        """The names of its columns."""
        return self.source.grid.header

    @property
    def has_one_date(self) -> bool:
        """Whether start and end are times of the day beside one date."""
        return "date" in self.columns and "start_time" in self.columns

    def _cells(self, role: str) -> list[str]:
        column = self.columns.get(role)
        if column is None:
            return [""] * len(self.source.table)
        return [str(cell).strip() for cell in self.source.table.columns[column.place].to_pylist()]

    def _sample(self, role: str) -> list[str]:
        place = self.columns[role].place
        return [text for row in self.source.grid.sample if (text := row[place].strip())]

    def _pair_day_with_clocks(self) -> None:
        """``Date, Start, End`` where start and end are times of the day."""
        for whole in ("start", "end"):
            if whole in self.columns and {kind_of(c) for c in self._sample(whole)} == {"clock"}:
                self.columns[f"{whole}_time"] = self.columns.pop(whole)
        alone = "end_time" in self.columns and "end_date" not in self.columns
        if alone and "date" not in self.columns and "start_date" in self.columns:
            self.columns["date"] = self.columns.pop("start_date")
        if not self.has_one_date or {"start_date", "end_date"} & self.columns.keys():
            self.columns.pop("date", None)

    def _find_units(self) -> None:
        """The units of amounts and lengths that their headers leave open."""
        grid = self.source.grid
        for role in _METERED:
            column = self.columns.get(role)
            if column is None or column.size is not None:
                continue
            name = grid.header[column.place]
            unit = unit_of(grid, column.place, header_of_text(name))
            if unit is not None and unit.channel == ENERGY:
                self.columns[role] = column._replace(size=Decimal(unit.times) / unit.per)
            elif role != "energy" and "energy" in self.columns:
                self._leave_out(role, "it has no unit, and the energy has one")
            else:
                choices = (f"{role}_kwh", f"{role}_wh")
                question = f"the column {name!r} has no unit"
                self.doubts.append(FileDoubt(question, "--map", choices, name))
        for role in ("connected", "charging"):
            column = self.columns.get(role)
            if column is None or column.size is not None:
                continue
            numbers = [cell for cell in self._sample(role) if kind_of(cell) == "number"]
            if all(map(has_unit, numbers)):
                continue
            if {"end", "end_time"} & self.columns.keys():
                self._leave_out(role, "it has no unit of time")
                continue
            name = grid.header[column.place]
            question = f"the column {name!r} has no unit of time"
            lengths = (f"{role}_min", f"{role}_h", f"{role}_s")
            self.doubts.append(FileDoubt(question, "--map", lengths, name))
        if "power" in self.columns and self.columns["power"].size is None:
            self._leave_out("power", "it has no unit")
        if "price" in self.columns:
            name = grid.header[self.columns.pop("price").place]
            question = f"{name!r} may be what was paid, or the price of a kWh"
            self.doubts.append(FileDoubt(question, "--map", ("cost", "price_kwh"), name))

    def _leave_out(self, role: str, why: str) -> None:
        name = self.header[self.columns.pop(role).place]
        self.findings.append(FileFinding("not read", name, why))

    def columns_read(self) -> tuple[FileColumn, ...]:
        """What each column was read as, in the words by which people would say it."""
        roles = {column.place: role_named(role, column.size)
                 for role, column in self.columns.items()}  # fmt: skip
        in_doubt = {doubt.column for doubt in self.doubts}
        shown = self.source.grid.sample[:_SHOWN_CELLS]
        return tuple(
            FileColumn(name, "" if name in in_doubt else roles.get(place, "ignore"),
                       tuple(row[place] for row in shown))
            for place, name in enumerate(self.header)
        )  # fmt: skip

    def times(self) -> list[str]:
        """All times, or their days; those that are empty are left out."""
        if self._times is None:
            self._times = self._all_times()
        return self._times

    def _all_times(self) -> list[str]:
        both = []
        for whole in ("start", "end"):
            days = self._cells(f"{whole}_date")
            days = self._cells("date") if self.has_one_date else days
            clocks = self._cells(f"{whole}_time")
            both.append(
                [text or joined(day, clock) for text, day, clock in
                 zip(self._cells(whole), days, clocks, strict=True)]
            )  # fmt: skip
        return [text for pair in zip(*both, strict=True) for text in pair if text]

    def dates(self) -> list[str]:
        """The dates in figures, each once, in the order of the rows."""
        days = dict.fromkeys(halves(text).day for text in self.times())
        found = (_DAY.match(day) for day in days)
        return list(dict.fromkeys(match[0] for match in found if match is not None))

    def date_column(self) -> str:
        """The column that says when it began."""
        role = next(r for r in ("start", "start_date", "date") if r in self.columns)
        return self.header[self.columns[role].place]

    def reader(self, order: DateOrder, network: str) -> RowReader:
        """Reads its rows; what is still open becomes a doubt.

        Args:
            order: of its dates.
            network: whose sessions they are; empty: as its columns tell.
        """
        if order.year_first:
            self._begin_with_years()
        cells = [cell for role in _AMOUNTS for cell in self._cells(role) if cell]
        mark = self.answers.columns.get(DECIMAL_MARK, "")
        numbers = decimal_mark(cells, self.source.grid.delimiter, mark)
        self.findings += numbers.findings
        self.doubts += numbers.doubts
        times = LocalTimeReader(zone_named(self._zone()), order.month_first)
        whose = network or known_export(self.header).network or DEFAULT_NETWORK
        return RowReader(
            self.source.name, whose, self.columns, times, numbers.reader, self.has_one_date
        )

    def _begin_with_years(self) -> None:
        """Give dates that begin with years of two digits years of four."""
        table = self.source.table
        for role in ("start", "end", "start_date", "end_date", "date"):
            if role in self.columns:
                place, column = self.columns[role].place, self._cells(role)
                texts = [with_century(text) for text in column]
                table.columns[place] = pa.array(texts, pa.string())

    def _zone(self) -> str:
        """The zone of its local times: as its columns, people, or its network say."""
        names = [self.header[self.columns[role].place] for role in self.columns
                 if role.partition("_")[0] in ("start", "end", "date")]  # fmt: skip
        found = [match[0] for name in names if (match := _IANA.search(name)) is not None]
        utc = any(re.search(r"\b(?:utc|gmt)\b|^utc", name.lower()) for name in names)
        for zone, why in (
            (found[0] if found else "UTC" if utc else "", "its header says so"),
            (self.answers.zone, "you say so"),
            (known_export(self.header).zone, "exports with these columns have this one"),
        ):
            if zone:
                self.findings.append(FileFinding("zone", zone, why))
                return zone
        if all(map(tells_zone, self.times())):
            self.findings.append(FileFinding("zone", "UTC", OFFSET))
            return "UTC"
        if "zone" in self.columns and all(self._cells("zone")):
            self.findings.append(FileFinding("zone", "of each row", "a column says so"))
            return "UTC"
        if self.answers.usual_zone:
            why = "nothing says it: the zone that is set here"
            self.findings.append(FileFinding("zone", self.answers.usual_zone, why))
            return self.answers.usual_zone
        self.doubts.append(FileDoubt("its times do not say their zone", "--zone", _ZONES))
        return "UTC"

    def sessions(self, reader: RowReader) -> Iterator[ExportedSession]:
        """All rows, in their order, each with its number."""
        table, width = self.source.table, self.source.grid.width
        columns = [column.to_pylist() for column in table.columns]
        found = [
            (int(number), table.original(place), row)
            for place, (number, row) in enumerate(
                zip(table.number, zip(*columns, strict=True), strict=True)
            )
            if any(cell.strip() for cell in row)
        ]
        wrong = [
            (number, line, tuple(cells_of(line.decode(), self.source.grid.delimiter)))
            for number, line in table.wrong
        ]
        for number, line, cells in sorted([*found, *wrong], key=lambda row: row[0]):
            session = reader.session(number, line.decode(), cells)
            if any(cell.strip() for cell in cells[width:]):
                explanation = f"{len(cells)} columns instead of {width}"
                session.defects.clear()
                session.says(Defect.COLUMNS, explanation)
            yield session


def order_of(tables: Sequence[SessionTable]) -> DateOrder:
    """The order of the dates of tables with the same header, as all of them show together."""
    stated = tables[0].order
    if stated:
        return DateOrder(month_first=stated == "mdy", year_first=stated == "ymd")
    texts = list(dict.fromkeys(text for table in tables for text in table.dates()))
    times = {text for table in tables for text in table.times()}
    return date_order(
        texts, tables[0].date_column(), has_clocks=len(times) > len(texts),
        name=tables[0].source.name,
    )  # fmt: skip
