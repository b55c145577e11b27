"""A base load above usual is held against the longest such rise that its device remembers."""

import msgspec
import numpy as np

from energyguard.detection.calm import MAX_BOTH_NATS, MAX_RISE_NATS, CalmDevices
from energyguard.detection.detector import OwnPast, UnusualDetector
from energyguard.detection.rises import BaseRises
from energyguard.detection.scores import Parameters
from energyguard.detection.slots import LocalHour
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import SiteCalendar

A_DAY = 96


def risen(above: np.ndarray, rises: BaseRises | None = None) -> np.ndarray:
    """(devices, slots) what is said of each slot."""
    rises, every = rises or BaseRises(4, len(above)), np.arange(len(above))
    return np.stack([rises.step(column, every) for column in above.T], axis=1)


def test_a_rise_is_long_by_what_the_device_remembers_once_it_was_followed_for_days() -> None:
    above = np.zeros((2, 30 * A_DAY), np.float32)
    for day in range(0, 28, 2):
        above[1, day * A_DAY + 8 : day * A_DAY + 56] = 3  # half a day, each second day
    above[:, 28 * A_DAY + 8 : 28 * A_DAY + 56] = 3
    found = risen(above)
    assert np.isneginf(found[:, : 9 * A_DAY]).all()
    never, often = found[:, 28 * A_DAY + 55]
    assert never > 1
    assert often < 0.1
    assert (np.diff(found[0, 28 * A_DAY + 8 : 28 * A_DAY + 56]) > 0).all()


def test_a_rise_is_remembered_when_it_is_over_and_what_says_nothing_changes_nothing() -> None:
    above = np.zeros((2, 25 * A_DAY), np.float32)
    above[0, 15 * A_DAY : 18 * A_DAY] = 3  # three days on end
    above[1] = above[0]
    above[1, 16 * A_DAY : 17 * A_DAY] = np.nan
    found = risen(above)
    assert found[0, 18 * A_DAY - 1] > found[0, 16 * A_DAY - 1] > 1
    assert found[1, 17 * A_DAY] - found[1, 16 * A_DAY - 1] < 0.02
    assert (found[:, -1] < -2).all()  # over, and remembered


def test_rises_are_those_of_the_whole_however_they_are_cut() -> None:
    above = np.random.default_rng(5).normal(1.2, 3, (5, 20 * A_DAY)).astype(np.float32)
    whole, rises = risen(above), BaseRises(4, 2)
    rises.add(3)
    for slot in range(above.shape[1]):
        if slot % 500 == 0:  # a restart
            kept, rises = rises.save(), BaseRises(4, 5)
            rises.load(kept)
        for part in (np.arange(3, 5), np.arange(3)):
            found = rises.step(above[part, slot], part)
            assert found.tobytes() == whole[part, slot].tobytes()


def test_only_a_nearly_calm_device_is_raised_and_never_beyond_both() -> None:
    rarities = np.full((2, 30 * A_DAY), -5, np.float32)
    rarities[1, ::A_DAY] = -0.4  # days as homes have them
    calm, other, every = CalmDevices(4, 2), CalmDevices(4, 2), np.arange(2)
    long = np.full(2, 3, np.float32)
    raised = np.stack([calm.step(n, c, every, long) for n, c in enumerate(rarities.T)], axis=1)
    without = np.stack([other.step(n, c, every) for n, c in enumerate(rarities.T)], axis=1)
    more = raised - without
    assert (more[1] == 0).all()
    assert (more[0, : 6 * A_DAY] == 0).all()
    assert more[0, 8 * A_DAY] == MAX_RISE_NATS  # nearly calm: not raised by its days yet
    assert without[0, 8 * A_DAY] == 0
    assert raised[0, -1] == MAX_BOTH_NATS


def test_what_was_decided_before_goes_on_without_and_older_snapshots_are_taken_up() -> None:
    before = UnusualDetector(900_000, Parameters.shipped(), 2, by_own=OwnPast(rises=False))
    after = UnusualDetector(900_000, Parameters.shipped(), 2)
    after.load(*before.save())
    assert "_rise_sum" not in before.save()[0]
    assert (after.save()[0]["_rise_followed"] == 0).all()
    known = msgspec.json.decode(
        b'{"id": "u", "channels": ["power_kw"], "by_own_days": true}', type=UnusualRule
    )
    assert not known.by_own_rises
    assert known.at_site(SiteCalendar("UTC", ())).by_own_rises


def test_a_leak_of_a_floor_in_its_third_week_is_rarer_with_rises() -> None:
    hour_ms, days = 3_600_000, 18
    chance = np.random.default_rng(8)
    kw = 1 + np.tile(np.sin(np.pi * np.arange(24) / 24) ** 4 * 4, days)
    kw = kw * np.exp(chance.normal(0, 0.04, len(kw)))
    kw[16 * 24 :] += 0.9
    found = []
    for by_own_rises in (False, True):
        detector = UnusualDetector(
            hour_ms, Parameters.shipped(hour_ms), 1, by_own=OwnPast(rises=by_own_rises)
        )
        one = np.arange(1)
        rated = [
            detector.rated(n, detector.cohort.step(n, LocalHour(n // 24 % 5, n % 24), value), one)
            for n, value in enumerate(kw[:, None])
        ]
        found.append(np.array([float(each.rarity[0]) for each in rated]))
    without, with_rises = found
    assert (without[: 16 * 24] == with_rises[: 16 * 24]).all()
    assert (with_rises - without)[17 * 24 :].max() > 1
