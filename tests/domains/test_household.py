"""Simulated homes: system C's table to the last digit, and an evening that looks like one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.domains.household.homes import Homes
from energyguard.model.quantities import NANO

MIDNIGHT_MS = 1_757_116_800_000  # 2025-09-06T00:00:00Z
DAY = MIDNIGHT_MS + 15_000 * np.arange(5760)


def values(homes: Homes, time_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    column = homes.readings(time_ms).column("value").to_numpy()
    return np.asarray(column, np.int64).reshape(time_ms.size, homes.count)


@pytest.mark.parametrize(
    ("clock", "micro_kwh"),
    [
        ("00:00:00", 15_000),
        ("05:59:45", 15_000),
        ("06:00:00", 30_000),
        ("08:59:45", 30_000),
        ("09:00:00", 15_000),
        ("12:00:00", 35_000),
        ("14:00:00", 15_000),
        ("16:59:45", 15_000),
        ("17:00:00", 50_000),
        ("21:59:45", 50_000),
        ("22:00:00", 15_000),
    ],
)
def test_the_listed_profile_is_half_open_and_exact(clock: str, micro_kwh: int) -> None:
    hour, minute, second = map(int, clock.split(":"))
    at = np.array([MIDNIGHT_MS + ((hour * 60 + minute) * 60 + second) * 1000])
    found = values(Homes(count=3, jitter_pct=0, profile="listed"), at)
    assert found.tolist() == [[micro_kwh * 1000] * 3]


@pytest.mark.parametrize(
    ("tick_seconds", "kwh"), [(15, 0.05), (30, 0.1), (3600, 12.0), (1, 0.00333)]
)
def test_the_energy_of_a_tick_scales_with_its_length(tick_seconds: int, kwh: float) -> None:
    at = np.array([MIDNIGHT_MS + 18 * 3_600_000])
    homes = Homes(count=1, tick_seconds=tick_seconds, jitter_pct=0, profile="listed")
    assert values(homes, at)[0, 0] == round(kwh * NANO)


def test_jitter_stays_in_its_bounds_and_fills_them() -> None:
    found = values(Homes(count=20, jitter_pct=10, profile="listed"), DAY[:1000]) / NANO / 0.015
    assert found.min() >= 0.9 - 1e-3
    assert found.max() <= 1.1 + 1e-3
    assert found.min() < 0.905
    assert found.max() > 1.095
    assert abs(found.mean() - 1) < 0.002


def test_values_have_five_decimals() -> None:
    assert not (values(Homes(count=7), DAY[:500]) % 10_000).any()


@given(
    seed=st.integers(0, 2**31),
    first=st.integers(0, 5000),
    ticks=st.integers(1, 40),
    profile=st.sampled_from(["listed", "realistic"]),
)
def test_a_reading_depends_on_seed_home_and_time_only(
    seed: int, first: int, ticks: int, profile: str
) -> None:
    few = Homes(count=8, seed=seed, profile=profile)  # type: ignore[arg-type]
    many = Homes(count=16, seed=seed, profile=profile)  # type: ignore[arg-type]
    at = DAY[first : first + ticks]
    one_by_one = np.vstack([values(few, at[i : i + 1]) for i in range(at.size)])
    assert (values(few, at) == one_by_one).all()
    assert (values(many, at)[:, :8] == one_by_one).all()


def test_another_seed_gives_other_readings() -> None:
    assert (values(Homes(seed=1), DAY[:50]) != values(Homes(seed=2), DAY[:50])).mean() > 0.9


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_handful_of_homes_alert_in_the_evening_and_the_first_soon(seed: int) -> None:
    sums = np.cumsum(np.vstack([np.zeros(50), values(Homes(seed=seed), DAY) / NANO]), axis=0)
    over = sums[60:] - sums[:-60] > 2.0  # windows of 15 minutes
    homes = np.flatnonzero(over.any(axis=0))
    first = [int(np.argmax(over[:, home])) + 59 for home in homes]
    assert 3 <= homes.size <= 8
    assert 16 * 240 + 50 * 4 <= min(first) <= 17 * 240 + 3 * 4  # 16:50 to 17:03
    assert len({tick // 20 for tick in first}) == homes.size  # never two in the same 5 minutes
    assert not over[: 16 * 240].any()
    assert not over[23 * 240 :].any()


def test_ids_have_at_least_three_digits() -> None:
    ids = Homes(count=1000).ids.to_pylist()
    assert (ids[0], ids[-1]) == ("H001", "H1000")


def test_a_hundred_thousand_homes_are_one_batch() -> None:
    batch = Homes(count=100_000).readings(DAY[4000:4002])
    assert batch.num_rows == 200_000
    assert batch.column("device")[199_999].as_py() == "H100000"
