"""Lists of dynamic prices: a price for each stretch of time, and the CSV file that brings them.

    start,price
    2026-11-24T00:00+01:00,0.08213
    2026-11-24T00:15+01:00,-0.00120

``price_mwh`` instead of ``price``: per MWh, as exchanges have it. A row lasts as long as the
shortest step of its UTC day, or up to its ``end``, where there is such a column.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.errors import Faulty
from energyguard.model.days import HOUR_MS, QUARTER_MS, ms_of
from energyguard.model.quantities import to_nano
from energyguard.model.readings import EARLIEST_MS, Ints

DAY_MS: Final = 24 * HOUR_MS
LATEST_MS: Final = 253_402_300_800_000  # the end of 9999
MAX_PRICE_ROWS: Final = 400_000
MAX_SHOWN_FAULTS: Final = 100
_COLUMNS: Final = ("start", "end", "price", "price_mwh")


class PriceSlot(NamedTuple):
    """A price per kWh from one time to another (ms since 1970 UTC; 1e-9 of the currency)."""

    start_ms: int
    end_ms: int
    nano: int


class PriceList:
    """Prices by time; what is between them is not known.

    Args:
        slots: in order of time; where two overlap, the later one holds from its start.
    """

    def __init__(self, slots: Iterable[PriceSlot]) -> None:
        rows = np.array(list(slots), np.int64).reshape(-1, 3)
        self.starts, self.ends, self.nano = rows[:, 0], rows[:, 1], rows[:, 2]

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, times: Sequence[int] | Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """The prices at some times (1e-9 per kWh), and of which times one is known."""
        wanted = np.asarray(times, np.int64)
        if not len(self.starts):
            return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
        places = np.searchsorted(self.starts, wanted, side="right") - 1
        known = (places >= 0) & (wanted < self.ends[places])
        return np.where(known, self.nano[places], 0), known


def read_prices(data: bytes, name: str) -> list[PriceSlot]:
    """The prices of a CSV file, in order of time.

    Args:
        data: of the file.
        name: for the places of faults.

    Raises:
        Faulty: some rows cannot be read; each has its line. Nothing is taken then.
    """
    faults: list[str] = []
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Faulty(f"{name}: is no CSV in UTF-8: {error}") from None
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    kinds = {"price", "price_mwh"} & set(head)
    if "start" not in head or len(kinds) != 1 or set(head) - set(_COLUMNS):
        raise Faulty(f"{name}:1: the columns are start,price or start,end,price (or price_mwh)")
    if len(rows) > MAX_PRICE_ROWS:
        raise Faulty(f"{name}: {len(rows):,} rows; at most {MAX_PRICE_ROWS:,} at once")
    found: dict[int, tuple[int | None, int]] = {}
    for line, cells in enumerate(rows[1:], 2):
        if not any(cells):
            continue
        try:
            start_ms, end_ms, nano = _row(head, cells)
            if start_ms in found:
                raise ValueError(f"{cells[head.index('start')]} stands there twice")
            found[start_ms] = end_ms, nano
        except ValueError as error:
            faults.append(f"{name}:{line}: {error}")
    if faults:
        left_out = len(faults) - MAX_SHOWN_FAULTS
        more = (f"{name}: and {left_out} more",) if left_out > 0 else ()
        raise Faulty(*faults[:MAX_SHOWN_FAULTS], *more)
    return with_ends(found)


def _row(head: Sequence[str], cells: Sequence[str]) -> tuple[int, int | None, int]:
    if len(cells) != len(head):
        raise ValueError(f"{len(cells)} cells, and {len(head)} columns")
    row = dict(zip(head, (cell.strip() for cell in cells), strict=True))
    start_ms, end_ms = time_ms(row["start"]), None
    if "end" in row:
        end_ms = time_ms(row["end"])
        if not start_ms < end_ms <= start_ms + DAY_MS:
            raise ValueError(f"end: {row['end']} is not within a day behind {row['start']}")
    text = row.get("price") or row.get("price_mwh") or ""
    try:
        price = Decimal(text)
        return start_ms, end_ms, to_nano(price / 1000 if "price_mwh" in row else price)
    except (ArithmeticError, ValueError):
        raise ValueError(f"price: {text!r} is no number; write -0.01234") from None


def time_ms(text: str) -> int:
    """A time of a price: ISO 8601 with its offset, a quarter hour; ms since 1970 UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write 2026-11-24T00:15+01:00") from None
    if at.utcoffset() is None:
        raise ValueError(f"{text!r} has no offset from UTC; write 2026-11-24T00:15+01:00")
    return checked_ms(ms_of(at), text)


def checked_ms(ms: int, text: str) -> int:
    """A time of a price, ms since 1970 UTC.

    Raises:
        ValueError: it is no quarter hour, before 2000 or after 9999; the message has ``text``.
    """
    if ms % QUARTER_MS or not EARLIEST_MS <= ms < LATEST_MS:
        raise ValueError(f"{text!r} is no quarter hour since 2000")
    return ms


def with_ends(found: dict[int, tuple[int | None, int]]) -> list[PriceSlot]:
    """Rows without an end get that of the shortest step of their UTC day, at most an hour."""
    starts = sorted(found)
    shortest: dict[int, int] = {}
    for start, after in pairwise(starts):
        day = start // DAY_MS
        shortest[day] = min(shortest.get(day, HOUR_MS), after - start)
    slots = []
    for start in starts:
        end, nano = found[start]
        length = shortest.get(start // DAY_MS, shortest.get(start // DAY_MS - 1, HOUR_MS))
        slots.append(PriceSlot(start, start + length if end is None else end, nano))
    return slots
