"""One node's rows: nothing acknowledged is lost, and equal digests mean equal rows."""

from __future__ import annotations

import random
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.clock import ManualClock
from energyguard.store.node.node_storage import NodeStorage
from energyguard.store.node.writer import Digest
from energyguard.store.ring.ring import slot_of
from energyguard.store.row import BUCKETS, OWN_KEY, Row, latest, newest, newest_versions
from energyguard.store.version import Version
from tests.forking import Forked
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
def storage(tmp_path: Path) -> Iterator[NodeStorage]:
    storage = NodeStorage(tmp_path / "shelf.db", ManualClock(NOON))
    yield storage
    storage.close()


def fact(minute: int, value: bytes | None = b"1", sequence: int = 0, series: str = "H1") -> Row:
    return Row(series, NOON + 60_000 * minute, Version(1, sequence), value)


def everything(storage: NodeStorage) -> set[Row]:
    slots = {slot_of(series) for series in SERIES}
    return {row for slot in slots for row in storage.rows_of(slot, range(BUCKETS))}


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
    one, other = (NodeStorage(folder / name, ManualClock(NOON)) for name in ("one.db", "other.db"))
    for batch in batches:
        one.put(batch)
    told = [row for batch in batches for row in batch]
    shuffled = told + chance.sample(told, len(told) // 2)
    chance.shuffle(shuffled)
    for row in shuffled:
        other.put([row])
    own = newest_versions(row for row in told if row.at == OWN_KEY)
    wanted = {row for row in told if row.at != OWN_KEY} | set(own)
    for storage in (one, other):
        assert everything(storage) == wanted
        for slot, digests in digests_of(wanted).items():
            assert storage.digests(slot) == digests
        for series in SERIES:
            mine = [row for row in told if row.series == series]
            facts = [row for row in mine if row.at != OWN_KEY]
            assert storage.scan(series, 1, 2**62, 100) == newest_versions(facts)
            told_latest = storage.latest(series)
            assert latest(told_latest, NOON) == latest(facts, NOON)
            assert not any(row.is_there(NOON) for row in told_latest[:-1])
            for at in HOURS:
                best = newest_versions(row for row in mine if row.at == at)
                assert newest(storage.history(series, at)) == next(iter(best), None)
        storage.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=20), st.integers(1, 5))
def test_what_is_over_is_expired_and_forgotten(
    tmp_path_factory: pytest.TempPathFactory, told: list[Row], limit: int
) -> None:
    """As the simulation's disk does it; of a user's clock, so that deletions have a time."""
    told = [
        msgspec.structs.replace(row, version=row.version._replace(major=NOON + row.version.major))
        for row in told
    ]
    storage = NodeStorage(tmp_path_factory.mktemp("shelf") / "one.db", ManualClock(NOON))
    memory = MemoryRows(ManualClock(NOON))
    storage.put(told)
    memory.put(told)
    for before_ms in (NOON, NOON + 2, NOON + 9):
        over = storage.over(before_ms, limit)
        found = memory.over(before_ms, 1_000)
        assert set(over) <= set(found)
        assert len(over) == min(limit, len(found))
        assert all(not row.is_there(before_ms) for row in over)
        assert storage.expire(over) == memory.expire(over)
        assert everything(storage) == memory.all()
        assert storage.expire(over) == memory.expire(over) == 0
        storage.forget(over)
        memory.forget(over)
        assert everything(storage) == memory.all()
        assert {s: storage.digests(s) for s in storage.slots()} == digests_of(everything(storage))
        assert not [row for row in told if row.key in {one.key for one in over} and row in memory]
    storage.close()


def test_a_key_that_has_come_back_is_not_expired(storage: NodeStorage) -> None:
    old, gone = fact(0, b"1"), Row("H1", fact(0).at, Version(NOON - 9, 0), None)
    back = Row("H1", fact(0).at, Version(NOON - 5, 0), b"2")
    storage.put([old, gone])
    assert storage.over(NOON, 9) == [gone]
    storage.put([back])
    assert storage.over(NOON, 9) == []
    assert storage.expire([gone]) == 1
    assert everything(storage) == {old, gone, back}


def test_what_a_source_deleted_without_a_clock_is_kept(storage: NodeStorage) -> None:
    storage.put([fact(0, None, sequence=1)])
    assert storage.over(NOON, 9) == []


