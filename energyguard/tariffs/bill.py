"""The bill of a span: its lines, their sum, and the time that has no price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from energyguard.tariffs.energy import MeteredEnergy
from energyguard.tariffs.grid import PieceGrid, grid_of
from energyguard.tariffs.pieces import RatePiece, TariffPart, pieces_of
from energyguard.tariffs.prices import PriceList
from energyguard.tariffs.rating import BillLine, PieceRater, RatedPiece, Unpriced


class PlannedPiece(NamedTuple):
    """A piece, and where its energy has to be known."""

    piece: RatePiece
    grid: PieceGrid


@dataclass(frozen=True, slots=True)
class RatedSpan:
    """What a span comes to.

    Attributes:
        lines: piece after piece, the taxes of each last.
        unpriced: time whose energy has no price, in order.
        nano: all energy of the span, 1e-9 kWh, net of what was fed in.
        energy_amount: what the energy alone comes to, with taxes and without standing and demand
            charges (minor units).
    """

    lines: tuple[BillLine, ...]
    unpriced: tuple[Unpriced, ...]
    nano: int
    energy_amount: int

    @property
    def total(self) -> int:
        """The sum of all lines (minor units)."""
        return sum(line.amount for line in self.lines)

    @property
    def unpriced_nano(self) -> int:
        """The energy that is on no line (1e-9 kWh)."""
        return sum(stretch.nano for stretch in self.unpriced)


def plan(
    parts: Sequence[TariffPart], zone: str, holidays: frozenset[date]
) -> tuple[PlannedPiece, ...]:
    """Cut a span into pieces, and see where their energy has to be known.

    Args:
        parts: which tariff holds when, one after another.
        zone: whose months, days and clock they are.
        holidays: of all years of the span.
    """
    return tuple(PlannedPiece(p, grid_of(p, zone, holidays)) for p in pieces_of(parts, zone))


def borders_of(planned: Sequence[PlannedPiece]) -> list[int]:
    """Where energy has to be known for all pieces: increasing, in ms."""
    return sorted({ms for part in planned for ms in (*part.grid.before, *part.grid.borders)})


def rate(
    planned: Sequence[PlannedPiece],
    energy: MeteredEnergy,
    lists: Mapping[str, PriceList],
    currency: str,
    digits: int,
) -> RatedSpan:
    """Rate all pieces.

    Args:
        planned: of ``plan``.
        energy: known at ``borders_of(planned)``.
        lists: dynamic prices, by the id of their list.
        currency: of all tariffs in it.
        digits: of its minor unit.
    """
    rated: list[RatedPiece] = []
    nano = 0
    for piece, grid in planned:
        used = energy.between(piece.start_ms, piece.end_ms)
        nano += used
        if piece.tariff is None:
            left_out = Unpriced(piece.start_ms, piece.end_ms, used, "no-tariff")
            rated.append(RatedPiece((), (left_out,), 0))
        else:
            rated.append(PieceRater(piece, grid, energy, lists, currency, digits).rate())
    return RatedSpan(
        lines=tuple(line for part in rated for line in part.lines),
        unpriced=_joined([stretch for part in rated for stretch in part.unpriced]),
        nano=nano,
        energy_amount=sum(part.energy_amount for part in rated),
    )


def _joined(stretches: Sequence[Unpriced]) -> tuple[Unpriced, ...]:
    """Stretches that follow one another for the same reason as one."""
    found: list[Unpriced] = []
    for stretch in stretches:
        last = found[-1] if found else None
        if last and (last.end_ms, last.reason) == (stretch.start_ms, stretch.reason):
            nano = last.nano + stretch.nano
            found[-1] = last._replace(end_ms=stretch.end_ms, nano=nano)
        else:
            found.append(stretch)
    return tuple(found)


def major(amount: int, digits: int) -> Decimal:
    """Minor units as an amount of the currency: 1234 cents are 12.34."""
    return Decimal(amount).scaleb(-digits)
