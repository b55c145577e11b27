"""A year's bill against an oracle that knows nothing of ours: quarter hour by quarter hour.

The oracle walks the year in UTC, asks the clock of the zone what time it is, and adds fractions.
Days of 23 and 25 hours, holidays, a change of the tariff within June, blocks, what is fed in,
standing and demand charges and a tax are in it.
"""

from __future__ import annotations

import random
from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from energyguard.model.tariffs import PriceBlock, Tariff, TaxRate, TimedPrice
from energyguard.tariffs.pieces import TariffPart
from tests.tariffs.made import ms, rated

QUARTER = timedelta(minutes=15)
BERLIN = ZoneInfo("Europe/Berlin")
CHANGE = datetime(2026, 6, 16, 12, tzinfo=BERLIN)
HOLIDAYS = {(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3), (12, 25), (12, 26)}
"""Of all Germany in 2026, from a calendar on paper."""
D = Decimal
TIMED = Tariff(
    name="By time",
    prices=(
        TimedPrice(name="low", when="sat,sun,holiday", price=D("0.21117")),
        TimedPrice(name="high", when="07:00-11:30,17:00-21:00", price=D("0.35203")),
        TimedPrice(name="low", price=D("0.21117")),
    ),
    export_price=D("0.08203"),
    per_month=D("11.90"),
    demand_price=D("4.55"),
    taxes=(TaxRate(name="VAT", percent=D(19)),),
)
STEPS = Tariff(
    name="Steps",
    blocks=(
        PriceBlock(price=D("-0.01"), up_to_kwh=D("150.5")),
        PriceBlock(price=D("0.27531"), up_to_kwh=D(700)),
        PriceBlock(price=D("0.33")),
    ),
    per_day=D("0.3141"),
    taxes=(TaxRate(name="VAT", percent=D(19)), TaxRate(name="Town", percent=D("0.5"))),
)


def year(seed: int) -> dict[datetime, int]:
    """1e-9 kWh of each quarter hour of the year, some of it fed in."""
    chance = random.Random(seed)
    at, end = (datetime(y, 1, 1, tzinfo=BERLIN).astimezone(UTC) for y in (2026, 2027))
    found = {}
    while at < end:
        found[at] = chance.randrange(-100_000_000, 600_000_000)
        at += QUARTER
    return found


def cents(amount: Fraction) -> int:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return int((exact * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def oracle(energy: Mapping[datetime, int]) -> tuple[int, dict[str, int]]:
    """The total in cents, and the kWh (1e-9) by what they are."""
    exact: dict[tuple[int, bool, object], Fraction] = defaultdict(Fraction)
    counted: dict[str, int] = defaultdict(int)
    peak: dict[tuple[int, bool], int] = defaultdict(int)
    days: dict[tuple[int, bool], int] = defaultdict(int)
    month_net: dict[int, int] = defaultdict(int)
    for at, nano in energy.items():
        wall = at.astimezone(BERLIN)
        old, month = at < CHANGE, wall.month
        if (wall.hour, wall.minute) == (0, 0):
            days[month, old] += 1
        if old:
            taken, fed = max(nano, 0), max(-nano, 0)
            minute = wall.hour * 60 + wall.minute
            free = wall.weekday() >= 5 or (month, wall.day) in HOLIDAYS
            high = not free and (420 <= minute < 690 or 1020 <= minute < 1260)
            row = "high" if high else "low"  # two rows are called so, and are one line
            price = TIMED.prices[1].price if high else TIMED.prices[0].price
            exact[month, old, row] += Fraction(price) * taken
            exact[month, old, "export"] -= Fraction(D("0.08203")) * fed
            peak[month, old] = max(peak[month, old], taken)
            counted[row] += taken
            counted["export"] += fed
        else:
            for kwh in _split(month_net[month], nano, (150_500_000_000, 700_000_000_000)):
                block, part = kwh
                exact[month, old, block] += Fraction(STEPS.blocks[block].price) * part
                counted[f"block {block}"] += part
        month_net[month] += nano
    sums: dict[tuple[int, bool], int] = defaultdict(int)
    for (month, old, _), amount in exact.items():
        sums[month, old] += cents(amount / 10**9)
    total = 0
    for (month, old), lines in sums.items():
        share = Fraction(days[month, old], monthrange(2026, month)[1])
        if old:
            lines += cents(Fraction(D("11.90")) * share)
            lines += cents(Fraction(D("4.55")) * Fraction(peak[month, old] * 4, 10**9) * share)
            total += lines + cents(Fraction(lines, 100) * Fraction(19, 100))
        else:
            lines += cents(Fraction(D("0.3141")) * days[month, old])
            taxes = (Fraction(19, 100), Fraction(5, 1000))
            total += lines + sum(cents(Fraction(lines, 100) * tax) for tax in taxes)
    return total, counted


def _split(before: int, nano: int, ends: tuple[int, int]) -> list[tuple[int, int]]:
    """A quarter hour's energy by the blocks of the month that it falls in."""
    found = []
    for block, (low, high) in enumerate(zip((None, *ends), (*ends, None), strict=True)):

        def cut(at: int, low: int | None = low, high: int | None = high) -> int:
            at = at if low is None else max(at, low)
            return at if high is None else min(at, high)

        found.append((block, cut(before + nano) - cut(before)))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_a_year_hour_by_hour_with_a_change_of_the_tariff(seed: int) -> None:
    energy = year(seed)
    by_ms = {round(at.timestamp() * 1000): nano for at, nano in energy.items()}
    begin, change, end = ms("2026-01-01T00:00+01:00"), ms(CHANGE.isoformat()), ms(
        "2027-01-01T00:00+01:00"
    )  # fmt: skip
    parts = [TariffPart(begin, change, "old", TIMED), TariffPart(change, end, "new", STEPS)]
    bill = rated(parts, "", by_ms.__getitem__, ["DE"])
    total, counted = oracle(energy)
    assert bill.total == total
    assert not bill.unpriced
    kwh: dict[str, int] = defaultdict(int)
    for line in bill.lines:
        if line.kind in ("energy", "export"):
            kwh[line.kind] += int(line.quantity.scaleb(9))
    exported = counted.pop("export")
    assert (kwh["export"], kwh["energy"]) == (exported, sum(counted.values()))
    assert bill.nano == sum(by_ms.values())
