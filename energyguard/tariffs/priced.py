"""The energy of a piece of a bill, line by line with its price: of all steps of a span at once.

Amounts are exact, in whole 1e-18 of the currency: 1e-9 kWh times 1e-9 of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.model.quantities import to_nano
from energyguard.model.readings import Ints
from energyguard.model.tariffs import PriceBlock, Tariff
from energyguard.tariffs.energy import MeteredEnergy
from energyguard.tariffs.grid import NO_PRICE, PieceGrid
from energyguard.tariffs.pieces import RatePiece
from energyguard.tariffs.prices import PriceList

Exact = npt.NDArray[np.object_]
"""Python's integers: they have no largest."""
Flags = npt.NDArray[np.bool_]
NO_PRICES: Final = PriceList(())
UnpricedReason = Literal["no-tariff", "no-price-then", "no-price-in-list"]


class PricedEnergy(NamedTuple):
    """Energy that has one price, or those of a list; shapes ``(steps,)``."""

    kind: Literal["energy", "export"]
    name: str  # as the tariff has it; empty: as its kind
    price: Decimal | None  # per kWh; None: of a list
    nano: Ints  # 1e-9 kWh
    amount: Exact  # 1e-18 of the currency


class PieceEnergy:
    """What a piece takes and feeds in, cut where its price becomes another, and into steps.

    Args:
        piece: it has a tariff.
        grid: of the piece.
        energy: known at the borders of the grid and of the steps.
        lists: dynamic prices by the id of their list.
        steps: where steps begin within the piece (ms since 1970 UTC, increasing); none: the piece
            is one.

    Attributes:
        borders: where its stretches begin, and the end; ``(stretches + 1,)``.
        net: drawn less fed in, of each stretch (1e-9 kWh).
        taken: what has to be paid for: of a tariff that pays for what is fed in, what was drawn.
        unpriced: which of the stretches have no price.
        reason: why.
        lines: each price with its energy: first what was drawn, then what was fed in.
    """

    def __init__(
        self,
        piece: RatePiece,
        grid: PieceGrid,
        energy: MeteredEnergy,
        lists: Mapping[str, PriceList],
        steps: Sequence[int] = (),
    ) -> None:
        if piece.tariff is None:
            raise ValueError("a piece without a tariff has no lines")
        self._grid, self._lists = grid, lists
        self._exports = piece.tariff.export_price is not None
        starts = [piece.start_ms, *(ms for ms in steps if piece.start_ms < ms < piece.end_ms)]
        self.borders: Ints = np.union1d(np.array(grid.borders, np.int64), starts)
        self._first = np.searchsorted(self.borders, starts)
        self.net = energy.steps(self.borders)
        self.taken: Ints = self._paid(self.net)
        self._before = int(self._paid(energy.steps(grid.before)).sum())
        self.unpriced: Flags = np.zeros(len(self.net), np.bool_)
        self.reason: UnpricedReason = "no-price-then"
        self.lines = list(self._drawn(piece.tariff))
        if piece.tariff.export_price is not None:
            fed = self.of_steps(-np.minimum(self.net, 0))
            self.lines.append(_priced("export", "", fed, -piece.tariff.export_price))

    def of_steps(self, stretches: Ints) -> Ints:
        """Sums of the stretches of each step."""
        return np.add.reduceat(stretches, self._first)

    def _paid(self, net: Ints) -> Ints:
        return np.maximum(net, 0) if self._exports else net

    def _drawn(self, tariff: Tariff) -> Iterator[PricedEnergy]:
        if tariff.prices:
            yield from self._timed(tariff)
        elif tariff.blocks:
            yield from self._blocks(tariff.blocks)
        elif tariff.source:
            yield self._dynamic(tariff)
        elif tariff.price is not None:
            yield _priced("energy", "", self.of_steps(self.taken), tariff.price)

    def _timed(self, tariff: Tariff) -> Iterator[PricedEnergy]:
        at = np.searchsorted(self._grid.borders, self.borders[:-1], side="right") - 1
        labels = np.array(self._grid.labels)[at]
        self.unpriced = labels == NO_PRICE
        alike: dict[tuple[str, Decimal], list[int]] = {}
        for n, row in enumerate(tariff.prices):
            alike.setdefault((row.name, row.price), []).append(n)
        for (name, price), rows in alike.items():
            if (here := np.isin(labels, rows)).any():
                yield _priced("energy", name, self.of_steps(self.taken * here), price)

    def _blocks(self, blocks: Sequence[PriceBlock]) -> Iterator[PricedEnergy]:
        after = self._before + np.cumsum(self.of_steps(self.taken))
        before = np.append(self._before, after[:-1])
        low: int | None = None  # net metering may come below 0: that is the first block's, too
        for block in blocks:
            high = None if block.up_to_kwh is None else to_nano(block.up_to_kwh)
            part = _clamped(after, low, high) - _clamped(before, low, high)
            if part.any():
                yield _priced("energy", block.name, part, block.price)
            low = high

    def _dynamic(self, tariff: Tariff) -> PricedEnergy:
        prices, known = self._lists.get(tariff.source, NO_PRICES).at(self.borders[:-1])
        self.unpriced, self.reason = ~known, "no-price-in-list"
        taken = self.taken * known
        amount = taken.astype(object) * (prices + to_nano(tariff.surcharge or 0)).astype(object)
        of_steps = np.add.reduceat(amount, self._first)
        return PricedEnergy("energy", "", None, self.of_steps(taken), of_steps)


def _priced(
    kind: Literal["energy", "export"], name: str, nano: Ints, price: Decimal
) -> PricedEnergy:
    return PricedEnergy(kind, name, price, nano, nano.astype(object) * to_nano(price))


def _clamped(values: Ints, low: int | None, high: int | None) -> Ints:
    return values if low is None and high is None else np.clip(values, low, high)


def half_away(amount: int, divisor: int) -> int:
    """Divide, and round to a whole number, half away from zero."""
    whole = (2 * abs(amount) + divisor) // (2 * divisor)
    return whole if amount >= 0 else -whole
