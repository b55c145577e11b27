"""The core: the same bits however devices are put together, restarts, gaps, units, clocks."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.detection.cohort import Cohort
from energyguard.detection.evidence import EVIDENCE
from energyguard.detection.slots import HOUR_MS, local_hours, slot_length_ms
from energyguard.detection.state import CohortState
from energyguard.rules.profile.calendar import Calendar

QUARTER_MS = 900_000
MONDAY = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
FLAT = np.ones(48, np.float32)
NAMES = [evidence.name for evidence in EVIDENCE]
Values = npt.NDArray[np.float64]


def homes(seed: int, devices: int, slots: int, missing: float = 0.02) -> Values:
    """A base, evenings, loads that come and go; some readings lack."""
    chance = np.random.default_rng(seed)
    hour = np.arange(slots) // 4 % 24
    base = chance.uniform(0.02, 0.5, (devices, 1)) * (1 + 0.1 * chance.random((devices, slots)))
    loads = (chance.random((devices, slots)) < 0.05 + 0.1 * (hour > 16)) * chance.uniform(0, 3)
    values = base + loads
    values[chance.random(values.shape) < missing] = np.nan
    return values


def steps(
    cohort: Cohort, values: Values, first: int = 0, zone: str = "Europe/Rome"
) -> npt.NDArray[np.float32]:
    """(slots, evidence, devices) what a cohort sees."""
    starts = MONDAY + (first + np.arange(values.shape[1])) * cohort.slot_ms
    at = local_hours(Calendar(zone).moments(starts).slot)
    number = MONDAY // cohort.slot_ms + first
    return np.stack(
        [cohort.step(number + n, at[n], values[:, n]).looked.numbers for n in range(len(at))]
    )


def new(devices: int, slot_ms: int = QUARTER_MS) -> Cohort:
    cohort = Cohort(slot_ms, FLAT)
    cohort.add(devices)
    return cohort


def same(a: CohortState, b: CohortState) -> bool:
    other = b.columns()
    return all(np.array_equal(c, other[n], equal_nan=True) for n, c in a.columns().items())


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.permutations(range(9)), st.integers(1, 8))
def test_bits_do_not_depend_on_who_else_is_there(seed: int, order: list[int], cut: int) -> None:
    values = homes(seed, 9, 200)
    together = new(9)
    seen = steps(together, values)
    for part in (order[:cut], order[cut:]):
        apart = new(len(part))
        assert np.array_equal(steps(apart, values[part]), seen[:, :, part])
        assert same(apart.state, together.state.take(np.array(part)))


def test_a_device_that_idles_is_alone_as_it_is_among_others() -> None:
    """Amounts so far apart that a sum in another order is another number."""
    chance = np.random.default_rng(1)
    idle = 0.0001 * chance.random((3, 300))
    values = np.where(chance.random(idle.shape) < 0.05, 2.0, idle)
    together = steps(new(3), values)
    for device in range(3):
        alone = steps(new(1), values[[device]])
        assert np.array_equal(alone, together[:, :, [device]])


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 299))
def test_a_restart_changes_no_bit(seed: int, at: int) -> None:
    values = homes(seed, 5, 300)
    through = new(5)
    seen = steps(through, values)
    before = new(5)
    first = steps(before, values[:, :at])
    after = Cohort(QUARTER_MS, FLAT, CohortState.from_bytes(before.state.to_bytes()))
    assert np.array_equal(np.concatenate([first, steps(after, values[:, at:], at)]), seen)
    assert same(after.state, through.state)


def test_a_device_changes_no_other() -> None:
    values = homes(1, 6, 700)
    seen = steps(new(6), values)
    values[2] *= 50
    values[2, 300:] = np.nan
    changed = steps(new(6), values)
    others = [0, 1, 3, 4, 5]
    assert np.array_equal(changed[:, :, others], seen[:, :, others])
    assert not np.array_equal(changed[:, :, 2], seen[:, :, 2])


def test_a_device_that_joins_later_is_like_one_that_began_then() -> None:
    values = homes(2, 4, 400)
    cohort = new(3)
    steps(cohort, values[:3, :192])
    cohort.add(1)
    late = steps(cohort, values[:, 192:], 192)
    assert np.array_equal(late[:, :, 3:], steps(new(1), values[3:, 192:], 192))


def test_units_do_not_matter() -> None:
    values = homes(3, 4, 900)
    seen = steps(new(4), values)
    assert np.array_equal(steps(new(4), values * 4_096), seen)  # a power of two: the same bits
    watts = steps(new(4), values * 1_000)
    assert np.median(np.abs(watts[500:] - seen[500:])) < 0.02
    assert np.isfinite(watts).all()


def test_a_first_reading_near_zero_is_no_scale_for_good() -> None:
    values = homes(4, 3, 900)
    values[:, 0] = 1e-7
    with_it = new(3)
    seen = steps(with_it, values)
    assert np.isfinite(seen).all()
    mean = with_it.state.mean * with_it.state.scale
    assert mean == pytest.approx(np.nanmean(values, axis=1), rel=0.3)


def test_what_is_kept_is_small() -> None:
    assert new(1_000).state.bytes_a_device <= 2_100


def test_other_rows_are_refused() -> None:
    from io import BytesIO

    out = BytesIO()
    np.savez(out, mean=np.zeros(3))
    with pytest.raises(ValueError, match="do not fit"):
        CohortState.from_bytes(out.getvalue())


def test_a_gap_says_nothing_and_teaches_nothing() -> None:
    values = homes(5, 4, 1_400, missing=0)
    values[1, 1_000:] = np.nan
    cohort = new(4)
    steps(cohort, values[:, :1_000])
    before = cohort.state.take(np.array([1]))
    steps(cohort, values[:, 1_000:1_060], 1_000)
    after = cohort.state.take(np.array([1]))
    for name in ("profile_week", "profile_day", "spreads", "floor_mean", "mean", "level", "seen"):
        assert np.array_equal(getattr(before, name), getattr(after, name)), name


@pytest.mark.parametrize("slot_ms", [QUARTER_MS, 2 * QUARTER_MS, HOUR_MS])
def test_a_load_that_stays_on_stands_out(slot_ms: int) -> None:
    an_hour = HOUR_MS // slot_ms
    values = homes(6, 8, 13 * 24 * an_hour, missing=0)
    fault = slice(11 * 24 * an_hour, 11 * 24 * an_hour + 12 * an_hour)
    values[3, fault] += 1.5
    seen = steps(new(8, slot_ms), values)
    lowest = seen[:, NAMES.index("lowest of 4 h, spreads above usual")]
    assert lowest[fault, 3].max() > 3 * lowest[8 * 24 * an_hour :, :3].max()


def test_what_is_usual_is_learned_by_the_local_hour() -> None:
    hour = np.arange(24 * 4 * 15) // 4 % 24
    values = np.where(hour == 18, 2.0, 0.2)[None]
    cohort = new(1)
    steps(cohort, values, zone="UTC")
    at = local_hours(np.array([36, 38]))
    seen = [
        cohort.step(MONDAY // QUARTER_MS + 8_000 + n, a, np.array([np.nan]))
        for n, a in enumerate(at)
    ]
    assert seen[0].expected[0] == pytest.approx(2, rel=0.3)
    assert seen[1].expected[0] == pytest.approx(0.2, rel=0.6)


def test_clocks_that_change_visit_an_hour_twice_or_not_at_all() -> None:
    rome = Calendar("Europe/Rome")
    spring = int(datetime(2026, 3, 29, tzinfo=UTC).timestamp() * 1000)
    autumn = int(datetime(2026, 10, 25, tzinfo=UTC).timestamp() * 1000)
    hours = [
        [at.hour for at in local_hours(rome.moments(day + np.arange(4) * HOUR_MS).slot)]
        for day in (spring, autumn)
    ]
    assert hours == [[1, 3, 4, 5], [2, 2, 3, 4]]


def test_slots_are_a_quarter_of_an_hour_at_least() -> None:
    assert [slot_length_ms(s) for s in (2_000, 900_000, 900_001, 1_800_000, HOUR_MS)] == [
        QUARTER_MS, QUARTER_MS, 2 * QUARTER_MS, 2 * QUARTER_MS, HOUR_MS,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="an hour or less"):
        slot_length_ms(86_400_000)


def test_what_is_usual_is_to_the_bit_what_the_next_slot_is_held_against() -> None:
    values = homes(7, 4, 24 * 4 * 9)
    cohort = new(4)
    steps(cohort, values)
    number = MONDAY // QUARTER_MS + values.shape[1]
    (at,) = local_hours(Calendar("Europe/Rome").moments(np.array([number * QUARTER_MS])).slot)
    usual = cohort.usual(at)
    seen = cohort.step(number, at, values[:, 0])
    assert np.array_equal(usual, np.concatenate([seen.expected[None], seen.usual]))
    assert (usual[1] < usual[0]).all()
    assert (usual[0] < usual[2]).all()
