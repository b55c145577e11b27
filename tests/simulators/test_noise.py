"""Random numbers of simulators: the same for the same seed, purpose, device and moment."""

from __future__ import annotations

import numpy as np

from energyguard.simulators.noise import normal, streams, uniform

DEVICES = np.arange(1_000)
MOMENTS = np.arange(200)


def test_who_starts_in_the_middle_goes_on_with_the_same_numbers() -> None:
    of_three = streams(7, "load", np.array([3]))
    whole = uniform(of_three, MOMENTS)
    assert np.array_equal(uniform(of_three, MOMENTS[90:]), np.asarray(whole)[90:])
    assert np.array_equal(uniform(streams(7, "load", DEVICES)[3:4], MOMENTS), whole)


def test_another_seed_or_purpose_has_numbers_of_its_own() -> None:
    found = [uniform(streams(*of, DEVICES), MOMENTS[:1]) for of in ((7, "load"), (8, "load"))]
    found.append(uniform(streams(7, "delay", DEVICES), MOMENTS[:1]))
    correlations = np.asarray(np.corrcoef(found))[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 0.1


def test_they_are_spread_as_they_say() -> None:
    numbers = np.asarray(uniform(streams(1, "load", DEVICES)[:, None], MOMENTS))
    assert 0 <= numbers.min() < 1e-4 < 1 - 1e-4 < numbers.max() < 1
    tenths = np.histogram(numbers, 10, (0, 1))[0] / numbers.size
    assert np.abs(tenths - 0.1).max() < 0.005
    bells = normal(streams(1, "load", DEVICES)[:, None], MOMENTS)
    assert abs(bells.mean()) < 0.01
    assert abs(bells.std() - 1) < 0.01
