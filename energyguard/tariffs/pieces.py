"""A span cut at the months of its zone, and where its tariff changes: each piece is rated alone.

So the bill of two months is the bill of one and the bill of the other, line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import day_ms, local
from energyguard.model.tariffs import Tariff


class TariffPart(NamedTuple):
    """Which tariff holds from one time to another; None: none."""

    start_ms: int
    end_ms: int
    tariff_id: str
    tariff: Tariff | None


class RatePiece(NamedTuple):
    """A part of a month in which one tariff holds. Times are ms since 1970 UTC."""

    start_ms: int
    end_ms: int
    month_ms: int  # when the month began in the zone
    days: int  # of the month that begin in the piece
    month_days: int
    tariff_id: str
    tariff: Tariff | None

    @property
    def is_whole_month(self) -> bool:
        """Whether all days of the month are in it."""
        return self.days == self.month_days


def pieces_of(parts: Iterable[TariffPart], zone: str) -> Iterator[RatePiece]:
    """Cut parts at the beginnings of months.

    Args:
        parts: one after another; empty ones are passed over.
        zone: whose months and days they are.
    """
    for part in parts:
        at = part.start_ms
        while at < part.end_ms:
            month = CalendarSpan.of("month", local(at, zone).date(), zone)
            end = min(part.end_ms, month.end_ms)
            yield RatePiece(
                at, end, month.start_ms, _days(at, end, zone), month.days,
                part.tariff_id, part.tariff,
            )  # fmt: skip
            at = end


def _days(start_ms: int, end_ms: int, zone: str) -> int:
    """How many days of a zone begin in a stretch of at most a month."""
    first, last = local(start_ms, zone).date(), local(end_ms, zone).date()
    begins, ends = day_ms(first, zone)[0] == start_ms, day_ms(last, zone)[0] == end_ms
    return (last - first).days + begins - ends
