"""Any sequence of operations: the file and the log in memory answer the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from energyguard.clock import ManualClock
from energyguard.errors import BehindRetention, Fenced
from energyguard.log import EARLIEST, LATEST, Log, Records
from energyguard.log.sqlite.log import SqliteLog
from energyguard.testing import MemoryLog

TOPICS = ("energyguard.dead-letters", "energyguard.rules", "replay.x", "energy_alerts")

batches = st.lists(
    st.tuples(
        st.sampled_from([b"a", b"b", b"c", b"H017"]),
        st.none() | st.binary(max_size=12),
        st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=3)), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=4,
).map(lambda rows: Records(*map(list, zip(*rows, strict=True))))


def answer(call: Any) -> Any:
    """What a call returns, or how it fails."""
    try:
        return call()
    except (Fenced, BehindRetention) as error:
        return type(error)


class LogMachine(RuleBasedStateMachine):
    """Two logs with one clock."""

    members = Bundle("members")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock(1_757_160_000_000)
        self.memory = MemoryLog(self.clock)
        self.file = SqliteLog(self.folder / "log.db", self.clock)

    def both(self, ask: Any) -> Any:
        ours, theirs = answer(lambda: ask(self.file)), answer(lambda: ask(self.memory))
        assert ours == theirs
        return ours

    @rule(topic=st.sampled_from(TOPICS), records=batches)
    def append(self, topic: str, records: Records) -> None:
        self.both(lambda log: log.append(topic, records))

    @rule(seconds=st.sampled_from([1, 6, 11, 100_000]))
    def pass_time(self, seconds: int) -> None:
        self.clock.sleep(seconds)

    @rule()
    def reopen(self) -> None:
        other = SqliteLog(self.folder / "log.db", self.clock)
        at = dict(other.positions(TOPICS[0], EARLIEST))
        assert other.read(at, 100, 0) == self.file.read(at, 100, 0)
        other.close()

    @rule(target=members, topics=st.sampled_from([TOPICS[:1], ("replay.*", "energy_alerts")]))
    def join(self, topics: tuple[str, ...]) -> tuple[Any, Any]:
        return self.file.join("g", topics), self.memory.join("g", topics)

    @rule(member=members)
    def poll(self, member: tuple[Any, Any]) -> None:
        assert member[0].poll() == member[1].poll()
        assert member[0].assigned == member[1].assigned

    @rule(member=consumes(members))
    def leave(self, member: tuple[Any, Any]) -> None:
        member[0].leave()
        member[1].leave()

    @rule(member=members, records=batches, fail=st.booleans())
    def commit(self, member: tuple[Any, Any], records: Records, fail: bool) -> None:
        def transact(log: Log) -> None:
            mine = member[log is self.memory]
            try:
                with log.transaction(mine) as tx:
                    tx.append("energy_alerts", records)
                    tx.move({at: position + 1 for at, position in mine.assigned.items()})
                    if fail:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass

        self.both(transact)
        assert member[0].assigned == member[1].assigned

    @invariant()
    def same_contents(self) -> None:
        for topic in TOPICS:
            for of in (EARLIEST, LATEST, "g"):
                self.both(lambda log, t=topic, o=of: log.positions(t, o))
            for at, position in self.file.positions(topic, EARLIEST).items():
                self.both(lambda log, at=at, p=position: log.read({at: p}, 1000, 0))

    def teardown(self) -> None:
        self.file.close()
        shutil.rmtree(self.folder)


TestLogs = LogMachine.TestCase
TestLogs.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
