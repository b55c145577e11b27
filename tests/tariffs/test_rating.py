"""What energy comes to: each kind of price by itself, in cents."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from energyguard.model.days import HOUR_MS
from energyguard.model.tariffs import PriceBlock, Tariff, TaxRate, TimedPrice
from energyguard.tariffs.pieces import TariffPart
from energyguard.tariffs.prices import PriceList, PriceSlot
from energyguard.tariffs.rating import minor_units
from tests.tariffs.made import ms, per_hour, rated

KWH = 10**9
D = Decimal


def test_a_flat_price_with_five_decimals_on_days_of_23_and_25_hours() -> None:
    flat = Tariff(name="Flat", price=D("0.29531"))
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-01", 24)):
        [line] = rated(flat, day, per_hour(KWH)).lines
        assert (line.kind, line.quantity, line.unit, line.price) == (
            ("energy", D(hours), "kWh", D("0.29531"))
        )
        assert line.amount == round(hours * 29.531)


def test_rounding_is_half_away_from_zero_once_a_line() -> None:
    assert [minor_units(Fraction(n, 2)) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]
    night = TimedPrice(name="night", when="00:00-12:00", price=D("0.00042"))
    split = Tariff(name="S", prices=(night, TimedPrice(price=D("0.00042"))))
    bill = rated(split, "2026-11-01", per_hour(KWH))
    assert [line.amount for line in bill.lines] == [1, 1]  # of 0.504 cents each, not of their sum
    assert bill.total == 2


def test_times_of_use_by_weekday_and_holiday() -> None:
    tariff = Tariff(
        name="HT/NT",
        prices=(
            TimedPrice(name="NT", when="sat,sun,holiday", price=D("0.20")),
            TimedPrice(name="HT", when="mon-fri 06:00-22:00", price=D("0.30")),
            TimedPrice(name="NT", price=D("0.20")),
        ),
    )

    def kwh(span: str, *holidays: str) -> list[tuple[str, Decimal]]:
        lines = rated(tariff, span, per_hour(KWH), holidays).lines
        return [(line.name, line.quantity) for line in lines]

    assert kwh("2026-12-25") == [("NT", D(8)), ("HT", D(16))]
    assert kwh("2026-12-25", "DE") == [("NT", D(24))]
    assert kwh("2026-12-24", "DE", "2026-12-24") == [("NT", D(24))]


def test_a_time_at_which_no_price_holds_is_said_and_left_out() -> None:
    day = Tariff(name="Day", prices=(TimedPrice(when="06:00-22:00", price=D("1")),))
    bill = rated(day, "2026-11-02", per_hour(KWH))
    assert bill.total == 1600
    assert [(s.start_ms, s.end_ms, s.nano, s.reason) for s in bill.unpriced] == [
        (ms("2026-11-02T00:00+01:00"), ms("2026-11-02T06:00+01:00"), 6 * KWH, "no-price-then"),
        (ms("2026-11-02T22:00+01:00"), ms("2026-11-03T00:00+01:00"), 2 * KWH, "no-price-then"),
    ]


BLOCKS = Tariff(
    name="Steps",
    blocks=(
        PriceBlock(name="first", price=D("0.10"), up_to_kwh=D(100)),
        PriceBlock(name="next", price=D("0.20"), up_to_kwh=D(500)),
        PriceBlock(name="rest", price=D("0.40")),
    ),
)


def test_blocks_count_from_the_beginning_of_each_month() -> None:
    november = rated(BLOCKS, "2026-11", per_hour(KWH))  # 720 kWh
    assert [(line.name, line.quantity, line.amount) for line in november.lines] == [
        ("first", D(100), 1000),
        ("next", D(400), 8000),
        ("rest", D(220), 8800),
    ]
    halves = [rated(BLOCKS, f"2026-11-{span}", per_hour(KWH)) for span in
              ("01..2026-11-12", "13..2026-11-30")]  # fmt: skip
    assert [[line.name for line in half.lines] for half in halves] == [
        ["first", "next"],
        ["next", "rest"],
    ]
    assert sum(half.total for half in halves) == november.total


def test_what_is_fed_in_is_taken_off_or_has_a_price_of_its_own() -> None:
    def sunny(at: int) -> int:
        return -KWH if (at // HOUR_MS) % 24 == 12 else KWH // 4

    net = rated(Tariff(name="Net", price=D("0.30")), "2026-11-02", sunny)
    assert [(line.quantity, line.amount) for line in net.lines] == [(D("19"), 570)]
    sold = rated(Tariff(name="Sold", price=D("0.30"), export_price=D("0.08")), "2026-11-02", sunny)
    assert [(line.kind, line.quantity, line.price, line.amount) for line in sold.lines] == [
        ("energy", D(23), D("0.30"), 690),
        ("export", D(4), D("-0.08"), -32),
    ]


def test_standing_charges_a_day_and_a_month_also_in_part() -> None:
    tariff = Tariff(name="S", price=D(0), per_day=D("0.2555"), per_month=D("9.90"))
    whole = rated(tariff, "2026-11", per_hour(0)).lines
    assert [(line.quantity, line.unit, line.amount) for line in whole[1:]] == [
        (D(30), "day", 767),  # 766.5
        (D(1), "month", 990),
    ]
    part = rated(tariff, "2026-11-01..2026-11-10", per_hour(0)).lines
    assert [(line.quantity, line.unit, line.price, line.amount) for line in part[1:]] == [
        (D(10), "day", D("0.2555"), 256),
        (D(10), "day", D("0.33"), 330),
    ]


def test_the_highest_quarter_hour_of_a_month_is_charged_by_kw() -> None:
    peak_ms = ms("2026-11-17T18:15+01:00")

    def energy(at: int) -> int:
        return 3 * KWH if at == peak_ms else KWH // 4

    tariff = Tariff(name="D", price=D(0), demand_price=D("7.5"))
    [_, demand] = rated(tariff, "2026-11", energy).lines
    assert (demand.kind, demand.quantity, demand.unit, demand.amount, demand.at_ms) == (
        ("demand", D(12), "kW", 9000, peak_ms)
    )


def test_dynamic_prices_may_be_negative_and_their_gaps_are_left_out() -> None:
    start = ms("2026-10-25T00:00+02:00")
    slots = [
        PriceSlot(start + n * HOUR_MS, start + (n + 1) * HOUR_MS, price)
        for n, price in enumerate([100_000_000, -50_001_234, *[10_000_000] * 23])
        if n not in (5, 6)
    ]
    tariff = Tariff(name="Spot", source="spot-de", surcharge=D("0.01"))
    bill = rated(tariff, "2026-10-25", per_hour(KWH), lists={"spot-de": PriceList(slots)})
    [line] = bill.lines
    assert line.quantity == D(23)
    assert line.amount == round((10 - 5.0001234 + 21 + 23) * 1)
    assert line.price == ((D("0.1") - D("0.050001234") + D("0.21") + D("0.23")) / 23).quantize(
        D("1e-9")
    )
    assert [(s.start_ms - start, s.end_ms - start, s.nano, s.reason) for s in bill.unpriced] == [
        (5 * HOUR_MS, 7 * HOUR_MS, 2 * KWH, "no-price-in-list")
    ]
    without = rated(tariff, "2026-10-25", per_hour(KWH))
    assert (without.total, without.lines[0].price, without.unpriced_nano) == (0, None, 25 * KWH)


def test_taxes_are_on_the_sum_of_each_month_and_energy_alone_has_its_share() -> None:
    vat = TaxRate(name="VAT", percent=D(19))
    tariff = Tariff(name="T", price=D("0.10"), per_month=D(5), taxes=(vat,))
    bill = rated(tariff, "2026-11", per_hour(KWH))
    assert [line.amount for line in bill.lines] == [7200, 500, 1463]
    tax = bill.lines[-1]
    assert (tax.name, tax.quantity, tax.unit, tax.price) == ("VAT", D("77.00"), "EUR", D("0.19"))
    assert (bill.total, bill.energy_amount) == (9163, 7200 + 1368)


def test_a_change_of_the_tariff_within_a_month_and_time_without_any() -> None:
    begin, change, gone, end = (
        ms(f"2026-{at}:00+01:00") for at in ("11-01T00", "11-16T00", "11-26T06", "12-01T00")
    )
    old = Tariff(name="Old", price=D("0.30"), per_month=D(30))
    new = Tariff(name="New", price=D("0.20"), per_month=D(15))
    parts = [
        TariffPart(begin, change, "old", old),
        TariffPart(change, gone, "new", new),
        TariffPart(gone, end, "", None),
    ]
    bill = rated(parts, "", per_hour(KWH))
    assert [(line.tariff_id, line.quantity, line.amount) for line in bill.lines] == [
        ("old", D(360), 10_800),
        ("old", D(15), 1500),
        ("new", D(246), 4920),
        ("new", D(11), 550),
    ]
    assert [(s.start_ms, s.nano, s.reason) for s in bill.unpriced] == [
        (gone, 114 * KWH, "no-tariff")
    ]
    assert bill.nano == 720 * KWH


def test_months_without_a_tariff_are_one_stretch_of_time_without_a_price() -> None:
    begin, end = ms("2026-10-01T00:00+02:00"), ms("2026-12-01T00:00+01:00")
    bill = rated([TariffPart(begin, end, "gone", None)], "", per_hour(KWH))
    assert [(s.start_ms, s.end_ms, s.nano) for s in bill.unpriced] == [(begin, end, 1465 * KWH)]
    assert (bill.lines, bill.unpriced_nano) == ((), 1465 * KWH)


def test_energy_at_another_border_than_asked_for_is_an_error() -> None:
    from tests.tariffs.made import metered

    energy = metered([0, HOUR_MS], per_hour(KWH))
    with pytest.raises(ValueError, match="border"):
        energy.steps([0, HOUR_MS // 2])
