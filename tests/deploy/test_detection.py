"""What makes the detector's parameter file: faults, tables, counted rarities."""

import numpy as np
import pytest

from deploy.detection.boosting import boost
from deploy.detection.faults import KINDS, Fault, with_training_faults
from deploy.detection.homes import simulated_homes
from deploy.detection.rarity import counted, single
from deploy.detection.train import Streams, ordinary_rows
from energyguard.detection.alerts import RAISED_NATS, alert_runs, notices


def test_faults_lie_where_they_are_said_and_nowhere_else() -> None:
    homes = simulated_homes(12, 5, np.random.default_rng(1))
    again = simulated_homes(12, 5, np.random.default_rng(1))
    assert np.array_equal(homes, again)
    assert (homes >= 0).all()
    changed, faults = with_training_faults(homes, 1_344, 4, 3.0, np.random.default_rng(2))
    inside = np.zeros(homes.shape, bool)
    for fault in faults:
        assert 1_344 <= fault.start < fault.end <= homes.shape[1]
        assert not inside[fault.home, fault.start : fault.end].any()
        inside[fault.home, fault.start : fault.end] = True
    assert np.array_equal(changed[~inside], homes[~inside])
    assert {fault.kind for fault in faults} == set(KINDS)
    assert (changed != homes)[inside].mean() > 0.7


def test_tables_tell_what_differs_and_leave_the_rest() -> None:
    chance = np.random.default_rng(3)
    steps = chance.integers(0, 256, (4_000, 3)).astype(np.uint8)
    wanted = steps[:, 1] > 200
    tables = boost(steps, wanted, np.ones(len(steps)))
    assert tables[1, 201:].min() > tables[1, :200].max() + 2
    assert np.abs(tables[[0, 2]]).max() < 0.1 * np.ptp(tables[1])


@pytest.mark.parametrize("nats", [0.0, RAISED_NATS])
def test_a_rarity_is_what_is_counted(nats: float) -> None:
    scores = np.random.default_rng(4).normal(size=(60, 3_360)).astype(np.float32)
    of = counted(scores, 4, nats)
    for rate in (1.0, 0.1):
        above = of(scores) + np.log(rate)
        weeks = scores.size / 672
        assert 0.6 * rate < len(notices(alert_runs(above, 4, nats), 4)) / weeks < 1.6 * rate


def test_a_single_evidence_is_rarer_the_higher_and_context_never() -> None:
    steps = np.random.default_rng(5).integers(0, 200, (960, 2, 40)).astype(np.uint8)
    rare = single(steps, 4, frozenset({1}))
    assert (np.diff(rare[0]) >= 0).all()
    assert rare[0, 255] > rare[0, 199] > rare[0, 0]
    assert np.isneginf(rare[1]).all()


def test_ordinary_slots_are_also_those_between_the_faults_of_copies() -> None:
    clean = np.zeros((40, 1, 3), np.uint8)  # slots, evidence, homes
    faulty = np.arange(1, 7, dtype=np.uint8) * np.ones((40, 1, 1), np.uint8)  # home + 3 × copy + 1
    faults = [Fault(1, 4, 10, "leak"), Fault(5, 30, 40, "surge")]
    rows = ordinary_rows(Streams(clean, faulty, faults, 4), np.array([1, 2]))
    counts = np.bincount(rows[:, 0], minlength=7)
    assert counts.tolist() == [80, 0, 30, 40, 0, 40, 30]  # without an hour after each
