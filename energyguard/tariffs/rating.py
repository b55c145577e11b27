"""The lines of one piece of a bill: what its energy, its days and its highest quarter hour cost.

Amounts are computed exactly and rounded once for each line, to whole minor units, half away from
zero: 0.5 cents are 1 cent, and -0.5 cents are -1 cent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.model.days import HOUR_MS, QUARTER_MS
from energyguard.model.quantities import NANO, to_nano
from energyguard.model.readings import Ints
from energyguard.model.tariffs import Tariff
from energyguard.tariffs.energy import MeteredEnergy
from energyguard.tariffs.grid import NO_PRICE, PieceGrid
from energyguard.tariffs.pieces import RatePiece
from energyguard.tariffs.prices import PriceList

Flags = npt.NDArray[np.bool_]
LineKind = Literal["energy", "export", "standing", "demand", "tax"]
UnpricedReason = Literal["no-tariff", "no-price-then", "no-price-in-list"]
NO_PRICES: Final = PriceList(())
_PLACES: Final = Decimal(1).scaleb(-9)
_PER_HOUR: Final = HOUR_MS // QUARTER_MS


class BillLine(NamedTuple):
    """A line of a bill: quantity times price is its amount, but for the rounding."""

    kind: LineKind
    name: str  # as the tariff has it: peak, VAT; empty: as its kind
    start_ms: int
    end_ms: int
    quantity: Decimal
    unit: str  # kWh, day, month, kW; of a tax the currency
    price: Decimal | None  # per unit; of dynamic prices the mean, None: there is no energy
    amount: int  # minor units
    tariff_id: str
    at_ms: int | None = None  # of a demand charge, when the highest quarter hour began


class Unpriced(NamedTuple):
    """Time whose energy has no price; it is on no line."""

    start_ms: int
    end_ms: int
    nano: int  # 1e-9 kWh
    reason: UnpricedReason


class RatedPiece(NamedTuple):
    """What a piece comes to."""

    lines: tuple[BillLine, ...]
    unpriced: tuple[Unpriced, ...]
    energy_amount: int  # of its energy alone, with taxes, in minor units


def minor_units(amount: Fraction) -> int:
    """Round to a whole number, half away from zero."""
    whole = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return whole if amount >= 0 else -whole


class PieceRater:
    """Rates one piece.

    Args:
        piece: it has a tariff.
        grid: of the piece.
        energy: known at the grid's borders.
        lists: dynamic prices by the id of their list.
        currency: of the tariff or the site.
        digits: of its minor unit: 2 for cents.
    """

    def __init__(
        self,
        piece: RatePiece,
        grid: PieceGrid,
        energy: MeteredEnergy,
        lists: Mapping[str, PriceList],
        currency: str,
        digits: int,
    ) -> None:
        if piece.tariff is None:
            raise ValueError("a piece without a tariff has no lines")
        self._piece, self._tariff, self._grid = piece, piece.tariff, grid
        self._energy, self._lists = energy, lists
        self._currency, self._minor = currency, 10**digits
        net = energy.steps(grid.borders)
        exports = self._tariff.export_price is not None
        self._taken: Ints = np.maximum(net, 0) if exports else net
        self._fed = int(-np.minimum(net, 0).sum()) if exports else 0

    def rate(self) -> RatedPiece:
        """All lines: energy, export, standing charges, demand, and taxes on their sum."""
        unpriced: list[Unpriced] = []
        energy = [*self._energy_lines(unpriced), *self._export_lines()]
        lines = [*energy, *self._standing_lines(), *self._demand_lines()]
        taxes = self._tax_lines(lines)
        of_energy = sum(line.amount for line in (*energy, *self._tax_lines(energy)))
        return RatedPiece((*lines, *taxes), tuple(unpriced), of_energy)

    # Energy

    def _energy_lines(self, unpriced: list[Unpriced]) -> Iterator[BillLine]:
        tariff = self._tariff
        if tariff.prices:
            yield from self._timed(tariff, unpriced)
        elif tariff.blocks:
            yield from self._blocks(tariff)
        elif tariff.source:
            yield self._dynamic(tariff, unpriced)
        elif tariff.price is not None:
            yield self._kwh("energy", "", int(self._taken.sum()), tariff.price)

    def _timed(self, tariff: Tariff, unpriced: list[Unpriced]) -> Iterator[BillLine]:
        labels = np.array(self._grid.labels)
        alike: dict[tuple[str, Decimal], list[int]] = {}
        for n, row in enumerate(tariff.prices):
            alike.setdefault((row.name, row.price), []).append(n)
        for (name, price), rows in alike.items():
            if (at := np.isin(labels, rows)).any():
                yield self._kwh("energy", name, int(self._taken[at].sum()), price)
        self._leave_out(labels == NO_PRICE, "no-price-then", unpriced)

    def _blocks(self, tariff: Tariff) -> Iterator[BillLine]:
        net = self._energy.steps(self._grid.before)
        before = int((np.maximum(net, 0) if tariff.export_price is not None else net).sum())
        after = before + int(self._taken.sum())
        low: int | None = None  # net metering may come below 0: that is the first block's, too
        for block in tariff.blocks:
            high = None if block.up_to_kwh is None else to_nano(block.up_to_kwh)
            part = _clamped(after, low, high) - _clamped(before, low, high)
            if part:
                yield self._kwh("energy", block.name, part, block.price)
            low = high

    def _dynamic(self, tariff: Tariff, unpriced: list[Unpriced]) -> BillLine:
        starts = np.array(self._grid.borders[:-1], np.int64)
        prices, known = self._lists.get(tariff.source, NO_PRICES).at(starts)
        on_top = to_nano(tariff.surcharge or 0)
        taken, paid = self._taken[known].tolist(), prices[known].tolist()
        total = sum(taken)
        exact = sum(energy * (price + on_top) for energy, price in zip(taken, paid, strict=True))
        self._leave_out(~known, "no-price-in-list", unpriced)
        mean = (Decimal(exact) / total / NANO).quantize(_PLACES) if total else None
        amount = Fraction(exact * self._minor, NANO * NANO)
        return self._line("energy", "", _kwh(total), "kWh", mean, amount)

    def _leave_out(self, where: Flags, reason: UnpricedReason, unpriced: list[Unpriced]) -> None:
        """Note the steps without a price, those that follow one another as one."""
        steps = list(pairwise(self._grid.borders))
        for n in np.flatnonzero(where).tolist():
            (start, end), nano = steps[n], int(self._taken[n])
            if unpriced and unpriced[-1].end_ms == start:
                start, nano = unpriced[-1].start_ms, unpriced[-1].nano + nano
                unpriced.pop()
            unpriced.append(Unpriced(start, end, nano, reason))

    def _export_lines(self) -> Iterator[BillLine]:
        if self._tariff.export_price is not None:
            yield self._kwh("export", "", self._fed, -self._tariff.export_price)

    # The rest

    def _standing_lines(self) -> Iterator[BillLine]:
        piece, tariff = self._piece, self._tariff
        if tariff.per_day is not None and piece.days:
            amount = self._exact(tariff.per_day) * piece.days
            yield self._line("standing", "", Decimal(piece.days), "day", tariff.per_day, amount)
        if tariff.per_month is not None and piece.days:
            amount = self._exact(tariff.per_month) * Fraction(piece.days, piece.month_days)
            if piece.is_whole_month:
                yield self._line("standing", "", Decimal(1), "month", tariff.per_month, amount)
            else:
                price = (tariff.per_month / piece.month_days).quantize(_PLACES)
                yield self._line("standing", "", Decimal(piece.days), "day", price, amount)

    def _demand_lines(self) -> Iterator[BillLine]:
        price, piece = self._tariff.demand_price, self._piece
        if price is None or not piece.days:
            return
        highest = int(np.argmax(self._taken)) if len(self._taken) else 0
        peak = max(0, int(self._taken[highest])) if len(self._taken) else 0
        at_ms = self._grid.borders[highest] if peak else None
        part = Fraction(piece.days, piece.month_days)
        amount = self._exact(price) * Fraction(peak * _PER_HOUR, NANO) * part
        shown = price
        if not piece.is_whole_month:
            shown = (price * piece.days / piece.month_days).quantize(_PLACES)
        yield self._line("demand", "", _kwh(peak * _PER_HOUR), "kW", shown, amount, at_ms)

    def _tax_lines(self, lines: Sequence[BillLine]) -> Iterator[BillLine]:
        total = sum(line.amount for line in lines)
        base = Decimal(total) / self._minor
        for tax in self._tariff.taxes:
            rate = tax.percent / 100
            amount = Fraction(tax.percent) * Fraction(total, 100)
            yield self._line("tax", tax.name, base, self._currency, rate, amount)

    def _kwh(self, kind: LineKind, name: str, nano: int, price: Decimal) -> BillLine:
        amount = self._exact(price) * Fraction(nano, NANO)
        return self._line(kind, name, _kwh(nano), "kWh", price, amount)

    def _line(
        self,
        kind: LineKind,
        name: str,
        quantity: Decimal,
        unit: str,
        price: Decimal | None,
        amount: Fraction,
        at_ms: int | None = None,
    ) -> BillLine:
        piece, rounded = self._piece, minor_units(amount)
        return BillLine(
            kind, name, piece.start_ms, piece.end_ms, quantity, unit, price, rounded,
            piece.tariff_id, at_ms,
        )  # fmt: skip

    def _exact(self, price: Decimal) -> Fraction:
        """A price in minor units."""
        return Fraction(price) * Fraction(self._minor)


def _clamped(value: int, low: int | None, high: int | None) -> int:
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)


def _kwh(nano: int) -> Decimal:
    """1e-9 kWh (or kW) as a decimal, exact."""
    return Decimal(nano).scaleb(-9)
