"""Consumer groups in the log's file: leases, shares, and the fence against who lost a partition."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from energyguard.clock import Clock
from energyguard.errors import Fenced
from energyguard.log.balance import OwnerChange, change_for
from energyguard.log.records import MemberState, TopicPartition, matches
from energyguard.log.sqlite.catalog import Catalog

T = TypeVar("T")
Run = Callable[[Callable[[Any], T]], T]


class SqliteMembership(MemberState):
    """A member's place in a group. Its lease is a row; whoever polls removes those that ran out."""

    def __init__(
        self,
        group: str,
        topics: Sequence[str],
        clock: Clock,
        session_s: float,
        catalog: Catalog,
        write: Run[bool],
        look: Run[bool],
    ) -> None:
        super().__init__(group)
        self._topics = tuple(topics)
        self._clock, self._session_s = clock, session_s
        self._catalog, self._write, self._look = catalog, write, look
        self._member = -1
        self._seen_s = 0.0
        self._write(self._step)

    def poll(self) -> bool:
        """Renew the lease, release what is above the share, take what is free."""
        before = self._member, set(self._assigned)
        due = self._clock.monotonic() - self._seen_s >= self._session_s / 5
        if due or self._look(self._is_unsettled):
            self._write(self._step)
        return (self._member, set(self._assigned)) != before

    def leave(self) -> None:
        """Give the partitions up at once."""
        self._write(self._go)

    def check(self, connection: Any, moved: Sequence[TopicPartition]) -> None:
        """Hold a transaction against what is owned.

        Raises:
            Fenced: another member may have taken a partition, or one was never owned.
        """
        owned = _owners(connection, self.group)
        lost = [at for at in {*self._assigned, *moved} if owned.get(at) != self._member]
        if lost or not self._lives(connection):
            names = ", ".join(f"{at.topic}/{at.partition}" for at in sorted(lost)[:3])
            raise Fenced(f"group {self.group!r}: this member no longer owns {names or 'anything'}")

    def commit(self, connection: Any, positions: Mapping[TopicPartition, int]) -> None:
        """Set the group's positions."""
        connection.executemany(
            "INSERT INTO position VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET next = excluded.next",
            [(self.group, at.topic, at.partition, next_) for at, next_ in positions.items()],
        )

    def _lives(self, connection: Any) -> bool:
        row = connection.execute("SELECT 1 FROM member WHERE id = ?", (self._member,)).fetchone()
        return row is not None

    def _is_unsettled(self, connection: Any) -> bool:
        """Whether a step would change anything."""
        owners = _owners(connection, self.group)
        mine = {at for at, member in owners.items() if member == self._member}
        dead = self._dead(connection)
        return bool(dead) or mine != set(self._assigned) or any(self._change(connection, owners))

    def _step(self, connection: Any) -> bool:
        """Renew, take out the dead, release and take: one member's part of a rebalance."""
        now_s = self._clock.monotonic()
        renewed = "UPDATE member SET seen_s = ? WHERE id = ? RETURNING id"
        dead = self._dead(connection)
        lives = (
            self._member not in dead
            and connection.execute(renewed, (now_s, self._member)).fetchone()
        )
        for member in dead:
            _bury(connection, member)
        if not lives:
            connection.execute(
                "INSERT INTO member (group_name, topics, seen_s) VALUES (?, ?, ?)",
                (self.group, json.dumps(self._topics), now_s),
            )
            self._member = connection.last_insert_rowid()
        change = self._change(connection, _owners(connection, self.group))
        connection.executemany(
            "DELETE FROM owner WHERE group_name = ? AND topic = ? AND partition = ?",
            [(self.group, *at) for at in change.release],
        )
        connection.executemany(
            "INSERT INTO owner VALUES (?, ?, ?, ?)",
            [(self.group, *at, self._member) for at in change.take],
        )
        self._generation = _generation(
            connection, self.group, bool(dead or not lives or any(change))
        )
        self._seen_s = now_s
        self._assigned = self._positions(connection)
        return True

    def _go(self, connection: Any) -> bool:
        _bury(connection, self._member)
        self._generation = _generation(connection, self.group, True)
        self._assigned = {}
        return True

    def _dead(self, connection: Any) -> list[int]:
        """Members not seen for a session; after a reboot the monotonic clock began anew."""
        now_s = self._clock.monotonic()
        found = connection.execute(
            "SELECT id FROM member WHERE group_name = ? AND NOT seen_s BETWEEN ? AND ?",
            (self.group, now_s - self._session_s, now_s + 1.0),
        )
        return [member for (member,) in found]

    def _change(self, connection: Any, owners: Mapping[TopicPartition, int]) -> OwnerChange:
        members = {
            member: json.loads(topics)
            for member, topics in connection.execute(
                "SELECT id, topics FROM member WHERE group_name = ?", (self.group,)
            )
        }
        wanted = {pattern for topics in members.values() for pattern in topics}
        partitions = [
            TopicPartition(name, number)
            for name, count in self._catalog.names(connection)
            if any(matches(pattern, name) for pattern in wanted)
            for number in range(count)
        ]
        return change_for(self._member, members, partitions, owners)

    def _positions(self, connection: Any) -> dict[TopicPartition, int]:
        mine = [at for at, m in _owners(connection, self.group).items() if m == self._member]
        committed = positions_of(connection, self.group)
        fresh = {at.topic for at in mine if at not in committed}
        begins = {
            at: first
            for t in fresh
            for at, (first, _) in self._catalog.edges(connection, t).items()
        }
        return {at: committed.get(at, begins.get(at, 0)) for at in mine}


def positions_of(connection: Any, group: str) -> dict[TopicPartition, int]:
    """What a group has committed."""
    rows = connection.execute(
        "SELECT topic, partition, next FROM position WHERE group_name = ?", (group,)
    )
    return {TopicPartition(topic, partition): to for topic, partition, to in rows}


def _owners(connection: Any, group: str) -> dict[TopicPartition, int]:
    rows = connection.execute(
        "SELECT topic, partition, member FROM owner WHERE group_name = ?", (group,)
    )
    return {TopicPartition(topic, partition): member for topic, partition, member in rows}


def evict(connection: Any, groups: Collection[str]) -> None:
    """Take all members out of these groups, as if their leases had run out."""
    for group in groups:
        found = connection.execute("SELECT id FROM member WHERE group_name = ?", (group,))
        members = [member for (member,) in found]
        for member in members:
            _bury(connection, member)
        _generation(connection, group, bool(members))


def _bury(connection: Any, member: int) -> None:
    connection.execute("DELETE FROM owner WHERE member = ?", (member,))
    connection.execute("DELETE FROM member WHERE id = ?", (member,))


def _generation(connection: Any, group: str, changed: bool) -> int:
    (number,) = connection.execute(
        "INSERT INTO consumer_group VALUES (?, 1) ON CONFLICT DO UPDATE"
        " SET generation = generation + ? RETURNING generation",
        (group, int(changed)),
    ).fetchone()
    return int(number)
