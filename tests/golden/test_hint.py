"""A hint that a version before kept for a node that was away is given to it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.golden import hint
from tests.store.shards import is_free
from tests.waiting import until


def on_disk(folder: Path, port: int) -> set[tuple[str, int]]:
    """Series and time of the rows in a node's file."""
    with closing(sqlite3.connect(folder / str(port) / "rows.sqlite")) as file:
        return set(file.execute("SELECT series, at FROM rows"))


def test_what_a_stand_in_held_is_on_its_owners_disks(tmp_path: Path) -> None:
    folder = hint.unpacked(tmp_path)
    facts = {(row.series, row.at) for row in hint.FACTS}
    away, *others = (on_disk(folder, port) for port in hint.PORTS)
    assert away < facts  # it has some, and lacks what was written while it was away
    assert facts == set.union(*others)
    before = sum(map(len, (away, *others)))
    assert before == 2 * len(facts)  # each at two, one of which may be a stand-in

    until(lambda: all(is_free(port) for port in hint.PORTS))
    assert asyncio.run(hint.delivered(folder)) == hint.FACTS
    after = [on_disk(folder, port) for port in hint.PORTS]
    assert after[0] > away
    assert sum(map(len, after)) == 2 * len(facts)  # and no longer at the stand-ins
