"""A rolling upgrade: a worker of an older version and one of this share a group, and one is killed.

Who gives partitions up leaves snapshots, who is killed leaves readings to be replayed; the other
version goes on from both, in both directions. What is then in the log is what one worker of the
older version alone had written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from subprocess import Popen
from typing import Final

import pytest

from tests.golden import inputs, older, product, store
from tests.golden.folder import by_key
from tests.golden.logfile import Message, Stored, Watch, put, records
from tests.golden.scenarios import HOUSEHOLD, SCENARIOS
from tests.waiting import until

TOPIC: Final = "energy_readings"
OUTPUTS: Final = {
    "clean": ("energy_alerts", "energyguard.alerts"),
    # Since when an alert fires depends on the order that readings come in; of readings without a
    # key that is the order in which workers read their partitions. Windows do not depend on it.
    "keyless": ("energy_alerts",),
}
SHARES: Final = [4, 4]  # of eight partitions


class _Upgrade:
    """Two places for a worker, each with a version; a data folder that both share."""

    def __init__(self, folder: Path, old: Path, running: ExitStack) -> None:
        product.new_folder(folder)
        self._folder, self._running = folder, running
        self._packages = {"old": old, "new": product.ROOT}
        self._log = running.enter_context(closing(Watch(folder / "log.db")))
        self._workers: dict[str, Popen[bytes]] = {}

    def start(self, version: str) -> None:
        """Start a worker; wait until all that run have their share."""
        worker = product.started(
            "worker", self._folder, *HOUSEHOLD, package=self._packages[version]
        )
        self._running.callback(worker.wait)
        self._running.callback(worker.kill)
        self._workers[version] = worker
        shares = SHARES if len(self._workers) == 2 else [8]
        until(lambda: self._log.members("worker", TOPIC) == shares)

    def kill(self, version: str) -> None:
        """kill -9; wait until the other one has all partitions."""
        worker = self._workers.pop(version)
        worker.kill()
        worker.wait()
        until(lambda: self._log.members("worker", TOPIC) == [8])

    def read(self, messages: Sequence[Message], *topics: str) -> None:
        """Append at once; wait until the group has read all of it, and is quiet."""
        put(self._folder / "log.db", TOPIC, messages, product.NOW_MS - 60_000)
        until(lambda: self._is_read(topics))
        product.wait_until_quiet(self._log)

    def _is_read(self, topics: Sequence[str]) -> bool:
        for version, worker in self._workers.items():
            said = product.log_of("worker", self._folder)
            assert worker.poll() is None, f"the {version} worker ended: {said.read_text()}"
        at = self._log.positions("worker")
        ends = self._log.ends().items()
        return all(at.get(place, 0) >= end for place, end in ends if place[0] in topics)

    def found(self) -> list[Stored]:
        """All records that are in the log."""
        return records(self._folder / "log.db")


def _messages(name: str) -> list[Message]:
    rows = inputs.clean()
    if name == "keyless":
        return inputs.keyless(rows)
    middle = len(rows) // 2
    return [*inputs.csv(rows[:middle]), *inputs.json(rows[middle:])]


def _golden(name: str) -> list[Stored]:
    """What the one worker of the older version wrote."""
    lines = store.kept(f"topics/{name}.jsonl").decode().splitlines()
    return [store.stored(line) for line in lines]


def _shown(found: Sequence[Stored], name: str) -> list[str]:
    """Outputs as golden lines, in the order of their keys; offsets are chance among keys."""
    mine = [one for one in found if one.topic in OUTPUTS[name]]
    return [store.record_line(one) for one in by_key(mine)]


@pytest.mark.slow  # 20 s each
@pytest.mark.parametrize("name", ["clean", "keyless"])
def test_an_old_and_a_new_worker_take_over_from_each_other(name: str, tmp_path: Path) -> None:
    messages = _messages(name)
    cuts = [len(messages) * n // 5 for n in range(6)]
    parts = [messages[first:end] for first, end in pairwise(cuts)]
    reads = SCENARIOS[name].reads
    with ExitStack() as running:
        upgrade = _Upgrade(tmp_path / "data", older.package(tmp_path / "old"), running)
        upgrade.start("old")
        upgrade.read(parts[0], *reads)
        upgrade.start("new")
        upgrade.read(parts[1], *reads)
        upgrade.kill("old")
        upgrade.read(parts[2], *reads)
        upgrade.start("old")
        upgrade.read(parts[3], *reads)
        upgrade.kill("new")
        upgrade.read(parts[4], *reads)
        found = upgrade.found()
    alike = [
        [one for one in every if not (one.key or b"").startswith(older.SLOW)]
        for every in (found, _golden(name))
    ]
    ours, theirs = (store.text_of(_shown(every, name)) for every in alike)
    assert store.differences(ours, theirs) == []
    ids = Counter(one.headers for one in found if one.topic == "energy_alerts")
    assert set(ids.values()) == {1}, "a window is told once"
