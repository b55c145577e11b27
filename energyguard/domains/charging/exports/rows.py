"""A row of an export becomes a session, or is refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from energyguard.domains.charging.exports.layout import ExportLayout, rating_kw
from energyguard.domains.charging.model import NANO, RoundedAmount
from energyguard.domains.charging.records.stations import session_id
from energyguard.errors import Malformed
from energyguard.files.numbers import ENERGY, HOURS, MONEY, POWER, Numbers
from energyguard.files.times import HOUR_S, LocalTimeReader, Moment, joined


class Defect(StrEnum):
    """What may be wrong with a row."""

    OPEN_END = "open end"
    ZERO_ENERGY = "zero energy"
    TOO_MUCH = "energy above rating × time"
    END_FIRST = "end before start"
    NO_DATE = "impossible date"
    LONG_CHARGE = "charge longer than stay"
    NEGATIVE_CHARGE = "negative charge time"
    OVERLAP = "overlap on one connector"
    IDLE = "idle time"
    NEVER_WAS = "local time that never was"
    TWICE = "local time that comes twice"
    NO_TIME = "unreadable time"
    UNREADABLE = "unreadable number"
    NEGATIVE = "negative energy"
    REPEATED = "repeated row"
    IMPOSSIBLE = "energy that cannot be"
    TOO_LONG = "stay of more than a year"
    RECONCILED = "reconciled"


REFUSED = frozenset(
    {Defect.OPEN_END, Defect.END_FIRST, Defect.NO_DATE, Defect.NO_TIME, Defect.TOO_LONG}
)
"""No session can be made of such a row."""


class RowDefect(NamedTuple):
    """A defect of a row."""

    defect: Defect
    detail: str


@dataclass(slots=True)
class ExportedSession:
    """A row that can be read; what is None was not told, or cannot be."""

    file: str
    row: int
    original: str
    network: str
    charger: str  # empty: the export does not tell them
    station: str
    event: str  # the network's id of it; empty: it has none
    start: int | None = None  # s since 1970 UTC
    end: int | None = None
    charge_s: int | None = None
    connected_s: int | None = None
    energy: int | None = None  # 1e-9 kWh
    rating_kw: float | None = None
    paid: RoundedAmount | None = None
    defects: list[RowDefect] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Who it is; of a row without a start, which row."""
        if self.start is None:
            return f"{self.file}:{self.row}"
        energy = self.energy or 0
        return session_id(self.network, self.charger, self.event, self.start, self.end, energy)

    @property
    def is_refused(self) -> bool:
        """Whether no stay can be made of it."""
        return any(found.defect in REFUSED for found in self.defects)

    def says(self, defect: Defect, detail: str) -> None:
        """Note a defect."""
        self.defects.append(RowDefect(defect, detail))


class RowReader:
    """Reads the rows of one file."""

    def __init__(
        self,
        file: str,
        layout: ExportLayout,
        reader: LocalTimeReader,
        numbers: Numbers,
        network: str,
    ) -> None:
        self._file, self._layout, self._reader = file, layout, reader
        self._numbers, self._network = numbers, network

    def session(self, number: int, original: str, cells: Sequence[str]) -> ExportedSession:
        """What a row tells, with the defects that it has by itself.

        Args:
            number: of the row in its file; the header is 1.
            original: the row as it stands there.
            cells: its columns.
        """
        at = self._layout.at

        def cell(meaning: str) -> str:
            place = at.get(meaning)
            return cells[place].strip() if place is not None and place < len(cells) else ""

        charger = "/".join(filter(None, (cell("charger"), cell("connector"))))
        station = cell("site") or charger or self._network
        network, event = self._network, cell("event")
        session = ExportedSession(self._file, number, original, network, charger, station, event)
        session.rating_kw = rating_kw(cell("model"))
        try:
            self._amounts(session, cell("energy_kwh"), cell("energy_wh"), cell("cost"))
            self._lengths(session, cell("connected_h"), cell("charge_h"), cell("power_w"))
        except Malformed as error:
            session.says(Defect.UNREADABLE, error.reason)
        start = self._time(session, "start", cell("start"), cell("start_date"), cell("start_time"))
        end = self._time(session, "end", cell("end"), cell("end_date"), cell("end_time"))
        self._stay(session, start, end)
        return session

    def _amounts(self, session: ExportedSession, kwh: str, wh: str, cost: str) -> None:
        number = self._numbers.number
        if kwh or wh:
            stated = number(kwh, ENERGY) if kwh else number(wh, ENERGY, ENERGY["wh"])
            session.energy = round(stated * NANO)
        if cost:
            session.paid = RoundedAmount.of(Fraction(number(cost, MONEY)))
        if session.energy is not None and session.energy < 0:
            session.says(Defect.NEGATIVE, f"{kwh or wh} is not counted")
            session.energy = None

    def _lengths(self, session: ExportedSession, connected: str, charged: str, power: str) -> None:
        number = self._numbers.number
        if connected:
            session.connected_s = round(number(connected, HOURS) * HOUR_S)
        if charged:
            session.charge_s = round(number(charged, HOURS) * HOUR_S)
        if power:
            session.rating_kw = float(number(power, POWER)) / 1000

    def _time(
        self, session: ExportedSession, what: str, whole: str, day: str, time: str
    ) -> Moment | None:
        """A time by its own clock; None: not told, or it cannot be."""
        text = whole or joined(day, time)
        if not text:
            if what == "start":
                session.says(Defect.NO_TIME, "no start")
            else:
                session.says(Defect.OPEN_END, "no end is told")
            return None
        try:
            return self._reader.moment(text)
        except Malformed as error:
            impossible = "impossible" in error.reason
            session.says(Defect.NO_DATE if impossible else Defect.NO_TIME, f"{what}: {error}")
            return None

    def _stay(self, session: ExportedSession, start: Moment | None, end: Moment | None) -> None:
        """Local times as UTC; of the hour that comes twice, so that the end is not before the start
        and the stay is as long as was told.
        """
        reader = self._reader
        for what, moment in (("start", start), ("end", end)):
            if moment is not None and not moment.is_utc and reader.never_was(moment.second):
                session.says(Defect.NEVER_WAS, f"{what}: the clocks were put forward then")
        starts, ends = self._choices(start), self._choices(end)
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

    def _choices(self, moment: Moment | None) -> list[int]:
        """When it can have been, in s since 1970 UTC; empty: not told."""
        if moment is None:
            return []
        if moment.is_utc:
            return [moment.second]
        twice = self._reader.comes_twice(moment.second)
        return [
            self._reader.seconds(moment.second, later=late) for late in (False, True)[: 1 + twice]
        ]
