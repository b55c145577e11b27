"""Chargers from a CSV file: which there are, where, how strong, and on which topic they tell.

    charger,station,latitude,longitude,rating_kw[,topic][,currency]

Latitude, longitude and rating may be empty: not known. The currency is that of all prices at the
station, whichever of its chargers says it: the amounts of two cannot be added up. All rows are
read before one is listed, and every wrong one is told, with its row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from energyguard.catalogue.checks import currency_faults
from energyguard.domains.charging.physics import MAX_KW
from energyguard.domains.charging.records.stations import CHARGER, Charger
from energyguard.domains.charging.topics import CHARGERS, SIGNALS
from energyguard.errors import Malformed
from energyguard.log import Log, Records
from energyguard.log.compacted import CompactedTable
from energyguard.topics import topic_named

COLUMNS = ("charger", "station", "latitude", "longitude", "rating_kw")
MAX_FAULTS = 20
MAX_NAME = 200
_AT_ONCE = 1_000
_BOUNDS = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "rating_kw": (0.0, MAX_KW)}


def read_chargers(path: Path) -> list[Charger]:
    """The chargers of a file.

    Raises:
        Malformed: some of its rows cannot be used; the message has each with its number.
    """
    found: list[Charger] = []
    wrong: list[str] = []
    first: dict[str, int] = {}
    currencies = StationCurrencies()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        header = _header(rows, path)
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise Malformed(f"{path}: row 1: no column {', '.join(missing)}", missing[0])
        for number, row in _rows(rows, path):
            try:
                charger = _charger(row)
                if charger.charger in first:
                    raise Malformed(
                        f"charger: {charger.charger} is in row {first[charger.charger]}, too"
                    )
                currencies.check(charger, f"row {number}")
                first[charger.charger] = number
                found.append(charger)
            except Malformed as error:
                wrong.append(f"row {number}: {error}")
    if wrong:
        more = f"; and {len(wrong) - MAX_FAULTS} more" if len(wrong) > MAX_FAULTS else ""
        raise Malformed(f"{path}: nothing was listed: {'; '.join(wrong[:MAX_FAULTS])}{more}")
    if not found:
        raise Malformed(f"{path}: no charger in it")
    return found


class StationCurrencies:
    """In which currency the prices at each station are, and who said so first."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}

    def note(self, charger: Charger, by: str) -> tuple[str, str]:
        """Take what a charger says, where nobody has said it of its station; gives who has."""
        if not charger.currency:
            return "", ""
        return self._known.setdefault(charger.station, (charger.currency, by))

    def check(self, charger: Charger, by: str) -> None:
        """See that a charger says of its station what others say.

        Raises:
            Malformed: it has another currency.
        """
        code, first = self.note(charger, by)
        if charger.currency != code:
            raise Malformed(
                f"currency: the prices at {charger.station} are in {code} by {first}, and a "
                f"station has one currency: list {charger.charger}, with {charger.currency}, at a "
                "station of its own",
                "currency",
            )


def check_listed(log: Log, chargers: Sequence[Charger]) -> None:
    """See that stations have one currency with the chargers that are listed already, too.

    Raises:
        Malformed: some have two.
    """
    table, currencies = CompactedTable(log, CHARGER), StationCurrencies()
    table.refresh()
    anew = {charger.charger for charger in chargers}
    for known in table.rows.values():
        if known.charger not in anew:
            currencies.note(known, f"{known.charger}, which is listed")
    try:
        for charger in chargers:
            currencies.check(charger, charger.charger)
    except Malformed as error:
        fault = f"nothing was listed: {error}, or list all chargers of this one anew"
        raise Malformed(fault, "currency") from None


def list_chargers(log: Log, chargers: Sequence[Charger]) -> None:
    """List chargers in ``energyguard.chargers``; of one that is there already, this counts now."""
    every = iter(chargers)
    while some := list(islice(every, _AT_ONCE)):
        keys = [charger.charger.encode() for charger in some]
        log.append(CHARGERS.name, Records(keys, [CHARGER.encode(charger) for charger in some]))


def _header(rows: csv.DictReader[str], path: Path) -> Sequence[str]:
    try:
        return rows.fieldnames or ()
    except (csv.Error, UnicodeDecodeError):
        raise Malformed(f"{path}: it is no text: save the list as CSV UTF-8") from None


def _rows(
    rows: csv.DictReader[str], path: Path
) -> Iterator[tuple[int, Mapping[str | None, object]]]:
    try:
        for row in rows:
            yield rows.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise Malformed(f"{path}: row {rows.line_num + 1}: {error}") from error


def _charger(row: Mapping[str | None, object]) -> Charger:
    if None in row or None in row.values():
        raise Malformed("more or fewer cells than columns")
    cells = {str(name): str(cell).strip() for name, cell in row.items()}
    for name in ("charger", "station"):
        if not 0 < len(cells[name]) <= MAX_NAME:
            raise Malformed(f"{name}: 1 to {MAX_NAME} characters", name)
    topic = cells.get("topic", "")
    if topic and not (topic_named(topic) and topic.startswith(SIGNALS.name)):
        raise Malformed(f"topic: {topic!r} is not {SIGNALS.name}, or {SIGNALS.name}.REGION")
    currency = cells.get("currency", "").upper()
    for _field, fault in currency_faults(currency):
        raise Malformed(f"currency: {fault}", "currency")
    latitude, longitude, rating = (_number(name, cells[name]) for name in _BOUNDS)
    return Charger(
        charger=cells["charger"],
        station=cells["station"],
        latitude=latitude,
        longitude=longitude,
        rating_kw=rating,
        topic=topic,
        currency=currency,
    )


def _number(name: str, text: str) -> float | None:
    if not text:
        return None
    low, high = _BOUNDS[name]
    try:
        number = float(text)
    except ValueError:
        raise Malformed(f"{name}: {text!r} is no number", name) from None
    if not low <= number <= high:
        raise Malformed(f"{name}: {text} is not within {low:g} to {high:g}", name)
    return number