def test_latest_goes_back_behind_many_deleted_ones(storage: NodeStorage) -> None:
    storage.put([fact(minute) for minute in range(100)])
    storage.put([fact(minute, None, sequence=1) for minute in range(1, 100)])
    told = storage.latest("H1")
    assert [row.at for row in told] == [fact(minute).at for minute in range(99, -1, -1)]
    assert told[-1] == fact(0)
    assert storage.latest("H1", below=fact(0).at) == []


def test_a_range_has_every_time_of_ten_thousand_once(storage: NodeStorage) -> None:
    storage.put([fact(minute) for minute in range(10_000)])
    storage.put([fact(minute, b"2", sequence=1) for minute in range(0, 10_000, 7)])
    found = storage.scan("H1", fact(0).at, fact(10_000).at, 20_000)
    assert [row.at for row in found] == [fact(minute).at for minute in range(10_000)]
    assert [row.value for row in found[:8]] == [b"2", *[b"1"] * 6, b"2"]
    assert len(storage.scan("H1", fact(5).at, fact(9_000).at, 10)) == 10


def test_what_a_user_wrote_before_is_not_kept(storage: NodeStorage) -> None:
    versions = [Row("limit", OWN_KEY, Version(NOON, n, "a"), b"%d" % n) for n in (3, 1, 5, 4)]
    assert [storage.put([row]) for row in versions] == [1, 0, 1, 0]
    assert storage.history("limit", OWN_KEY) == [versions[2]]


def test_a_damaged_row_is_set_aside_and_can_come_again(storage: NodeStorage) -> None:
    storage.put([fact(0), fact(1, b"right")])
    sound = storage.digests(slot_of("H1"))
    with apsw.Connection(str(storage.path)) as file:
        file.execute("UPDATE rows SET value = ? WHERE at = ?", (b"wrong", fact(1).at))
    assert storage.latest("H1") == [fact(0)]
    assert storage.digests(slot_of("H1")) != sound
    assert list(apsw.Connection(str(storage.path)).execute("SELECT found FROM damaged")) == [
        (b"wrong",)
    ]
    storage.put([fact(1, b"right")])
    assert storage.digests(slot_of("H1")) == sound


def test_tombstones_that_all_have_can_be_forgotten(storage: NodeStorage) -> None:
    storage.put([fact(0)])
    before = storage.digests(slot_of("H1"))
    gone = fact(5, None)
    storage.put([gone])
    assert (storage.forget([gone]), storage.forget([gone])) == (1, 0)
    assert storage.digests(slot_of("H1")) == before


def test_a_slot_goes_whole(storage: NodeStorage) -> None:
    storage.put([fact(0), fact(0, series="energy:p1")])
    storage.remember("state", b"", drop=[slot_of("H1")])
    assert everything(storage) == {fact(0, series="energy:p1")}
    assert storage.digests(slot_of("H1")) == {}


WRITES = """
import sys, pathlib
from tests.store.node.test_node_storage import NodeStorage, fact
storage = NodeStorage(pathlib.Path(sys.argv[1]))
first = int(sys.argv[2])
for number in range(first, first + 1_000_000, 20):
    storage.put([fact(minute) for minute in range(number, number + 20)])
    print(number + 20, flush=True)
"""


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_9_loses_nothing_acknowledged(kills: int, tmp_path: Path) -> None:
    path, acknowledged, chance = tmp_path / "shelf.db", 0, random.Random(7)
    for _ in range(kills):
        acknowledged = _written_until_killed(path, acknowledged, chance.randint(1, 40))
        storage = NodeStorage(path)
        found = set(storage.rows_of(slot_of("H1"), range(BUCKETS)))
        assert found >= {fact(minute) for minute in range(acknowledged)}
        assert storage.digests(slot_of("H1")) == digests_of(found)[slot_of("H1")]
        storage.close()


def _written_until_killed(path: Path, first: int, lines: int) -> int:
    """Let a process write, and kill it while it does; how far it said it was."""
    writer = Forked(("-c", WRITES, str(path), str(first)), stdout=subprocess.PIPE)
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    said += writer.stdout.readlines()
    writer.wait()
    return int([line for line in said if line.endswith(b"\n")][-1])
