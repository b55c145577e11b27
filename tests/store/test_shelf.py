"""One node's rows: nothing acknowledged is lost, and equal digests mean equal rows."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.clock import ManualClock
from energyguard.store.ring import slot_of
from energyguard.store.row import BUCKETS, OWN_KEY, Row, latest, winners
from energyguard.store.shelf import Shelf
from energyguard.store.version import Version
from energyguard.store.writer import Digest
from tests.simulation.disk import MemoryRows

NOON = 1_757_160_000_000
SERIES = ("energy:p1", "H1", "a/b ü")
HOURS = (OWN_KEY, *(NOON + 3_600_000 * hour for hour in range(6)))

rows = st.builds(
    Row,
    st.sampled_from(SERIES),
    st.sampled_from(HOURS),
    st.builds(Version, st.integers(1, 2), st.integers(0, 2), st.sampled_from(["", "n"])),
    st.one_of(st.none(), st.binary(max_size=3)),
    st.sampled_from([0, NOON, NOON + 1]),
)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "shelf.db", ManualClock(NOON))
    yield shelf
    shelf.close()


def fact(minute: int, value: bytes | None = b"1", sequence: int = 0, series: str = "H1") -> Row:
    return Row(series, NOON + 60_000 * minute, Version(1, sequence), value)


def everything(shelf: Shelf) -> set[Row]:
    slots = {slot_of(series) for series in SERIES}
    return {row for slot in slots for row in shelf.rows_of(slot, range(BUCKETS))}


def digests_of(rows: set[Row]) -> dict[int, dict[int, Digest]]:
    """The digests as they should be, counted anew."""
    found: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.slot][row.bucket].append(row.fingerprint)
    return {
        slot: {
            bucket: Digest(sum(prints) % 2**62, len(prints)) for bucket, prints in buckets.items()
        }
        for slot, buckets in found.items()
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(rows, max_size=8), max_size=6), st.randoms(use_true_random=False))
def test_two_nodes_that_got_the_same_rows_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Row]], chance: random.Random
) -> None:
    """In any order, in other batches, some of them twice: rows, digests, answers."""
    folder = tmp_path_factory.mktemp("shelves")
    one, other = (Shelf(folder / name, ManualClock(NOON)) for name in ("one.db", "other.db"))
    for batch in batches:
        one.put(batch)
    told = [row for batch in batches for row in batch]
    shuffled = told + chance.sample(told, len(told) // 2)
    chance.shuffle(shuffled)
    for row in shuffled:
        other.put([row])
    own = winners(row for row in told if row.at == OWN_KEY)
    wanted = {row for row in told if row.at != OWN_KEY} | set(own)
    for shelf in (one, other):
        assert everything(shelf) == wanted
        for slot, digests in digests_of(wanted).items():
            assert shelf.digests(slot) == digests
        for series in SERIES:
            mine = [row for row in told if row.series == series]
            facts = [row for row in mine if row.at != OWN_KEY]
            assert shelf.between(series, 1, 2**62, 100) == winners(facts)
            told_latest = shelf.latest(series)
            assert latest(told_latest, NOON) == latest(facts, NOON)
            assert not any(row.is_there(NOON) for row in told_latest[:-1])
            for at in HOURS:
                best = winners(row for row in mine if row.at == at)
                assert shelf.at(series, at) == next(iter(best), None)
        shelf.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=20), st.integers(1, 5))
def test_what_is_over_is_buried_and_forgotten(
    tmp_path_factory: pytest.TempPathFactory, told: list[Row], limit: int
) -> None:
    """As the simulation's disk does it; of a user's clock, so that deletions have a time."""
    told = [
        msgspec.structs.replace(row, version=row.version._replace(major=NOON + row.version.major))
        for row in told
    ]
    shelf = Shelf(tmp_path_factory.mktemp("shelf") / "one.db", ManualClock(NOON))
    memory = MemoryRows(ManualClock(NOON))
    shelf.put(told)
    memory.put(told)
    for before_ms in (NOON, NOON + 2, NOON + 9):
        over = shelf.over(before_ms, limit)
        found = memory.over(before_ms, 1_000)
        assert set(over) <= set(found)
        assert len(over) == min(limit, len(found))
        assert all(not row.is_there(before_ms) for row in over)
        assert shelf.bury(over) == memory.bury(over)
        assert everything(shelf) == memory.all()
        assert shelf.bury(over) == memory.bury(over) == 0
        shelf.forget(over)
        memory.forget(over)
        assert everything(shelf) == memory.all()
        assert {s: shelf.digests(s) for s in shelf.slots()} == digests_of(everything(shelf))
        assert not [row for row in told if row.key in {one.key for one in over} and row in memory]
    shelf.close()


def test_a_key_that_has_come_back_is_not_buried(shelf: Shelf) -> None:
    old, gone = fact(0, b"1"), Row("H1", fact(0).at, Version(NOON - 9, 0), None)
    back = Row("H1", fact(0).at, Version(NOON - 5, 0), b"2")
    shelf.put([old, gone])
    assert shelf.over(NOON, 9) == [gone]
    shelf.put([back])
    assert shelf.over(NOON, 9) == []
    assert shelf.bury([gone]) == 1
    assert everything(shelf) == {old, gone, back}


def test_what_a_source_deleted_without_a_clock_is_kept(shelf: Shelf) -> None:
    shelf.put([fact(0, None, sequence=1)])
    assert shelf.over(NOON, 9) == []


def test_latest_goes_back_behind_many_deleted_ones(shelf: Shelf) -> None:
    shelf.put([fact(minute) for minute in range(100)])
    shelf.put([fact(minute, None, sequence=1) for minute in range(1, 100)])
    told = shelf.latest("H1")
    assert [row.at for row in told] == [fact(minute).at for minute in range(99, -1, -1)]
    assert told[-1] == fact(0)
    assert shelf.latest("H1", below=fact(0).at) == []


def test_a_range_has_every_time_of_ten_thousand_once(shelf: Shelf) -> None:
    shelf.put([fact(minute) for minute in range(10_000)])
    shelf.put([fact(minute, b"2", sequence=1) for minute in range(0, 10_000, 7)])
    found = shelf.between("H1", fact(0).at, fact(10_000).at, 20_000)
    assert [row.at for row in found] == [fact(minute).at for minute in range(10_000)]
    assert [row.value for row in found[:8]] == [b"2", *[b"1"] * 6, b"2"]
    assert len(shelf.between("H1", fact(5).at, fact(9_000).at, 10)) == 10


def test_what_a_user_wrote_before_is_not_kept(shelf: Shelf) -> None:
    versions = [Row("limit", OWN_KEY, Version(NOON, n, "a"), b"%d" % n) for n in (3, 1, 5, 4)]
    assert [shelf.put([row]) for row in versions] == [1, 0, 1, 0]
    assert shelf.history("limit", OWN_KEY) == [versions[2]]


def test_a_damaged_row_is_set_aside_and_can_come_again(shelf: Shelf) -> None:
    shelf.put([fact(0), fact(1, b"right")])
    sound = shelf.digests(slot_of("H1"))
    with apsw.Connection(str(shelf.path)) as file:
        file.execute("UPDATE rows SET value = ? WHERE at = ?", (b"wrong", fact(1).at))
    assert shelf.latest("H1") == [fact(0)]
    assert shelf.digests(slot_of("H1")) != sound
    assert list(apsw.Connection(str(shelf.path)).execute("SELECT found FROM damaged")) == [
        (b"wrong",)
    ]
    shelf.put([fact(1, b"right")])
    assert shelf.digests(slot_of("H1")) == sound


def test_tombstones_that_all_have_can_be_forgotten(shelf: Shelf) -> None:
    shelf.put([fact(0)])
    before = shelf.digests(slot_of("H1"))
    gone = fact(5, None)
    shelf.put([gone])
    assert (shelf.forget([gone]), shelf.forget([gone])) == (1, 0)
    assert shelf.digests(slot_of("H1")) == before


def test_a_slot_goes_whole(shelf: Shelf) -> None:
    shelf.put([fact(0), fact(0, series="energy:p1")])
    shelf.remember("state", b"", drop=[slot_of("H1")])
    assert everything(shelf) == {fact(0, series="energy:p1")}
    assert shelf.digests(slot_of("H1")) == {}


WRITES = """
import sys, pathlib
from tests.store.test_shelf import Shelf, fact
shelf = Shelf(pathlib.Path(sys.argv[1]))
first = int(sys.argv[2])
for number in range(first, first + 1_000_000, 20):
    shelf.put([fact(minute) for minute in range(number, number + 20)])
    print(number + 20, flush=True)
"""


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_9_loses_nothing_acknowledged(kills: int, tmp_path: Path) -> None:
    path, acknowledged, chance = tmp_path / "shelf.db", 0, random.Random(7)
    for _ in range(kills):
        acknowledged = _written_until_killed(path, acknowledged, chance.randint(1, 40))
        shelf = Shelf(path)
        found = set(shelf.rows_of(slot_of("H1"), range(BUCKETS)))
        assert found >= {fact(minute) for minute in range(acknowledged)}
        assert shelf.digests(slot_of("H1")) == digests_of(found)[slot_of("H1")]
        shelf.close()


def _written_until_killed(path: Path, first: int, lines: int) -> int:
    """Let a process write, and kill it while it does; how far it said it was."""
    command: Sequence[str] = (sys.executable, "-c", WRITES, str(path), str(first))
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    said += writer.stdout.readlines()
    writer.wait()
    return int([line for line in said if line.endswith("\n")][-1])
