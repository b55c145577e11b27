"""Making replicas equal: compare digests, then exchange only the rows that one of them lacks.

In a settled epoch a node surveys one neighbour after the other, for ever. In a moving one it
fetches the slots that it is to own from so many of their owners that no acknowledged write can be
missed. Both compare a slot with a neighbour; rows go both ways, so both are complete afterwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from energyguard.store.node.replica import NodeRows
from energyguard.store.node.writer import Digest
from energyguard.store.ring.effects import Effect, Save, Send
from energyguard.store.ring.membership import NOBODY, ClusterMembership, sources
from energyguard.store.ring.messages import (
    Compare,
    Differ,
    DifferingSlots,
    Fetch,
    Found,
    Put,
    Reply,
    Stale,
    Survey,
)

SURVEY_MS = 1_000
PATIENCE_MS = 3_000
"""What has not been answered by then is begun anew."""
SOON_MS = 100
"""After so long who was in another epoch is asked again."""
DISK_PATIENCE_MS = 60_000
"""What has not been written by then, too."""
AT_ONCE = 24  # slots that are being compared
BUSY_AT_ONCE = 8  # per survey: slots that are being written differ for that reason alone
ROWS_AT_ONCE = 1_000

T = TypeVar("T")


@dataclass(slots=True)
class _Pair:
    """A slot that is being compared with one neighbour."""

    slot: int
    other: str
    until_ms: int
    empty: bool  # nothing is here yet
    missing: int = 0  # answers with rows that are still to be stored
    more: bool = False


class Repair:
    """Compares the slots of one node with their other owners."""

    def __init__(self, name: str, rows: NodeRows, ids: Iterator[int]) -> None:
        self._name, self._rows, self._ids = name, rows, ids
        self._now = NOBODY
        self._neighbours: deque[str] = deque()
        self._todo: deque[tuple[int, str]] = deque()
        self._open: dict[int, _Pair] = {}
        self._surveys: dict[int, str] = {}
        self._shared: dict[str, Sequence[int]] = {}
        self._next_survey_ms = 0
        self._surveyed: Mapping[int, Digest] = {}  # what our slots held at the last survey
        self._busy: set[int] = set()  # those that were written between the last two
        self._looked_ms: dict[int, int] = {}  # when they were compared all the same
        self._fetch: dict[int, tuple[tuple[str, ...], int]] = {}
        self._complete: dict[int, set[str]] = {}
        self.taken = self.sent = 0  # rows, since the process started

    @property
    def left(self) -> int:
        """Slots that this node has still to fetch."""
        return len(self._fetch)

    def enter(self, membership: ClusterMembership) -> None:
        """Go by another epoch; what an earlier one had begun is over."""
        self._now = membership
        self._open.clear()
        self._surveys.clear()
        self._complete.clear()
        self._shared.clear()
        self._fetch = sources(membership, self._name) if membership.coming else {}
        for slot in [slot for slot, (_, needed) in self._fetch.items() if needed <= 0]:
            del self._fetch[slot]
        self._todo = deque(_in_turns({slot: others for slot, (others, _) in self._fetch.items()}))
        names = membership.everyone()
        self._neighbours = deque(n for n in names if n != self._name and self._name in names)

    def tick(self, now_ms: int) -> list[Effect]:
        """Begin what is due."""
        slow = [pair for pair in self._open.values() if pair.until_ms <= now_ms]
        for pair in slow:
            self._give_up(pair)
        if silent := {pair.other for pair in slow}:  # the others first: they may be enough
            self._todo = deque(sorted(self._todo, key=lambda entry: entry[1] in silent))
        effects: list[Effect] = []
        if self._neighbours and now_ms >= self._next_survey_ms:
            self._next_survey_ms = now_ms + SURVEY_MS
            effects += self._survey()
        return effects + self._go_on(now_ms)

    def _survey(self) -> list[Effect]:
        other = self._neighbours[0]
        self._neighbours.rotate(-1)
        ours, before, nothing = self._rows.slots(), self._surveyed, Digest(0, 0)
        self._busy = {slot for slot in ours.keys() & before.keys() if ours[slot] != before[slot]}
        self._surveyed = ours
        shared = [(slot, *ours.get(slot, nothing)) for slot in self._shared_with(other)]
        request = Survey(next(self._ids), self._now.epoch, shared)
        self._surveys = {request.id: other}
        return [Send(other, request)] if shared else []

    def _worth_a_look(self, now_ms: int, differing: Sequence[int]) -> Sequence[int]:
        """Slots to compare: all that nobody writes, and in turn some of those that somebody does.

        To compare a slot takes as long as what it holds, and under load all of them differ.
        """
        busy = sorted(self._busy.intersection(differing), key=lambda s: self._looked_ms.get(s, 0))
        self._looked_ms |= dict.fromkeys(busy[:BUSY_AT_ONCE], now_ms)
        left_out = set(busy[BUSY_AT_ONCE:])
        return [slot for slot in differing if slot not in left_out]

    def _shared_with(self, other: str) -> Sequence[int]:
        """The slots that both own, in force: what is to come is fetched."""
        if other not in self._shared:
            both = {self._name, other}
            self._shared[other] = [
                slot for slot, owners in enumerate(self._now.owners) if both <= set(owners)
            ]
        return self._shared[other]

    def _go_on(self, now_ms: int) -> list[Effect]:
        """Begin to compare; a slot with one neighbour at a time: the next has little to add."""
        effects: list[Effect] = []
        busy = {pair.slot for pair in self._open.values()}
        for _ in range(len(self._todo)):
            if len(busy) >= AT_ONCE:
                break
            slot, other = self._todo.popleft()
            if slot in busy:
                self._todo.append((slot, other))
                continue
            if slot in self._complete and slot not in self._fetch:
                continue  # has come from enough others
            busy.add(slot)
            digests = [(b, d.sum, d.rows) for b, d in sorted(self._rows.digests(slot).items())]
            compare = Compare(next(self._ids), self._now.epoch, slot, digests)
            effects.append(
                self._ask(compare, _Pair(slot, other, now_ms + PATIENCE_MS, not digests))
            )
        return effects

    def _ask(self, request: Compare | Fetch, pair: _Pair) -> Send:
        self._open[request.id] = pair
        return Send(pair.other, request)

    def _give_up(self, pair: _Pair) -> None:
        self._open = {i: p for i, p in self._open.items() if p is not pair}
        if pair.slot in self._fetch:
            self._todo.append((pair.slot, pair.other))

    def receive(self, now_ms: int, reply: Reply) -> list[Effect]:
        """Go on with what was compared."""
        if isinstance(reply, Stale) and (opened := self._open.get(reply.id)):
            opened.until_ms = min(opened.until_ms, now_ms + SOON_MS)
        if isinstance(reply, DifferingSlots) and (other := self._surveys.pop(reply.id, None)):
            known = set(self._todo)
            found = self._worth_a_look(now_ms, reply.slots)
            self._todo += [(slot, other) for slot in found if (slot, other) not in known]
            return self._go_on(now_ms)
        if isinstance(reply, Differ) and (pair := self._open.pop(reply.id, None)):
            return [*self._exchange(now_ms, pair, reply), *self._go_on(now_ms)]
        if isinstance(reply, Found) and reply.id in self._open:
            self._open[reply.id].until_ms = now_ms + DISK_PATIENCE_MS
            return [Save(reply.rows, fetched=reply.id)]
        return []

    def saved(self, now_ms: int, save: Save) -> list[Effect]:
        """Rows that were fetched are durable."""
        pair = self._open.pop(save.fetched, None)
        if pair is None:
            return []
        self.taken += len(save.rows)
        pair.missing -= 1
        if pair.missing == 0:
            self._end(pair)
        return self._go_on(now_ms)

    def _exchange(self, now_ms: int, pair: _Pair, reply: Differ) -> Iterator[Effect]:
        slot, buckets = reply.slot, reply.buckets
        pair.until_ms, pair.more = now_ms + PATIENCE_MS, reply.more
        theirs, ours = set(reply.fingerprints), set(self._rows.fingerprints(slot, buckets))
        lacking = [()] if buckets and pair.empty else _parts(sorted(theirs - ours))
        for part in lacking:
            pair.missing += 1
            yield self._ask(Fetch(next(self._ids), self._now.epoch, slot, buckets, part), pair)
        owned = any(pair.other in group for group in self._now.groups(slot))
        surplus = ours - theirs if owned and not pair.empty else set()  # a stand-in has hints only
        if surplus:
            rows = [r for r in self._rows.rows_of(slot, buckets) if r.fingerprint in surplus]
            for some in _parts(rows):
                self.sent += len(some)
                yield Send(pair.other, Put(next(self._ids), self._now.epoch, some))
        if pair.missing == 0:
            self._end(pair)

    def _end(self, pair: _Pair) -> None:
        """Everything that the other had when it was asked is here, unless there is more."""
        if pair.more:
            self._todo.appendleft((pair.slot, pair.other))
        elif pair.slot in self._fetch:
            complete = self._complete.setdefault(pair.slot, set())
            complete.add(pair.other)
            if len(complete) >= self._fetch[pair.slot][1]:
                del self._fetch[pair.slot]


def _in_turns(others: Mapping[int, Sequence[str]]) -> Iterator[tuple[int, str]]:
    """Each slot with one of its neighbours, then each with its next: all have as much to do."""
    for turn in range(max(map(len, others.values()), default=0)):
        for slot, nodes in others.items():
            if turn < len(nodes):
                yield slot, nodes[(slot + turn) % len(nodes)]


def _parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), ROWS_AT_ONCE):
        yield things[start : start + ROWS_AT_ONCE]
