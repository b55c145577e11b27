"""What the energy of each step of a span comes to: the hours of a day, the days of a month."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from energyguard.model.quantities import NANO
from energyguard.model.readings import Ints
from energyguard.model.tariffs import TaxRate
from energyguard.tariffs.bill import PlannedPiece
from energyguard.tariffs.energy import MeteredEnergy
from energyguard.tariffs.priced import Exact, Flags, PieceEnergy, PricedEnergy, half_away
from energyguard.tariffs.prices import PriceList

_ROUNDED: Final = np.frompyfunc(half_away, 2, 1)


class StepAmounts(NamedTuple):
    """What steps come to; shapes ``(steps,)``."""

    amount: Exact  # 1e-9 of the currency: with taxes, without standing and demand charges
    nano: Ints  # all energy, 1e-9 kWh, net of what was fed in
    unpriced: Ints  # that which has no price
    has_tariff: Flags  # in some of it


def rate_steps(
    planned: Sequence[PlannedPiece],
    energy: MeteredEnergy,
    lists: Mapping[str, PriceList],
    borders: Sequence[int],
) -> StepAmounts:
    """Rate the energy of all steps. Cost: O(borders), however many steps there are.

    Args:
        planned: pieces of the span.
        energy: known at the borders of the pieces, and at those of steps within them.
        lists: dynamic prices, by the id of their list.
        borders: of the steps (ms since 1970 UTC, increasing).
    """
    steps = len(borders) - 1
    amount, has_tariff = np.zeros(steps, object), np.zeros(steps, np.bool_)
    nano, unpriced = (np.zeros(steps, np.int64) for _ in range(2))
    for piece, grid in planned:
        begin, end = bisect_right(borders, piece.start_ms), bisect_left(borders, piece.end_ms)
        here = slice(begin - 1, end)
        inner = borders[begin:end]
        if piece.tariff is None:
            used = energy.steps([piece.start_ms, *inner, piece.end_ms])
            nano[here] += used
            unpriced[here] += used
            continue
        found = PieceEnergy(piece, grid, energy, lists, inner)
        amount[here] += _with_taxes(found.lines, piece.tariff.taxes)
        nano[here] += found.of_steps(found.net)
        unpriced[here] += found.of_steps(found.taken * found.unpriced)
        has_tariff[here] = True
    return StepAmounts(amount, nano, unpriced, has_tariff)


def _with_taxes(lines: Sequence[PricedEnergy], taxes: Sequence[TaxRate]) -> Exact | int:
    """Each line is rounded by itself, as on a bill, to 1e-9; taxes are on their sum."""
    total = sum(_ROUNDED(line.amount, NANO) for line in lines)
    rates = [tax.percent.as_integer_ratio() for tax in taxes]
    return total + sum(_ROUNDED(total * part, 100 * whole) for part, whole in rates)
