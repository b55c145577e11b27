"""The power goes at any moment: what was acknowledged is there, and the sums are those of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from energyguard.durable import commits, connections
from energyguard.errors import DiskFull, Unavailable
from energyguard.store.keys import Key
from energyguard.store.node import node_storage
from energyguard.store.node.node_storage import NodeStorage
from energyguard.store.node.writer import SUMS, Digest
from energyguard.store.ring.ring import SLOTS
from energyguard.store.row import BUCKETS, OWN_KEY, Row, newest
from energyguard.store.version import Version
from tests.store.power import power

SEEDS = range(40)
BATCHES = 30


@pytest.fixture(autouse=True)
def _checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """The power has to go in the middle of some."""
    monkeypatch.setattr(node_storage, "CHECKPOINT_PAGES", 60)


def made(random: Random, number: int) -> list[Row]:
    """A few measurements, and a key of the user's own that grows."""
    rows = [
        Row(f"meter:{random.randrange(50)}", number * 1_000_000 + n + 1, Version(1, n), b"1.25")
        for n in range(random.randrange(1, 40))
    ]
    return [*rows, Row("limit", OWN_KEY, Version(2, number), str(number).encode())]


def life(path: Path, seed: int) -> tuple[list[list[Row]], list[Row]]:
    """Write until the power goes; gives what was acknowledged, and what was not."""
    random = Random(seed)
    acknowledged: list[list[Row]] = []
    rows: list[Row] = []
    NodeStorage(path).close()
    with power(random, after=random.randrange(10, 1_500)) as cut:
        storage = NodeStorage(path)
        try:
            for number in range(BATCHES):
                rows = made(random, number)
                storage.put(rows)
                acknowledged.append(rows)
                rows = []
        except (DiskFull, Unavailable):
            assert cut.is_off
        with suppress(apsw.IOError):
            storage.close()
    cut.now()
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return acknowledged, rows


def all_rows(storage: NodeStorage) -> list[Row]:
    """Everything."""
    return [row for slot in range(SLOTS) for row in storage.rows_of(slot, range(BUCKETS))]


def wrong(path: Path, acknowledged: list[list[Row]], open_: list[Row]) -> str:
    """What is not as it must be, if anything."""
    storage = NodeStorage(path)
    try:
        there = all_rows(storage)
        kept = set(there)
        if lost := [row for rows in acknowledged for row in rows if row.at and row not in kept]:
            return f"{len(lost)} acknowledged rows are lost"
        last = newest(storage.history("limit", OWN_KEY))
        if acknowledged and (last is None or last.rank < acknowledged[-1][-1].rank):
            return f"an own key fell back to {last}"
        some = [row for row in open_ if row in kept]
        if some and len(some) < len(open_):
            return "part of a batch is there"
        for slot in {row.slot for row in there} | set(storage.slots()):
            prints = [row.fingerprint for row in there if row.slot == slot]
            if storage.slots().get(slot) != Digest(sum(prints) & SUMS, len(prints)):
                return f"the sum of slot {slot} is not that of its rows"
        storage.put([Row("after", Key.parse("a:2026-01-01T00:00:00Z").at, Version(9, 9), b"1")])
        return ""
    finally:
        storage.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_power_goes_and_what_was_acknowledged_is_there(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "rows.sqlite"
    assert wrong(path, *life(path, seed)) == ""


def test_without_its_syncs_rows_would_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(path: Path, checkpoint_pages: int = 0) -> Any:
        connection = connections.connect(path, checkpoint_pages)
        connection.pragma("synchronous", "NORMAL")
        return connection

    monkeypatch.setattr(commits, "connect", careless)
    paths = [(tmp_path / f"{seed}.db", seed) for seed in SEEDS]
    assert any("lost" in wrong(path, *life(path, seed)) for path, seed in paths)
