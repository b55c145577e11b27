"""The cells of a row become a session: who, when, how much; each defect is noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from energyguard.domains.charging.exports.columns import FoundColumn
from energyguard.domains.charging.exports.lengths import seconds_of
from energyguard.domains.charging.exports.money import MONEY, currency_in
from energyguard.domains.charging.exports.ratings import rating_kw
from energyguard.domains.charging.exports.rows import Defect, ExportedSession
from energyguard.domains.charging.exports.words import TOTALS
from energyguard.domains.charging.model import NANO, RoundedAmount
from energyguard.errors import ConfigError, Malformed
from energyguard.files.values.numbers import ENERGY, NO_VALUES, POWER, Numbers
from energyguard.files.values.times import (
    ABBREVIATIONS,
    DAY_S,
    LocalTimeReader,
    Moment,
    joined,
    zone_named,
)

_MAX_USER: Final = 128
_ONE: Final = Decimal(1)


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one table.

    Attributes:
        file: its name.
        network: whose sessions they are.
        columns: by role.
        reader: of its times.
        numbers: how they are written.
        has_one_date: whether start and end are times of one day.
    """

    file: str
    network: str
    columns: Mapping[str, FoundColumn]
    reader: LocalTimeReader
    numbers: Numbers
    has_one_date: bool = False

    def session(self, number: int, original: str, cells: Sequence[str]) -> ExportedSession:
        """What a row tells, with the defects that it has by itself.

        Args:
            number: of the row in its file; the header is 1.
            original: the row as it stands there.
            cells: its columns.
        """
        row = _Row(self.columns, cells)
        charger = row["charger"] or (row["site"] if row["connector"] else "")
        charger = "/".join(filter(None, (charger, row["connector"])))
        station = row["site"] or charger or self.network
        session = ExportedSession(
            self.file, number, original, self.network, charger, station, row["session"]
        )
        session.user = row["user"][:_MAX_USER]
        session.rating_kw = rating_kw(row["model"])
        try:
            self._amounts(session, row)
            self._lengths(session, row)
        except Malformed as error:
            session.says(Defect.UNREADABLE, error.reason)
        zone = row["zone"]
        start = self._time(session, row, "start", zone)
        end = self._end(session, row, start, row["end_zone"] or zone)
        self._stay(session, start, end, self._reader_of(zone))
        return session

    def _amounts(self, session: ExportedSession, row: _Row) -> None:
        number, stated = self.numbers.number, row["energy"]
        if stated:
            kwh = number(stated, ENERGY, row.size("energy"))
        elif row["meter_start"] and row["meter_stop"]:
            first, last = (number(row[role], ENERGY, row.size(role))
                           for role in ("meter_start", "meter_stop"))  # fmt: skip
            kwh, stated = last - first, f"{row['meter_stop']} after {row['meter_start']}"
        else:
            kwh = None
        if kwh is not None:
            session.energy = round(kwh * NANO)
        if session.energy is not None and session.energy < 0:
            session.says(Defect.NEGATIVE, f"{stated} is not counted")
            session.energy = None
        cost, rate = row["cost"], row["price_kwh"]
        amount = None
        if cost:
            amount = Fraction(number(cost, MONEY))
        elif rate and kwh is not None:
            amount = Fraction(number(rate.partition("/")[0], MONEY)) * Fraction(kwh)
        if amount is not None:
            session.paid = RoundedAmount.of(amount)
            column = self.columns["cost" if cost else "price_kwh"]
            named = currency_in(row["currency"].upper()) or currency_in(cost or rate)
            session.currency = named or column.currency

    def _lengths(self, session: ExportedSession, row: _Row) -> None:
        if text := row["connected"]:
            session.connected_s = seconds_of(text, self.numbers, row.known_size("connected"))
        if text := row["charging"]:
            session.charge_s = seconds_of(text, self.numbers, row.known_size("charging"))
        if text := row["power"]:
            watts = self.numbers.number(text, POWER, row.size("power") * 1000)
            session.rating_kw = float(watts) / 1000

    def _time(self, session: ExportedSession, row: _Row, what: str, zone: str) -> Moment | None:
        """A time by its own clock; None: not told, or it cannot be."""
        text = row[what] or joined(row[f"{what}_date"] or self._day(row), row[f"{what}_time"])
        if not text or (text == self._day(row) and self.has_one_date):
            if what == "end":
                session.says(Defect.OPEN_END, "no end is told")
            else:
                total = any(cell.strip(" :").lower() in TOTALS for cell in row.cells)
                session.says(Defect.NO_TIME, "a total, no session" if total else "no start")
            return None
        if zone and (zone.lower() in ABBREVIATIONS or zone[0] in "+-"):
            text = f"{text} {zone}"
        try:
            return self.reader.moment(text)
        except Malformed as error:
            impossible = "impossible" in error.reason
            session.says(Defect.NO_DATE if impossible else Defect.NO_TIME, f"{what}: {error}")
            return None

    def _day(self, row: _Row) -> str:
        return row["date"] if self.has_one_date else ""

    def _end(
        self, session: ExportedSession, row: _Row, start: Moment | None, zone: str
    ) -> Moment | None:
        """The end: as it is told, else by how long the stay or its charge took."""
        if {"end", "end_time"} & self.columns.keys():
            end = self._time(session, row, "end", zone)
            if self.has_one_date and start is not None and end is not None:
                past_midnight = end.second < start.second and start.second - end.second < DAY_S
                return _later(end, DAY_S) if past_midnight else end
            return end
        length = session.connected_s if session.connected_s is not None else session.charge_s
        if length is None or start is None:
            session.says(Defect.OPEN_END, "no end is told, and not how long it took")
            return None
        if start.is_utc:
            return _later(start, length)
        utc = self._reader_of(zone).seconds(start.second)
        return Moment(utc + length, is_utc=True)

    def _reader_of(self, zone: str) -> LocalTimeReader:
        """The clock of a row: of the zone that it names, else of its table."""
        if "/" not in zone:
            return self.reader
        try:
            return replace(self.reader, zone=zone_named(zone), _hours={})
        except ConfigError:
            return self.reader

    def _stay(
        self,
        session: ExportedSession,
        start: Moment | None,
        end: Moment | None,
        reader: LocalTimeReader,
    ) -> None:
        """Local times as UTC; of the hour that comes twice, so that the end is not before the start
        and the stay is as long as was told.
        """
        for what, moment in (("start", start), ("end", end)):
            if moment is not None and not moment.is_utc and reader.never_was(moment.second):
                session.says(Defect.NEVER_WAS, f"{what}: the clocks were put forward then")
        starts, ends = _choices(start, reader), _choices(end, reader)
        session.start = starts[0] if starts else None
        session.end = ends[0] if ends else None
        if not starts or not ends or len(starts) + len(ends) == 2:
            return
        choices = [(a, b) for a in starts for b in ends]
        stated = session.connected_s
        possible = [(a, b) for a, b in choices if b >= a] or choices[:1]
        session.start, session.end = min(
            possible, key=lambda both: 0 if stated is None else abs(both[1] - both[0] - stated)
        )
        session.says(Defect.TWICE, "the hour after summer time: read so that the end follows")


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a row by their roles; those that say that nothing is there are empty."""

    columns: Mapping[str, FoundColumn]
    cells: Sequence[str]

    def __getitem__(self, role: str) -> str:
        column = self.columns.get(role)
        if column is None or column.place >= len(self.cells):
            return ""
        text = self.cells[column.place].strip()
        return "" if text.lower() in NO_VALUES else text

    def known_size(self, role: str) -> Decimal | None:
        return self.columns[role].size

    def size(self, role: str) -> Decimal:
        return self.columns[role].size or _ONE


def _later(moment: Moment, more: int) -> Moment:
    """A time so many seconds later."""
    return moment._replace(second=moment.second + more)


def _choices(moment: Moment | None, reader: LocalTimeReader) -> list[int]:
    """When it can have been, in s since 1970 UTC; empty: not told."""
    if moment is None:
        return []
    if moment.is_utc:
        return [moment.second]
    twice = reader.comes_twice(moment.second)
    return [reader.seconds(moment.second, later=late) for late in (False, True)[: 1 + twice]]
