"""What is declared of a topic's records is what is written, and what is read back."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.domains.charging import codec as charging
from energyguard.domains.charging.model import (
    ChargingTransaction,
    ParkingLimits,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.domains.charging.records.results import PROFIT, TOTAL, TransactionProfit
from energyguard.model.quantities import from_nano
from energyguard.records.energy_alerts import BEFORE, ENERGY_ALERT, EnergyAlert
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress


def test_progress_has_the_fields_that_old_readers_know_in_their_order() -> None:
    progress = PartitionProgress(topic="t", partition=3, position=7, out_of_range=2)
    assert progress.key == b"t/3"
    assert PARTITION_PROGRESS.decode(PARTITION_PROGRESS.encode(progress)) == progress
    assert " ".join(json.loads(PARTITION_PROGRESS.encode(progress))) == (
        "topic partition position watermark_ms newest_ms delivered_ms at_ms devices waiting "
        "accepted malformed out-of-range late duplicate conflicting ahead"
    )


def test_an_older_record_of_progress_is_read() -> None:
    found = PARTITION_PROGRESS.decode(b'{"topic":"t","partition":0,"position":5,"gone":1}')
    assert (found.position, found.accepted, found.newest_ms) == (5, 0, None)


def test_what_is_written_before_each_value_makes_the_record() -> None:
    values = ('"H1"', '"2025-09-06 17:00:00"', '"2025-09-06 17:15:00"', "2.10", '"r"', '"m"')
    text = "".join(f"{before}{value}" for before, value in zip(BEFORE, values, strict=True)) + "}"
    assert ENERGY_ALERT.decode(text) == EnergyAlert(
        "H1", "2025-09-06 17:00:00", "2025-09-06 17:15:00", Decimal("2.10"), "r", "m"
    )


@given(st.integers(1, 40), st.integers(1, 100_000), st.integers(0, 20_000))
def test_amounts_of_a_charge_stay_exact_on_their_way(power: int, seconds: int, price: int) -> None:
    start = 1_716_112_800
    charge = ChargingTransaction("c-1", "U1", start, start + seconds, power, price)
    limits = ParkingLimits()
    read = PROFIT.decode(charging.transaction_profit(charge, limits))
    assert isinstance(read, TransactionProfit)
    energy = energy_nano_kwh(charge, limits.seconds_per_hour)
    assert read.total_energy_delivered == Decimal(from_nano(energy))
    assert read.profit * 100 == profit_cents(charge, limits.seconds_per_hour)


def test_a_total_without_its_number_is_refused() -> None:
    assert TOTAL.decode(charging.total_occupied(1_716_112_800, 4)).occupied == 4
    with pytest.raises(msgspec.ValidationError, match="occupied"):
        TOTAL.decode(b'{"timestamp":"2024-05-19 10:00:00"}')
