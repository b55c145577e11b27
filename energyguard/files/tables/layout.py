"""The layout of a table: the role of each of its columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from energyguard.codecs.headers import VALUES
from energyguard.files.found import FileDoubt, FileFinding
from energyguard.files.tables.numbered import IntervalNumbers
from energyguard.files.tables.wide import Slots
from energyguard.files.values.words import ENERGY, REGISTER, Unit

ALL: Final = "*"
"""In answers: all columns of values."""
FED_IN: Final = {
    "export_kwh": (ENERGY, 1),
    "export_wh": (ENERGY, 1_000),
    "export_register_kwh": (REGISTER, 1),
    "export_register_wh": (REGISTER, 1_000),
}
"""Roles of energy that is fed in."""
DECIMAL_MARK: Final = "decimal mark"
MARKS: Final = ("point", "comma")
"""In answers: how numbers are written, where the file leaves it open."""
PARTS: Final = ("device", "channel", "value", "unit", "sequence")
TIMES: Final = ("time", "end", "date", "clock", "dmy", "mdy", "ymd")
NUMBERED: Final = {"from_0": 0, "from_1": 1}
"""Roles of the number of an interval in its day: by which number the first one has."""
COUNTS: Final = ("interval", "register")
ROLES: Final = (*TIMES, *NUMBERED, *PARTS, *COUNTS, "ignore", *VALUES, *FED_IN)
"""What a column may be, as people say it: ``dmy``, ``mdy`` and ``ymd`` are dates of that order,
``interval`` and ``register`` are energies in the unit of their header.
"""


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """A column of values.

    Attributes:
        place: where it stands.
        name: of its header.
        unit: None: not known.
        counts: ``interval`` or ``register`` of an energy; empty: still to be found out.
        is_fed_in: whether it is energy that is fed in.
        label: the header without its unit: what a circuit is called.
    """

    place: int
    name: str
    unit: Unit | None
    counts: str
    is_fed_in: bool
    label: str


@dataclass(slots=True)
class FileLayout:
    """The columns of a table, each by its place; None: there is none.

    Attributes:
        day, clock: where date and time of the day are two columns.
        numbers: where a day stands beside the number of an interval of it.
        start, end: where a column has both; ``end`` is that of an interval.
        clock_ends: whether the time of the day is the end of an interval.
        month_first: how dates are to be read, where people say it.
        year_first: whether dates begin with a year of two digits.
        slots: of a wide table.
        utc: whether a header says that its times are UTC.
    """

    day: int | None = None
    clock: int | None = None
    numbers: IntervalNumbers | None = None
    start: int | None = None
    end: int | None = None
    clock_ends: bool = False
    month_first: bool | None = None
    year_first: bool = False
    device: int | None = None
    channel: int | None = None
    unit: int | None = None
    value: int | None = None
    sequence: int | None = None
    values: tuple[ValueColumn, ...] = ()
    slots: Slots | None = None
    utc: bool = False
    findings: list[FileFinding] = field(default_factory=list)
    doubts: list[FileDoubt] = field(default_factory=list)

    @property
    def in_day(self) -> int | None:
        """Where the time of the day stands, if it does in a column of its own."""
        return self.numbers.place if self.numbers is not None else self.clock

    @property
    def is_end_only(self) -> bool:
        """Whether the only time of a line is the end of its interval."""
        return self.clock_ends or (self.start is None and self.day is None and self.end is not None)


def unit_of_role(role: str) -> tuple[Unit, str]:
    """The unit of a role of values, and how it counts."""
    channel, per = FED_IN.get(role) or VALUES[role]
    counts = {REGISTER: "register", ENERGY: "interval"}.get(channel, "")
    return Unit(ENERGY if channel == REGISTER else channel, per), counts
