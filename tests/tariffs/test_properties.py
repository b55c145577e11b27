"""What holds of every tariff: lines add up, months add up, the grid is fine enough."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.days import QUARTER_MS
from energyguard.model.tariffs import PriceBlock, Tariff, TaxRate, TimedPrice
from energyguard.tariffs.bill import borders_of, rate
from energyguard.tariffs.checks import tariff_faults
from energyguard.tariffs.pieces import TariffPart
from energyguard.tariffs.prices import PriceList, PriceSlot
from energyguard.tariffs.steps import rate_steps
from tests.tariffs.made import BERLIN, metered, ms, planned, rated
from tests.thorough import examples

PERCENTS = st.decimals(0, 100, places=5)
PRICES = st.decimals("-2", "2", places=5)
SOME = st.none() | PRICES
WHEN = st.sampled_from(["mon-fri 07:00-22:00", "holiday", "22:00-06:00", "sat,sun", "06:15-06:30"])
START, END = ms("2026-10-01T00:00+02:00"), ms("2026-12-01T00:00+01:00")
SPOT = PriceList(
    PriceSlot(at, at + QUARTER_MS, (at // QUARTER_MS * 7919) % 400_000_000 - 100_000_000)
    for at in range(START, END, QUARTER_MS)
    if at // QUARTER_MS % 97
)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    rest = {name: draw(SOME) for name in ("export_price", "per_day", "per_month", "demand_price")}
    taxes = draw(st.lists(st.builds(TaxRate, name=st.just("tax"), percent=PERCENTS), max_size=2))
    kind = draw(st.sampled_from(["price", "prices", "blocks", "source"]))
    made: dict[str, object] = {"price": draw(PRICES)}
    if kind == "prices":
        rows = draw(st.lists(st.builds(TimedPrice, price=PRICES, when=WHEN), min_size=1))
        made = {"prices": tuple(rows)}
    elif kind == "blocks":
        ends = sorted(draw(st.sets(st.integers(1, 900), max_size=3)))
        limits = [*map(Decimal, ends), None]
        made = {"blocks": tuple(PriceBlock(price=draw(PRICES), up_to_kwh=e) for e in limits)}
    elif kind == "source":
        made = {"source": "spot", "surcharge": draw(SOME)}
    tariff = Tariff(name="Any", taxes=tuple(taxes), **rest, **made)  # type: ignore[arg-type]
    assert not list(tariff_faults(tariff))
    return tariff


def energy(at: int) -> int:
    """Some of everything, also fed in, and the same at each call."""
    return (at // QUARTER_MS * 1_299_709) % 900_000_001 - 200_000_000


@settings(max_examples=examples(10, 25), deadline=None)
@given(tariff=tariffs())
def test_two_months_are_the_sum_of_both_and_lines_add_up(tariff: Tariff) -> None:
    spot = {"spot": SPOT}
    both = rated(tariff, "2026-10-01..2026-11-30", energy, ["DE"], spot)
    months = [rated(tariff, f"2026-{n}", energy, ["DE"], spot) for n in (10, 11)]
    assert both.lines == tuple(line for month in months for line in month.lines)
    assert both.total == sum(month.total for month in months)
    assert both.energy_amount == sum(month.energy_amount for month in months)
    assert both.total == sum(line.amount for line in both.lines)
    on_lines = sum(
        (1 if line.kind == "energy" else -1) * int(line.quantity.scaleb(9))
        for line in both.lines
        if line.kind in ("energy", "export")
    )
    assert on_lines + both.unpriced_nano == both.nano
    for line in both.lines:
        if line.price is not None:
            exact = line.quantity * line.price * 100
            assert abs(line.amount - exact) <= Decimal("0.51"), line


@settings(max_examples=examples(10, 25), deadline=None)
@given(
    tariff=tariffs(), other=tariffs(), step=st.sampled_from(["quarter", "hour", "week"]),
    quarters=st.integers(1, 300),
)  # fmt: skip
def test_steps_are_what_each_comes_to_alone(
    tariff: Tariff, other: Tariff, step: CalendarStep, quarters: int
) -> None:
    """Over the end of a month and of summer time; one tariff after another, then none."""
    span = CalendarSpan.parse("2026-10-24..2026-11-08", BERLIN, date(2026, 12, 1))
    borders = span.borders(step)
    change, end = span.start_ms + quarters * QUARTER_MS, span.end_ms - quarters * QUARTER_MS
    parts = [
        TariffPart(span.start_ms, change, "first", tariff),
        TariffPart(change, end, "second", other),
        TariffPart(end, span.end_ms, "", None),
    ]
    spot, pieces = {"spot": SPOT}, planned(parts, holidays=["DE"])
    whole = metered(sorted({*borders_of(pieces), *borders}), energy)
    found = rate_steps(pieces, whole, spot, borders)
    for n, (start, stop) in list(enumerate(pairwise(borders)))[:: 97 if step == "quarter" else 7]:
        cut = [
            part._replace(start_ms=max(part.start_ms, start), end_ms=min(part.end_ms, stop))
            for part in parts
            if part.start_ms < stop and part.end_ms > start
        ]
        alone = planned(cut, holidays=["DE"])
        of_step = rate(alone, metered(borders_of(alone), energy), spot, "EUR", 9)
        assert found.amount[n] == of_step.energy_amount
        assert (found.nano[n], found.unpriced[n]) == (of_step.nano, of_step.unpriced_nano)
        assert found.has_tariff[n] == any(piece.piece.tariff for piece in alone)
