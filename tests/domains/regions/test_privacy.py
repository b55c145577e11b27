"""What is shown of homes gives no home away, whoever looks however often.

The worst case is taken: each home draws the same at all times, so that any two numbers can be held
against each other, and who is in which group is known. Home number n draws 2^n: a published sum
then says itself whose it is.
"""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from energyguard.domains.regions.live.group_powers import FRESH_MS, SLOT_MS, GroupPowers
from energyguard.domains.regions.live.states import regions_view
from energyguard.domains.regions.places import HomePlaces
from energyguard.domains.regions.records import PLACE, PLACES_TABLE, Place
from energyguard.history import NO_SEQUENCE
from energyguard.history.chdb import ChdbHistory
from energyguard.log import EARLIEST, Log
from energyguard.settings.regions import RegionsSettings
from energyguard.testing import MemoryLog

T0 = 1_700_000_000_000
CODES = ("10115", "20095", "80331", "-")
K = 3
DAY = 86_400_000


def places_in(log: Log) -> list[Place]:
    parts = log.read(log.positions(PLACE.name, EARLIEST), 10_000, 0)
    return [PLACE.decode(value) for part in parts for value in part.values if value]


def weakest(published: set[frozenset[str]], homes: list[str], fewer_than: int) -> float:
    """How near the nearest combination of published sums comes to a sum of few homes: 1: it is one.

    Of all weighted sums of what was published, with any weights.
    """
    rows = np.array([[home in sums for home in homes] for sums in sorted(published, key=sorted)])
    _, sizes, basis = np.linalg.svd(rows.astype(float), full_matrices=False)
    span = basis[sizes > 1e-9]
    projection = span.T @ span
    found = 0.0
    for few in range(1, fewer_than):
        chosen = np.array(list(combinations(range(len(homes)), few)))
        parts = projection[chosen[:, :, None], chosen[:, None, :]]
        found = max(found, float(np.linalg.eigvalsh(parts).max()))
    return found


