"""The shipped appliances: real, small, and the same at the same event time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from energyguard.domains.household.sample import FOLDER, Sample
from energyguard.model.readings import times_of

DAY_MS = 86_400_000
NOON_MS = 1_795_348_800_000


def test_the_files_are_small_and_carry_their_licence() -> None:
    sizes = {entry.name: len(entry.read_bytes()) for entry in FOLDER.iterdir()}
    assert max(sizes.values()) < 500_000
    assert "MIT" in (FOLDER / "SOURCE.md").read_text()


def test_a_day_of_every_appliance_minute_by_minute() -> None:
    batch = Sample().readings(NOON_MS, NOON_MS + DAY_MS)
    devices = batch.column("device").to_pylist()
    assert len(set(devices)) == 4
    assert all(1430 <= devices.count(device) <= 1440 for device in set(devices))
    assert set(batch.column("channel").to_pylist()) == {"power_kw"}
    times = times_of(batch)
    assert times.min() > NOON_MS
    assert times.max() <= NOON_MS + DAY_MS


def test_pieces_join_without_gap_or_overlap() -> None:
    sample = Sample()
    cuts = NOON_MS + np.array([0, 7, 60_000, 61_000, 9_000_000, 3 * DAY_MS, 5 * DAY_MS])
    parts = [sample.readings(int(a), int(b)) for a, b in pairwise(cuts)]
    rows = [repr(row) for part in parts for row in part.to_pylist()]
    whole = [repr(row) for row in sample.readings(int(cuts[0]), int(cuts[-1])).to_pylist()]
    assert sorted(rows) == sorted(whole)


def test_the_time_of_the_day_is_kept() -> None:
    sample = Sample()
    today = sample.readings(NOON_MS, NOON_MS + DAY_MS)
    in_six_days = sample.readings(NOON_MS + 6 * DAY_MS, NOON_MS + 7 * DAY_MS)
    assert today.column("value").equals(in_six_days.column("value"))
    assert (times_of(in_six_days) - times_of(today) == 6 * DAY_MS).all()
