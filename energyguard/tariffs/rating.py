"""The lines of one piece of a bill: what its energy, its days and its highest quarter hour cost.

Amounts are computed exactly and rounded once for each line, to whole minor units, half away from
zero: 0.5 cents are 1 cent, and -0.5 cents are -1 cent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, NamedTuple

import numpy as np

from energyguard.model.days import HOUR_MS, QUARTER_MS
from energyguard.model.quantities import NANO
from energyguard.tariffs.energy import MeteredEnergy
from energyguard.tariffs.grid import PieceGrid
from energyguard.tariffs.pieces import RatePiece
from energyguard.tariffs.priced import PieceEnergy, PricedEnergy, UnpricedReason, half_away
from energyguard.tariffs.prices import PriceList

LineKind = Literal["energy", "export", "standing", "demand", "tax"]
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
    return half_away(amount.numerator, amount.denominator)


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
        self._piece, self._tariff = piece, piece.tariff
        self._currency, self._minor = currency, 10**digits
        self._energy = PieceEnergy(piece, grid, energy, lists)

    def rate(self) -> RatedPiece:
        """All lines: energy, export, standing charges, demand, and taxes on their sum."""
        energy = [self._energy_line(line) for line in self._energy.lines]
        lines = [*energy, *self._standing_lines(), *self._demand_lines()]
        taxes = self._tax_lines(lines)
        of_energy = sum(line.amount for line in (*energy, *self._tax_lines(energy)))
        return RatedPiece((*lines, *taxes), self._unpriced(), of_energy)

    def _energy_line(self, line: PricedEnergy) -> BillLine:
        [nano], [exact] = line.nano.tolist(), line.amount.tolist()
        price = line.price
        if price is None and nano:  # the mean
            price = (Decimal(exact) / nano / NANO).quantize(_PLACES)
        amount = Fraction(exact * self._minor, NANO * NANO)
        return self._line(line.kind, line.name, _kwh(nano), "kWh", price, amount)

    def _unpriced(self) -> tuple[Unpriced, ...]:
        """The stretches without a price, those that follow one another as one."""
        energy, found = self._energy, list[Unpriced]()
        for n in np.flatnonzero(energy.unpriced).tolist():
            (start, end), nano = energy.borders[n : n + 2].tolist(), int(energy.taken[n])
            if found and found[-1].end_ms == start:
                start, nano = found[-1].start_ms, found[-1].nano + nano
                found.pop()
            found.append(Unpriced(start, end, nano, energy.reason))
        return tuple(found)

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
        taken = self._energy.taken
        highest = int(np.argmax(taken)) if len(taken) else 0
        peak = max(0, int(taken[highest])) if len(taken) else 0
        at_ms = int(self._energy.borders[highest]) if peak else None
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


def _kwh(nano: int) -> Decimal:
    """1e-9 kWh (or kW) as a decimal, exact."""
    return Decimal(nano).scaleb(-9)
