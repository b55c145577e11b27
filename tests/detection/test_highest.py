"""What is like no kind is held against the highest of its like that the device remembers."""

import msgspec
import numpy as np

from energyguard.detection.detector import OwnPast, UnusualDetector
from energyguard.detection.highest import MAX_LOWERED_NATS, HighestUnlike, lowered
from energyguard.detection.scores import Parameters
from energyguard.detection.slots import HOUR_MS, LocalHour
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import SiteCalendar

A_DAY = 96


def test_what_a_device_had_counts_as_less_rare_from_the_next_day_on_and_is_forgotten() -> None:
    rarities = np.full((3, 45 * A_DAY), -5, np.float32)
    rarities[0, 2 * A_DAY + 8] = 3.5
    rarities[1, 2 * A_DAY + 8] = 30
    rarities[2, ::A_DAY] = 0.9  # as ordinary devices have it
    off = rarities - lowered(rarities, 4)
    assert (off[:, : 3 * A_DAY] == 0).all()
    assert np.allclose(off[:2, 3 * A_DAY], [2.5, float(MAX_LOWERED_NATS)])
    assert np.allclose(off[:2, 8 * A_DAY], [2.0, float(MAX_LOWERED_NATS) - 0.5])
    assert (off[:2, 34 * A_DAY :] == 0).all()
    assert (off[2] == 0).all()


def test_a_higher_day_is_remembered_in_its_place_and_a_lower_one_changes_nothing() -> None:
    rarities = np.full((1, 8 * A_DAY), np.nan, np.float32)
    rarities[0, [0, A_DAY, 3 * A_DAY]] = 2.0, 1.5, 3.0
    found = HighestUnlike(4, 1)
    first = np.arange(1)
    nats = [float(found.step(n, column, first)[0]) for n, column in enumerate(rarities.T)]
    assert np.allclose(nats[::A_DAY], [0, 1, 0.9, 0.8, 2, 1.9, 1.8, 1.7])


def test_days_without_a_slot_forget_as_much() -> None:
    found, one = HighestUnlike(4, 1), np.arange(1)
    found.step(0, np.array([3.0], np.float32), one)
    found.step(A_DAY, np.array([-5.0], np.float32), one)
    assert np.isclose(found.step(11 * A_DAY, np.array([9.0], np.float32), one)[0], 1.0)


def test_states_are_those_of_the_whole_however_they_are_cut() -> None:
    rarities = np.random.default_rng(3).normal(-2, 1.5, (5, 20 * A_DAY)).astype(np.float32)
    whole = lowered(rarities, 4)
    assert (whole < rarities).any()
    highest = HighestUnlike(4, 2)
    highest.add(3)
    for slot in range(rarities.shape[1]):
        if slot % 500 == 0:  # a restart
            kept, highest = highest.save(), HighestUnlike(4, 5)
            highest.load(kept)
        for part in (np.arange(3, 5), np.arange(3)):
            found = rarities[part, slot] - highest.step(slot, rarities[part, slot], part)
            assert np.allclose(found, whole[part, slot], atol=1e-5)


def home(days: int = 22) -> np.ndarray:
    """(hours,) kW of a home whose days are alike, but for hours of odd use each third day."""
    chance = np.random.default_rng(4)
    kw = np.exp(chance.normal(0, 0.1, days * 24))
    for day in range(8, days, 3):
        kw[day * 24 + 9 : day * 24 + 11] = chance.choice([0.05, 4.0])
    return kw


def rated(by_own: OwnPast, bars: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(2, hours) rarities and those by kinds alone; what is remembered at the end."""
    detector = UnusualDetector(HOUR_MS, Parameters.shipped(HOUR_MS), 1, by_own=by_own)
    found, one = [], np.arange(1)
    for n, value in enumerate(home()[:, None]):
        seen = detector.cohort.step(n, LocalHour(n // 24 % 5, n % 24), value)
        of = detector.rated(n, seen, one, bars)
        found.append((of.rarity[0], of.of_kinds[0]))
    return np.array(found).T, detector.save()[0].get("_unlike_above", np.zeros(1))


def test_only_what_is_like_no_kind_is_lowered() -> None:
    (before, by_kinds), _ = rated(OwnPast(highest=False))
    (after, still_by_kinds), remembered = rated(OwnPast())
    assert remembered[0] > 0
    assert (by_kinds == still_by_kinds).all()
    assert (after == np.maximum(after, by_kinds)).all()
    assert (after <= before).all()
    assert (before - after).max() > 0.5
    assert (before == after)[: 8 * 24].all()  # nothing is remembered before the first odd day


def test_answers_of_people_change_nothing_of_what_is_remembered() -> None:
    bars = np.full((len(Parameters.shipped().kinds) + 1, 1), 1e3, np.float32)
    assert rated(OwnPast(), bars)[1] == rated(OwnPast())[1]


def test_what_was_decided_before_goes_on_without_and_older_snapshots_are_taken_up() -> None:
    before = UnusualDetector(900_000, Parameters.shipped(), 2, by_own=OwnPast(highest=False))
    after = UnusualDetector(900_000, Parameters.shipped(), 2)
    after.load(*before.save())
    assert "_unlike_above" not in before.save()[0]
    assert (after.save()[0]["_unlike_above"] == 0).all()
    known = msgspec.json.decode(
        b'{"id": "u", "channels": ["power_kw"], "by_own_days": true}', type=UnusualRule
    )
    assert not known.by_own_highest
    assert known.at_site(SiteCalendar("UTC", ())).by_own_highest
