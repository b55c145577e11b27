"""A row of an export as a session, with what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from babel.numbers import get_currency_precision

from energyguard.domains.charging.exports.same_session import Telling
from energyguard.domains.charging.model import NANO, RoundedAmount
from energyguard.domains.charging.records.stations import session_id


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
    COLUMNS = "wrong number of columns"
    CURRENCY = "another currency"
    RECONCILED = "reconciled"


REFUSED = frozenset(
    {
        Defect.OPEN_END,
        Defect.END_FIRST,
        Defect.NO_DATE,
        Defect.NO_TIME,
        Defect.TOO_LONG,
        Defect.COLUMNS,
    }
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
    currency: str = ""  # ISO 4217; empty: not told
    user: str = ""
    defects: list[RowDefect] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Who it is; of a row without a start, which row."""
        if self.start is None:
            return f"{self.file}:{self.row}"
        energy = self.energy or 0
        return session_id(self.network, self.charger, self.event, self.start, self.end, energy)

    @property
    def telling(self) -> Telling:
        """What tells which session it is."""
        return Telling(self.id, self.start, None if self.is_refused else self.end, self.user)

    @property
    def is_refused(self) -> bool:
        """Whether no stay can be made of it."""
        return any(found.defect in REFUSED for found in self.defects)

    def sentence(self) -> str:
        """What it is, in short."""
        start, end = (_text(second) for second in (self.start, self.end))
        parts = [self.charger or self.station, f"{start} to {end} UTC"]
        if self.energy is not None:
            parts.append(f"{self.energy / NANO:g} kWh")
        if self.paid is not None:
            decimals = get_currency_precision(self.currency)
            parts.append(f"{self.paid.text(decimals)} {self.currency}".strip())
        return ", ".join(parts)

    def says(self, defect: Defect, detail: str) -> None:
        """Note a defect."""
        self.defects.append(RowDefect(defect, detail))

    def leave_paid_out(self, own: str) -> None:
        """Do not count what was paid in another currency than its station's own."""
        self.says(Defect.CURRENCY, f"{self.currency}, its station has {own}: not counted")
        self.paid, self.currency = None, own


def _text(second: int | None) -> str:
    return "?" if second is None else f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}"
