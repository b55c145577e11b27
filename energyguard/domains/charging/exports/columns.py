"""The columns of sessions: what each header means, in which unit, and which of several is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from energyguard.domains.charging.exports.known_exports import KNOWN, KnownExport
from energyguard.domains.charging.exports.money import currency_in, without_currency
from energyguard.domains.charging.exports.words import LENGTHS, SIGNS, STATIONS, WORDS
from energyguard.errors import ConfigError
from energyguard.files.tables.layout import DECIMAL_MARK, MARKS
from energyguard.files.values.words import ENERGY, POWER, header_of_text, plain_words

TIMES: Final = ("start", "end", "start_date", "start_time", "end_date", "end_time", "date")
ORDERS: Final = ("dmy", "mdy", "ymd")
_WH: Final = Decimal(1) / 1000
_SIZES: Final[Mapping[str, Mapping[str, Decimal]]] = {
    "energy": {"kwh": Decimal(1), "wh": _WH},
    "meter_start": {"kwh": Decimal(1), "wh": _WH},
    "meter_stop": {"kwh": Decimal(1), "wh": _WH},
    "power": {"kw": Decimal(1), "w": _WH},
    "connected": {"h": Decimal(1), "min": Decimal(1) / 60, "s": Decimal(1) / 3600},
    "charging": {"h": Decimal(1), "min": Decimal(1) / 60, "s": Decimal(1) / 3600},
}
"""Roles that have a unit: by its name, how many kWh, kW or hours it is."""
MAPPED: Final[Mapping[str, tuple[str, Decimal | None]]] = {
    f"{role}_{unit}": (role, size) for role, units in _SIZES.items() for unit, size in units.items()
}
"""What people call those roles: ``energy_kwh``, ``meter_start_wh``, ``connected_min``."""


def role_named(role: str, size: Decimal | None) -> str:
    """A role as people call it: ``energy_wh``; empty: its unit is open."""
    if role not in _SIZES:
        return role
    unit = next((unit for unit, known in _SIZES[role].items() if known == size), "")
    return f"{role}_{unit}" if unit else ""


_PLAIN: Final = sorted({role for role, _ in WORDS.values()} - set(_SIZES) - {"price", "end_zone"})
ROLES: Final = (*_PLAIN, *MAPPED, *ORDERS, "ignore")
"""What a column may be, as people say it."""
_BRACKETS: Final = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_MAX_HEADER: Final = 100


class SessionHeader(NamedTuple):
    """A header, understood.

    Attributes:
        words: without unit and brackets.
        role: empty: none that is known.
        tier: how surely it is meant; of two the smaller one.
        size: of its unit in kWh, kW or hours; None: it names none.
        currency: ISO 4217; empty: it names none.
    """

    words: str
    role: str = ""
    tier: int = 0
    size: Decimal | None = None
    currency: str = ""


@lru_cache(maxsize=4_096)
def header_named(name: str) -> SessionHeader:
    """Understand a header: ``Geladene Energie [kWh]`` is an energy in kWh."""
    if len(name) > _MAX_HEADER:
        return SessionHeader("")
    header = header_of_text(name)
    if header.words.endswith("ratio"):
        per_energy = not re.search(r"\b(co2|ghg|k?g|solar)\b", header.words)
        return SessionHeader(header.words, "price_kwh" if per_energy else "", 0, None,
                             currency_in(name.partition("/")[0]))  # fmt: skip
    beside = " ".join(_BRACKETS.findall(name)).strip()
    label, last = _BRACKETS.sub(" ", header.label).strip(), name.strip().rpartition(" ")[2]
    currency = currency_in(beside) or currency_in(last)
    if currency and label.endswith(last):
        label = label.removesuffix(last).strip().removesuffix(" in")
    words = plain_words(label)
    plainer, named = without_currency(label)
    if named and not currency and plain_words(plainer) in WORDS:
        words, currency = plain_words(plainer), named
    before, _, last = words.rpartition(" ")
    length = LENGTHS.get(beside.lower()) or LENGTHS.get(last)
    if words not in WORDS and last in LENGTHS:
        words = before.removesuffix(" in")
    if words not in WORDS and "." in name:
        words = _inner(name)
    role, tier = WORDS.get(words, ("", 0))
    size = None
    if header.unit is not None and header.unit.channel in (ENERGY, POWER):
        size = Decimal(header.unit.times) / header.unit.per
    if role in ("cost", "price") and size is not None:
        role, size = "price_kwh", None
    elif role == "energy" and currency:
        role, tier = "cost", 9
    elif role == "price" and (currency or "total" in beside):
        tier = 1
    if role in ("connected", "charging"):
        size = _SIZES[role][length] if length else None
    if role == "energy" and size is None and words in ("", "total"):
        role = ""
    elif role and role not in _SIZES:
        size = None
    return SessionHeader(words, role, tier, size, currency)


def _inner(name: str) -> str:
    """The words of a field within another one, where they alone say what it is."""
    parts = name.split(".")
    inner = (plain_words(" ".join(parts[at:])) for at in range(1, len(parts)))
    return next((w for w in inner if " " in w and w in WORDS), plain_words(name))


def known_export(header: Sequence[str]) -> KnownExport:
    """The export that has these columns."""
    words = {header_named(name).words for name in header}
    return next((known for known in KNOWN if known.headers <= words), _ANY)


_ANY: Final = KnownExport("", "", frozenset())


class FoundColumn(NamedTuple):
    """A column with a role: where it stands, and the size of its unit; None: it names none."""

    place: int
    size: Decimal | None
    currency: str = ""


def columns_in(header: Sequence[str], mapped: Mapping[str, str]) -> dict[str, FoundColumn]:
    """The columns by their roles; of several for one, that which is meant most surely.

    Args:
        header: the names of all columns.
        mapped: roles that people say, by small name.
    """
    known = known_export(header).roles
    found: dict[str, tuple[tuple[int, bool, int, int], FoundColumn]] = {}
    for place, name in enumerate(header):
        meant = header_named(name)
        stated = mapped.get(name.strip().lower(), "")
        if stated in ORDERS:
            stated = meant.role or "start"
        role, size = MAPPED.get(stated, (stated, None))
        rank = 0
        if not role and meant.words in known:
            (role, size), rank = MAPPED.get(known[meant.words], (known[meant.words], None)), 1
        elif not role:
            role, size, rank = meant.role, meant.size, 2
        tier = meant.tier + (role == "charger" and meant.words in STATIONS)
        order = rank, size is None and role in _SIZES, tier, place
        if role and role != "ignore" and (role not in found or order < found[role][0]):
            found[role] = order, FoundColumn(place, size, meant.currency)
    columns = {role: column for role, (_, column) in found.items()}
    if "charger" in columns and "site" not in columns:  # beside a charger it is where that is
        small = [name.strip().lower() for name in header]
        where = [n for n, name in enumerate(small) if header_named(name).words in STATIONS]
        where = [n for n in where if n != columns["charger"].place and small[n] not in mapped]
        if where:
            columns["site"] = FoundColumn(where[0], None)
    for whole in ("start", "end"):  # a day and a time of day stand side by side; else it has both
        halves = {f"{whole}_date", f"{whole}_time"} & columns.keys()
        if whole not in columns and len(halves) == 1:
            columns[whole] = columns.pop(halves.pop())
    if "energy" not in columns and (lone := _lone_energy(header, mapped)) is not None:
        columns["energy"] = lone
    if "price" in columns and "cost" in columns:
        del columns["price"]
    elif "price" in columns and "price_kwh" in columns:
        columns["cost"] = columns.pop("price")
    return columns


def _lone_energy(header: Sequence[str], mapped: Mapping[str, str]) -> FoundColumn | None:
    """The one column that is in kWh or Wh, whatever it is called; None: none, or several."""
    found = []
    for place, name in enumerate(header):
        meant, unit = header_named(name), header_of_text(name).unit
        is_part = re.search(r"\b(solar|pv|grid|green|sonne|netz|discharged|meter)\b", meant.words)
        if unit is None or unit.channel != ENERGY or meant.role or is_part:
            continue
        if name.strip().lower() not in mapped:
            found.append(FoundColumn(place, meant.size))
    return found[0] if len(found) == 1 else None


_NEEDED: Final = (
    ("a start", ({"start"}, {"start_date", "start_time"})),
    ("an end", ({"end"}, {"end_date", "end_time"}, {"connected"}, {"charging"})),
    ("an energy", ({"energy"}, {"meter_start", "meter_stop"})),
)


@dataclass(frozen=True)
class SessionKind:
    """Tables of sessions, as the reader of files finds them.

    Attributes:
        mapped: roles that people say, by the small name of a column.
    """

    mapped: Mapping[str, str] = field(default_factory=dict)

    def missing(self, header: Sequence[str]) -> Sequence[str]:
        """What a session cannot be without, and no column has."""
        columns = columns_in(header, self.mapped).keys()
        return [what for what, choices in _NEEDED if not any(each <= columns for each in choices)]

    def known(self, header: Sequence[str]) -> int:
        """How many columns have a role."""
        return len(columns_in(header, self.mapped))

    def time_words(self, name: str) -> str:
        """The words of a header of times, so that its cells are read as such; empty: it is none."""
        role = self.mapped.get(name.lower(), "") or header_named(name).role
        return f"{header_named(name).words} date start" if role in (*TIMES, *ORDERS) else ""

    def recognises(self, header: Sequence[str]) -> bool:
        """Whether a table is one of sessions and of no readings."""
        words = {header_named(name).words for name in header}
        columns, missing = columns_in(header, {}).keys(), self.missing(header)
        open_ended = {"session", "charger"} <= columns and list(missing) == ["an end"]
        is_charging = bool(words & SIGNS) or {"charger", "connector"} <= columns
        return is_charging and (not missing or open_ended)


SESSIONS: Final = SessionKind()
"""The kind, where people say nothing of columns."""


def mapping_of(columns: Mapping[str, str]) -> dict[str, str]:
    """What people say of columns, by small name.

    Raises:
        ConfigError: there is no such role.
    """
    for name, role in columns.items():
        choices: Sequence[str] = MARKS if name == DECIMAL_MARK else ROLES
        if role not in choices:
            raise ConfigError(f"--map {name}={role}: it is one of {', '.join(choices)}")
    return {name.lower(): role for name, role in columns.items() if name != DECIMAL_MARK}


def check_mapping(columns: Mapping[str, str], headers: Sequence[Sequence[str]]) -> None:
    """Let what people say be of columns that there are.

    Raises:
        ConfigError: no table has such a column.
    """
    names = dict.fromkeys(name for header in headers for name in header)
    known = {name.lower() for name in names} | {DECIMAL_MARK}
    for name, role in columns.items():
        if name.lower() not in known:
            raise ConfigError(f"--map {name}={role}: no such column; there are: {', '.join(names)}")