class World:
    """Homes that come, fall silent, come back, move and leave; and all that is shown of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random, self.path = Random(seed), folder / f"places-{seed}.csv"
        self.homes = [f"h{n:02}" for n in range(24)]
        self.where = {home: self.random.choice(CODES[:3]) for home in self.homes}
        self.here: list[str] = []
        self.silent: set[str] = set()
        self.log = MemoryLog()
        self.settings = RegionsSettings(places=self.path, min_homes=K)
        self._write()
        self.places = HomePlaces(self.log, self.settings)
        self.now = T0
        self.published: set[frozenset[str]] = set()
        self.powers = self._restarted()

    def _write(self) -> None:
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerows(self.where.items())

    def _restarted(self) -> GroupPowers:
        powers = GroupPowers(K)
        self._read_places(powers)
        return powers

    def _read_places(self, powers: GroupPowers) -> None:
        for place in places_in(self.log):
            powers.put(place)

    def act(self) -> None:
        act = self.random.random()
        if act < 0.4 and len(self.here) < len(self.homes):
            self.here.append(next(home for home in self.homes if home not in self.here))
        elif act < 0.7 and self.here:
            self.silent ^= {self.random.choice(self.here)}
        elif act < 0.8 and self.here:
            self.where[self.random.choice(self.here)] = self.random.choice(CODES)
            self._write()
        elif act < 0.9:
            self.powers = self._restarted()
            self.places = HomePlaces(self.log, self.settings)

    def step(self) -> None:
        self.act()
        self.now += SLOT_MS * self.random.randrange(1, 40)
        changed = self.places.changed(self.now)
        answer = self.places.answer("e", [*self.here, *changed], self.now)
        if len(answer.records):
            self.log.append(answer.topic, answer.records)
        self._read_places(self.powers)
        for home in self.random.sample(self.here, len(self.here)):
            if home not in self.silent:
                self.powers.take(home, self.now, 1 << self.homes.index(home), self.now)
        for group in self.powers.shown(self.now):
            total = round(group.watts * 1e6)
            whose = {home for n, home in enumerate(self.homes) if total >> n & 1}
            assert len(whose) == group.homes
            self.published.add(frozenset(whose))


@pytest.mark.parametrize("seed", range(20))
def test_no_two_views_give_fewer_homes_away_than_a_group(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    for _ in range(120):
        world.step()
    assert len(world.published) >= 2
    assert weakest(world.published, world.homes, K) < 0.99


def test_the_attack_finds_what_there_is_to_find() -> None:
    homes = list("abcdef")
    sums = {frozenset("abcde"), frozenset("abcdef")}  # a home joined: who, and how much
    assert weakest(sums, homes, 2) == pytest.approx(1)
    assert weakest({frozenset("abc"), frozenset("def")}, homes, 3) < 0.99
    assert weakest({frozenset("abcd"), frozenset("abef")}, homes, 4) < 0.999999
    assert weakest({frozenset("abc"), frozenset("abd")}, homes, 3) == pytest.approx(1)


def place(device: str, group: str = "DE-BE/1", size: int = K, from_ms: int = 0) -> Place:
    return Place(
        device=device, postal_code="10115", region=group[:5], group=group, group_size=size,
        from_ms=from_ms,
    )  # fmt: skip


def powers_of(*homes: str, min_homes: int = K, from_ms: int = 0) -> GroupPowers:
    powers = GroupPowers(min_homes)
    for home in homes:
        powers.put(place(home, from_ms=from_ms))
    return powers


def measure(powers: GroupPowers, at_ms: int, **kw: float) -> None:
    for home, value in kw.items():
        powers.take(home, at_ms, round(value * 1e9), at_ms)


def watts(powers: GroupPowers, now_ms: int = T0) -> list[float]:
    return [group.watts for group in powers.shown(now_ms)]


def test_a_group_is_shown_as_it_was_when_all_were_measured() -> None:
    powers = powers_of("a", "b", "c")
    measure(powers, T0, a=1, b=2)
    assert watts(powers) == []
    measure(powers, T0 + 4_999, c=3)
    assert watts(powers) == [6_000]
    measure(powers, T0 + SLOT_MS, a=5, b=5)  # one is silent: the last whole moment stays
    assert watts(powers) == [6_000]
    measure(powers, T0, a=9)  # a second word on a moment that was shown
    assert watts(powers) == [6_000]
    assert watts(powers, T0 + 4_999 + FRESH_MS) == [6_000]
    assert watts(powers, T0 + 5_000 + FRESH_MS) == []


def test_what_is_not_whole_not_rested_or_too_small_is_not_shown() -> None:
    for powers in (
        powers_of("a", "b"),
        powers_of("a", "b", "c", min_homes=4),
        powers_of("a", "b", "c", from_ms=T0 + 1),
    ):
        measure(powers, T0, a=1, b=2, c=3)
        assert watts(powers) == []
    resting = powers_of("a", "b", "c", from_ms=T0 + 1)
    measure(resting, T0, a=1, b=2, c=3)
    assert watts(resting, T0 + 1) == [6_000]


def test_a_group_that_loses_a_home_is_gone_at_once() -> None:
    powers = powers_of("a", "b", "c")
    measure(powers, T0, a=1, b=2, c=3)
    powers.put(place("c", "DE-HH/1"))
    assert watts(powers) == []
    measure(powers, T0 + SLOT_MS, a=1, b=2, c=3)
    assert watts(powers) == []


def test_all_shown_is_of_nobody_who_is_not_shown_by_state() -> None:
    powers = powers_of("a", "b", "c")
    for home in ("x", "y"):
        powers.put(place(home, "DE-HH/1"))
    measure(powers, T0, a=1, b=2, c=3, x=90, y=90)
    view = regions_view(list(powers.shown(T0)), K, RegionsSettings().price_eur_per_kwh)
    assert view.all_shown.homes == 3
    assert view.all_shown.power_kw == 2.0
    hidden = next(state for state in view.regions if state.region == "DE-HH")
    assert (hidden.homes, hidden.power_kw, hidden.year_kwh, hidden.time_ms) == (None,) * 4


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> ChdbHistory:
    opened = ChdbHistory(tmp_path_factory.mktemp("history"))
    groups = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 2, "g": 3, "h": 3}
    columns = PLACES_TABLE.schema.names
    rows = [
        dict(zip(columns, (home, "DE-BE", "10115", f"DE-BE/{group}", K, rested), strict=True))
        for home, group in groups.items()
        for rested in [T0 + 40 * SLOT_MS if group == 2 else 0]
    ]
    opened.insert("places", pa.Table.from_pylist(rows, PLACES_TABLE.schema))
    missing = Random(7)
    measured = [
        (home, T0 + slot * SLOT_MS, 10_000_000 * K << n)
        for slot in range(60)
        for n, home in enumerate(groups)
        if missing.random() > 0.1
    ]
    opened.insert(
        "readings",
        pa.table(
            {
                "device": [row[0] for row in measured],
                "channel": ["power_kw"] * len(measured),
                "time": pa.array([row[1] for row in measured], pa.timestamp("ms", "UTC")),
                "value": pa.array([row[2] for row in measured], pa.int64()),
                "sequence": pa.array([NO_SEQUENCE] * len(measured), pa.int64()),
                "topic": ["edge_readings"] * len(measured),
                "version": pa.array(range(len(measured)), pa.uint64()),
            }
        ),
    )
    return opened


FIRST, SECOND = 0b111, 0b111000
"""The means of the two groups, in 10 W."""


@pytest.mark.parametrize("step", [1_000, 5_000, 7_000, 20_000, 600_000])
@pytest.mark.parametrize("shift", [0, 1, 2_500, 4_999])
def test_the_past_says_no_more_than_the_present(
    history: ChdbHistory, step: int, shift: int
) -> None:
    """Any range and any step: means of the first group, and of the second when it has rested."""
    asked = {"start_ms": T0 + shift, "end_ms": T0 + 60 * SLOT_MS - shift, "region": ""}
    rows = history.query("region_power", step_ms=step, **asked).to_pylist()
    assert len(rows) >= 1
    seen = set()
    for row in rows:
        time_ms = int(row["time"].timestamp() * 1000)
        mean = round(row["power_kw"] * 100)
        seen.add(row["homes"])
        if time_ms + step <= T0 + 40 * SLOT_MS:
            assert (mean, row["homes"]) == (FIRST, 3)
        elif row["homes"] == K:
            assert mean in (FIRST, SECOND)
        else:
            assert FIRST < mean < SECOND
    assert seen <= {3, 6}


def test_a_state_may_be_asked_for(history: ChdbHistory) -> None:
    asked = {"start_ms": T0, "end_ms": T0 + DAY, "step_ms": 300_000}
    assert history.query("region_power", region="DE-BE", **asked).num_rows
    assert not history.query("region_power", region="DE-HH", **asked).num_rows
    (span,) = history.query("region_span").to_pylist()
    assert int(span["first"].timestamp() * 1000) == T0
