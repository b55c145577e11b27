"""Those who want to hear of news: each with a queue of its own, so that none waits for another.

States (readings, progress) have one slot: only the newest waits. Facts are queued; a subscriber
too slow for them loses the oldest and is told how many. Alerts never queue behind other facts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any

from energyguard.log import TopicPartition
from energyguard.service.views import Kind, Update
from energyguard.telemetry import METRICS

STATES: frozenset[Kind] = frozenset({"readings", "progress"})
URGENT: frozenset[Kind] = frozenset({"alert", "anomaly", "action"})
FACTS_KEPT = 4_096

Fact = tuple[Kind, Any, TopicPartition, int]
"""What it is, what to show, and where it stands in the log."""


class Subscription:
    """One subscriber's queue. Put from any thread; taken in one event loop."""

    def __init__(self, kinds: Collection[Kind], positions: Mapping[TopicPartition, int]) -> None:
        self.kinds = frozenset(kinds)
        self._positions = dict(positions)
        self._lock = Lock()
        self._slots: dict[Kind, Any] = {}
        self._urgent: deque[Fact] = deque()
        self._facts: deque[Fact] = deque()
        self._missed = 0
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()

    def wants(self, kind: Kind) -> bool:
        """Whether this kind was asked for; an anomaly is an alert."""
        return not self.kinds or kind in self.kinds or self._plain(kind) in self.kinds

    def put_state(self, kind: Kind, data: Any) -> None:
        """Replace what waits of a state."""
        with self._lock:
            self._slots[kind] = data
        self._wake()

    def put_fact(self, kind: Kind, data: Any, at: TopicPartition, offset: int) -> None:
        """Queue a fact, with its place in the log."""
        queue = self._urgent if kind in URGENT else self._facts
        with self._lock:
            queue.append((kind, data, at, offset))
            if len(queue) > FACTS_KEPT:
                queue.popleft()
                self._missed += 1
                METRICS["notifications_dropped"].inc()
        self._wake()

    def put_first(self, facts: Iterable[Fact]) -> None:
        """Queue facts from the log, in their order, before all that came live meanwhile."""
        with self._lock:
            for kind, *fact in reversed(list(facts)):
                queue = self._urgent if kind in URGENT else self._facts
                queue.appendleft((kind, *fact))
        self._wake()

    def skip(self, events: int) -> None:
        """Say that this many facts will not come."""
        with self._lock:
            self._missed += events
        self._wake()

    def _wake(self) -> None:
        if not self._ready.is_set():
            try:
                self._loop.call_soon_threadsafe(self._ready.set)
            except RuntimeError:  # the loop is closed: nobody listens any more
                return

    async def next(self) -> Update:
        """The next update, as soon as there is one."""
        while (update := self._pop()) is None:
            await self._ready.wait()
            self._ready.clear()
        return update

    def _pop(self) -> Update | None:
        with self._lock:
            if self._missed:
                missed, self._missed = self._missed, 0
                return self.named(Update("missed", {"events": missed}))
            for queue in (self._urgent, self._facts):
                while queue:
                    kind, data, at, offset = queue.popleft()
                    if offset >= self._positions.get(at, 0):  # else: already had from the log
                        self._positions[at] = offset + 1
                        if (plain := self._plain(kind)) != kind:
                            kind, data = plain, data.alert
                        return self.named(Update(kind, data))
            if self._slots:
                kind, data = self._slots.popitem()
                return self.named(Update(kind, data))
        return None

    def _plain(self, kind: Kind) -> Kind:
        """What an anomaly is for those who did not ask for anomalies."""
        return "alert" if kind == "anomaly" and kind not in self.kinds else kind

    def named(self, update: Update) -> Update:
        """The update with the id to resume after it."""
        return replace(update, id=write_positions(self._positions))


class Subscribers:
    """All subscriptions of a process."""

    def __init__(self) -> None:
        self.all: tuple[Subscription, ...] = ()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.all)

    def add(self, subscription: Subscription) -> None:
        """Begin to deliver."""
        with self._lock:
            self.all = (*self.all, subscription)
        METRICS["sse_clients"].set(len(self.all))

    def remove(self, subscription: Subscription) -> None:
        """Stop delivering."""
        with self._lock:
            self.all = tuple(kept for kept in self.all if kept is not subscription)
        METRICS["sse_clients"].set(len(self.all))


def write_positions(positions: Mapping[TopicPartition, int]) -> str:
    """Positions as the id of an event: ``energyguard.alerts=0:12,1:5;…``."""
    topics: dict[str, list[str]] = {}
    for at in sorted(positions):
        topics.setdefault(at.topic, []).append(f"{at.partition}:{positions[at]}")
    return ";".join(f"{topic}={','.join(parts)}" for topic, parts in topics.items())


def read_positions(text: str) -> dict[TopicPartition, int]:
    """The positions that an event's id stands for.

    Raises:
        ValueError: it is not an id that ``write_positions`` wrote.
    """
    positions: dict[TopicPartition, int] = {}
    for group in filter(None, text.split(";")):
        topic, separator, parts = group.partition("=")
        if not separator:
            raise ValueError(f"not an event id: {text!r}")
        for part in parts.split(","):
            partition, _, offset = part.partition(":")
            positions[TopicPartition(topic, int(partition))] = int(offset)
    return positions
