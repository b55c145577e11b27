"""A node's disk in memory: what is durable, what is on its way, and what a crash leaves of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from random import Random

from energyguard.clock import Clock
from energyguard.store import row as rows_
from energyguard.store.node.node_storage import A_CLOCKS_MS
from energyguard.store.node.writer import Digest
from energyguard.store.ring.effects import Save
from energyguard.store.ring.messages import FOREVER, NodeState
from energyguard.store.row import OWN_KEY, Row

LATEST_AT_ONCE = 2  # small, so that several steps are needed


class MemoryRows:
    """Rows as ``NodeStorage`` has them; ``tests/store/node/test_node_storage.py`` says so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.keys: dict[tuple[str, int], set[Row]] = {}

    def put(self, rows: Iterable[Row]) -> None:
        """Keep rows; of a key of the user's own the newest only."""
        for row in rows:
            kept = self.keys.setdefault(row.key, set())
            kept.add(row)
            if row.at == OWN_KEY:
                self.keys[row.key] = {max(kept, key=lambda one: one.rank)}

    def __contains__(self, row: Row) -> bool:
        return row in self.keys.get(row.key, ())

    def all(self) -> set[Row]:
        """Everything."""
        return {row for kept in self.keys.values() for row in kept}

    def history(self, series: str, at: int) -> list[Row]:
        return list(self.keys.get((series, at), ()))

    def latest(self, series: str, below: int = FOREVER) -> list[Row]:
        times = (at for name, at in self.keys if name == series and OWN_KEY < at < below)
        found = []
        for at in sorted(times, reverse=True):
            row = rows_.newest(self.keys[series, at])
            assert row is not None
            found.append(row)
            if row.is_there(self._clock.now_ms()):
                break
        return found

    def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        times = sorted(at for name, at in self.keys if name == series and begin <= at < end)
        found = [row for at in times[:limit] for row in self.keys[series, at]]
        return found if every else rows_.newest_versions(found)

    def series(self, above: str, limit: int) -> list[str]:
        return sorted({name for name, _ in self.keys if name > above})[:limit]

    def over(self, before_ms: int, limit: int) -> list[Row]:
        found = []
        for kept in self.keys.values():
            row = max(kept, key=lambda one: one.rank)
            since = row.version.major if row.value is None else row.expires_ms
            if A_CLOCKS_MS <= since < before_ms:
                found.append((since, row))
        return [row for _, row in sorted(found, key=lambda one: one[0])[:limit]]

    def expire(self, rows: Iterable[Row]) -> int:
        """Have the last rows of keys, and nothing below them."""
        changed = 0
        for row in rows:
            before = set(self.keys.get(row.key, ()))
            self.put([row])
            kept = self.keys[row.key]
            if max(one.rank for one in kept) == row.rank:
                self.keys[row.key] = kept = {row}
            changed += kept != before or kept != {row}
        return changed

    def forget(self, rows: Iterable[Row]) -> None:
        """Take rows away."""
        for row in rows:
            kept = self.keys.get(row.key, set())
            kept.discard(row)
            if not kept:
                self.keys.pop(row.key, None)

    def slots(self) -> dict[int, Digest]:
        return _digests((row.slot, row) for row in self.all())

    def digests(self, slot: int) -> dict[int, Digest]:
        return _digests((row.bucket, row) for row in self.all() if row.slot == slot)

    def fingerprints(self, slot: int, buckets: Collection[int]) -> list[int]:
        return [row.fingerprint for row in self.rows_of(slot, buckets)]

    def rows_of(self, slot: int, buckets: Collection[int]) -> list[Row]:
        return [row for row in self.all() if row.slot == slot and row.bucket in buckets]

    def drop(self, slots: Collection[int]) -> None:
        """Take slots away."""
        self.keys = {
            key: kept for key, kept in self.keys.items() if next(iter(kept)).slot not in slots
        }


def _digests(rows: Iterable[tuple[int, Row]]) -> dict[int, Digest]:
    found: dict[int, Digest] = {}
    for place, row in rows:
        have = found.get(place, Digest(0, 0))
        found[place] = Digest((have.sum + row.fingerprint) % 2**64, have.rows + 1)
    return found


class Disk:
    """Writes in order, each all or nothing; a crash leaves some of what was on its way."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.rows = MemoryRows(clock)
        self.state: NodeState | None = None
        self.lives = 0  # of the node: its first request id
        self._random = random
        self._waiting: deque[tuple[Save, Callable[[Save], None]]] = deque()

    def begin(self, save: Save, done: Callable[[Save], None]) -> None:
        """Take something to be written."""
        self._waiting.append((save, done))

    def write(self) -> None:
        """The oldest of them is durable now."""
        if self._waiting:
            save, done = self._waiting.popleft()
            done(save._replace(changed=self._apply(save)))

    def crash(self) -> None:
        """The power is off: the first of what was on its way had just been written, or none."""
        for _ in range(self._random.randint(0, len(self._waiting))):
            self._apply(self._waiting.popleft()[0])
        self._waiting.clear()

    def _apply(self, save: Save) -> int:
        self.rows.put(save.rows)
        changed = self.rows.expire(save.expire)
        self.rows.forget(save.forget)
        if save.state is not None:
            self.state = save.state
            self.rows.drop(save.drop)
        return changed
