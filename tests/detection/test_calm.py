"""A device whose days are calm has its rarities raised, by its own days alone."""

import msgspec
import numpy as np

from energyguard.detection.calm import MAX_CALM_NATS, CalmDevices, calmed
from energyguard.detection.detector import OwnPast, UnusualDetector
from energyguard.detection.scores import Parameters
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import SiteCalendar

A_DAY = 96


def test_a_calm_device_is_raised_after_weeks_and_a_wild_one_never() -> None:
    rarities = np.full((3, 40 * A_DAY), -5, np.float32)
    rarities[1, ::A_DAY] = -0.5  # once a day
    rarities[2, ::A_DAY] = np.where(np.arange(40) % 7 == 0, 4, -3)  # a fault now and then
    raised = calmed(rarities, 4) - rarities
    assert (raised[:, : 9 * A_DAY] == 0).all()  # from 0 down to −0.9
    assert np.isclose(raised[[0, 2], -1], MAX_CALM_NATS).all()
    assert (raised[1] == 0).all()
    assert (np.diff(raised[0]) >= 0).all()


def test_a_home_after_weeks_of_low_days_is_soon_no_calm_device() -> None:
    rarities = np.full((2, 60 * A_DAY), -5, np.float32)
    rarities[:, 30 * A_DAY :: A_DAY] = np.array([[-0.5], [3]])  # lived in again; a fault goes on
    raised = (calmed(rarities, 4) - rarities)[:, ::A_DAY]
    lived_in, with_fault = raised[:, 30:]
    assert np.isclose(raised[:, 30], MAX_CALM_NATS).all()
    assert (lived_in[6:] == 0).all()
    assert (with_fault[:8] > 0).all()


def test_a_slot_is_judged_by_the_days_before_it_and_what_says_nothing_is_no_day() -> None:
    rarities = np.full((2, 30 * A_DAY), -5, np.float32)
    rarities[1, 15 * A_DAY :] = np.nan
    other = rarities.copy()
    other[0, 29 * A_DAY :] = 8
    assert np.allclose((calmed(other, 4) - other)[0], (calmed(rarities, 4) - rarities)[0])
    calm = CalmDevices(4, 1)
    for number, rarity in enumerate(rarities[1]):
        last = calm.step(number, rarity[None], np.arange(1))
    assert 0 < last[0] < MAX_CALM_NATS


def test_states_are_those_of_the_whole_however_they_are_cut() -> None:
    chance = np.random.default_rng(3)
    rarities = chance.normal(-3, 0.6, (5, 25 * A_DAY)).astype(np.float32)
    whole = calmed(rarities, 4) - rarities
    calm, every = CalmDevices(4, 2), np.arange(5)
    calm.add(3)
    for slot in range(rarities.shape[1]):
        if slot % 500 == 0:  # a restart
            kept, calm = calm.save(), CalmDevices(4, 5)
            calm.load(kept)
        for part in (every[3:], every[:3]):
            found = calm.step(slot, rarities[part, slot], part)
            assert np.allclose(found, whole[part, slot], atol=1e-5)


def test_what_a_version_wrote_that_did_not_know_of_calm_is_taken_up() -> None:
    before = UnusualDetector(900_000, Parameters.shipped(), 2, by_own=OwnPast(days=False))
    after = UnusualDetector(900_000, Parameters.shipped(), 2)
    after.load(*before.save())
    assert (after.save()[0]["_calm_usual"] == 0).all()
    known = msgspec.json.decode(b'{"id": "u", "channels": ["power_kw"]}', type=UnusualRule)
    assert not known.by_own_days  # what was decided before goes on as it was
    assert known.at_site(SiteCalendar("UTC", ())).by_own_days
