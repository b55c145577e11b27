"""Where energy has to be known for a piece's prices: as few borders as its tariff lets.

A flat price needs the beginning and the end; times of use the times at which another price begins;
dynamic prices, a price for what is fed in and a demand charge need every quarter hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from energyguard.model.days import QUARTER_MS, local
from energyguard.model.tariffs import Tariff, TimedPrice
from energyguard.tariffs.periods import HOLIDAY, parse_period
from energyguard.tariffs.pieces import RatePiece

NO_PRICE = -1
"""The label of a time at which no price holds."""


class PieceGrid(NamedTuple):
    """The borders of a piece, and which of its timed prices holds from each to the next."""

    borders: tuple[int, ...]
    labels: tuple[int, ...]  # places in ``Tariff.prices``, or NO_PRICE; of other tariffs empty
    before: tuple[int, ...]  # borders from the month's beginning on, for blocks; else empty


def grid_of(piece: RatePiece, zone: str, holidays: frozenset[date]) -> PieceGrid:
    """The borders of a piece that has a tariff.

    Args:
        piece: its ``tariff`` is not None.
        zone: of the clock on the wall.
        holidays: of the years of the piece.
    """
    tariff = piece.tariff
    if tariff is None:
        return PieceGrid((piece.start_ms, piece.end_ms), (), ())
    fine = needs_quarters(tariff)
    before: tuple[int, ...] = ()
    if tariff.blocks and piece.month_ms < piece.start_ms:
        is_fine = tariff.export_price is not None
        before = tuple(_quarters(piece.month_ms, piece.start_ms, is_fine))
    if tariff.prices:
        days = holidays if any(HOLIDAY in row.when for row in tariff.prices) else frozenset[date]()
        borders, labels = _timed(piece.start_ms, piece.end_ms, zone, tariff.prices, days, fine)
        return PieceGrid(borders, labels, before)
    return PieceGrid(tuple(_quarters(piece.start_ms, piece.end_ms, fine)), (), before)


def needs_quarters(tariff: Tariff) -> bool:
    """Whether each quarter hour counts by itself."""
    by_itself = tariff.export_price is not None or tariff.demand_price is not None
    return by_itself or bool(tariff.source)


def _quarters(start_ms: int, end_ms: int, fine: bool) -> Iterator[int]:
    yield start_ms
    if fine:
        yield from range((start_ms // QUARTER_MS + 1) * QUARTER_MS, end_ms, QUARTER_MS)
    yield end_ms


@lru_cache(maxsize=512)
def _timed(
    start_ms: int,
    end_ms: int,
    zone: str,
    prices: tuple[TimedPrice, ...],
    holidays: frozenset[date],
    fine: bool,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Borders and labels; without ``fine`` only those at which the label becomes another."""
    periods = [parse_period(row.when) for row in prices]
    borders: list[int] = []
    labels: list[int] = []
    for at_ms in list(_quarters(start_ms, end_ms, True))[:-1]:
        at = local(at_ms, zone)
        is_holiday = at.date() in holidays
        fits = (n for n, period in enumerate(periods) if period.holds(at, is_holiday))
        label = next(fits, NO_PRICE)
        if fine or not labels or labels[-1] != label:
            borders.append(at_ms)
            labels.append(label)
    return (*borders, end_ms), tuple(labels)
