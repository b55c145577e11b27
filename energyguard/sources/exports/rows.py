"""A row of an export becomes a session, or is refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from energyguard.errors import Malformed
from energyguard.sources.exports.layout import Layout, rating_kw
from energyguard.sources.exports.times import HOUR_S, Reader


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
    RECONCILED = "reconciled"


REFUSED = frozenset({Defect.OPEN_END, Defect.END_FIRST, Defect.NO_DATE, Defect.NO_TIME})
"""No session can be made of such a row."""


class Found(NamedTuple):
    """A defect of a row."""

    defect: Defect
    detail: str


@dataclass(slots=True)
class Session:
    """A row that can be read; what is None was not told, or cannot be."""

    file: str
    row: int
    original: str
    id: str
    charger: str
    station: str
    start: int | None = None  # s since 1970 UTC
    end: int | None = None
    charge_s: int | None = None
    connected_s: int | None = None
    energy: int | None = None  # 1e-9 kWh
    rating_kw: float | None = None
    cents: int | None = None
    defects: list[Found] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether no stay can be made of it."""
        return any(found.defect in REFUSED for found in self.defects)

    def says(self, defect: Defect, detail: str) -> None:
        """Note a defect."""
        self.defects.append(Found(defect, detail))


class Rows:
    """Reads the rows of one file."""

    def __init__(self, file: str, layout: Layout, reader: Reader, source: str) -> None:
        self._file, self._layout, self._reader, self._source = file, layout, reader, source
        self._numbers: dict[str, float] = {}

    def session(self, number: int, original: str, cells: Sequence[str]) -> Session:
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

        station = cell("site") or self._source
        charger = "/".join(filter(None, (cell("charger"), cell("connector")))) or station
        session = Session(self._file, number, original, "", charger, station)
        event = cell("event")
        key = event or blake2b(original.encode(), digest_size=9).hexdigest()
        session.id = f"{self._source}/{key}"
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

    def _amounts(self, session: Session, kwh: str, wh: str, cost: str) -> None:
        if kwh or wh:
            session.energy = round(self._number(kwh or wh) * (10**9 if kwh else 10**6))
        if cost:
            session.cents = round(self._number(cost) * 100)
        if session.energy is not None and session.energy < 0:
            session.says(Defect.NEGATIVE, f"{kwh or wh} is not counted")
            session.energy = None

    def _lengths(self, session: Session, connected: str, charged: str, power: str) -> None:
        if connected:
            session.connected_s = round(self._number(connected) * HOUR_S)
        if charged:
            session.charge_s = round(self._number(charged) * HOUR_S)
        if power:
            session.rating_kw = self._number(power) / 1000

    def _number(self, text: str) -> float:
        known = self._numbers.get(text)
        if known is None:
            try:
                known = self._numbers[text] = float(text.replace(" ", "").lstrip("£€"))
            except ValueError as error:
                raise Malformed(f"{text!r} is no number", "number") from error
            if not abs(known) < 1e9:
                raise Malformed(f"{text!r} is no number that can be", "number")
        return known

    def _time(self, session: Session, what: str, whole: str, day: str, time: str) -> int | None:
        """A local time by its own clock; None: not told, or it cannot be."""
        text = whole or (f"{day} {time}" if day and time else day or time)
        if not text:
            if what == "start":
                session.says(Defect.NO_TIME, "no start")
            else:
                session.says(Defect.OPEN_END, "no end is told")
            return None
        try:
            return self._reader.naive(text)
        except Malformed as error:
            impossible = "impossible" in error.reason
            session.says(Defect.NO_DATE if impossible else Defect.NO_TIME, f"{what}: {error}")
            return None

    def _stay(self, session: Session, start: int | None, end: int | None) -> None:
        """Local times as UTC; of the hour that comes twice, so that the end is not before the start
        and the stay is as long as was told.
        """
        reader = self._reader
        for what, naive in (("start", start), ("end", end)):
            if naive is not None and reader.never_was(naive):
                session.says(Defect.NEVER_WAS, f"{what}: the clocks were put forward then")
        if start is not None:
            session.start = reader.seconds(start)
        if end is not None:
            session.end = reader.seconds(end)
        if start is None or end is None or session.start is None or session.end is None:
            return
        if reader.comes_twice(start) or reader.comes_twice(end):
            choices = [
                (reader.seconds(start, later=a), reader.seconds(end, later=b))
                for a in (False, True)
                for b in (False, True)
            ]
            told = session.connected_s
            possible = [(a, b) for a, b in choices if b >= a] or choices[:1]
            session.start, session.end = min(
                possible, key=lambda both: 0 if told is None else abs(both[1] - both[0] - told)
            )
            session.says(Defect.TWICE, "the hour after summer time: read so that the end follows")
