"""Facts of the log as updates for whoever subscribes: from a place in the log on, none twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from threading import Event
from typing import Any, NamedTuple

from energyguard.clock import SYSTEM
from energyguard.errors import Malformed
from energyguard.log import EARLIEST, LATEST, Fetched, Log, TopicPartition
from energyguard.service.live.subscribers import Fact, Subscribers, Subscription, read_positions
from energyguard.service.views import Kind, Update

MAX_RESUME = 4_000
FOLD_WAIT_S, FOLD_STEP_S = 5.0, 0.02

Shown = tuple[int, Kind, Any]
"""Of a record: its offset, the kind of the fact that it is, and what to show."""


class FactSource(NamedTuple):
    """A topic whose records are facts: of which kinds, and what to show of them."""

    kinds: frozenset[Kind]
    shown: Callable[[Fetched], Sequence[Shown]]


def facts_of(kind: Kind, shown: Callable[[Fetched], Sequence[tuple[int, Any]]]) -> FactSource:
    """A topic whose records are all of one kind."""
    return FactSource(
        frozenset({kind}), lambda fetched: [(offset, kind, data) for offset, data in shown(fetched)]
    )


class Updates:
    """Everybody's subscriptions to the facts of some topics.

    Args:
        log: where the facts are.
        sources: by topic.
        positions: how far each partition was read.
    """

    def __init__(
        self,
        log: Log,
        sources: Mapping[str, FactSource],
        positions: Callable[[], Mapping[TopicPartition, int]],
    ) -> None:
        self._log, self._sources, self._positions = log, sources, positions
        self._subscribers = Subscribers()
        self._pause = Event()  # never set: to wait by

    @property
    def listeners(self) -> Sequence[Subscription]:
        """Those who subscribe now."""
        return self._subscribers.all

    def publish(self, fetched: Fetched) -> None:
        """Tell those who subscribe of records; of a topic without facts nothing."""
        source = self._sources.get(fetched.topic)
        listeners = [
            each for each in self.listeners if source and any(map(each.wants, source.kinds))
        ]
        for fact in self._facts(fetched) if listeners else ():
            for listener in listeners:
                if listener.wants(fact[0]):
                    listener.put_fact(*fact)

    async def subscribe(
        self,
        kinds: Collection[Kind],
        after: str,
        greet: Callable[[Subscription], object] = lambda subscription: None,
    ) -> AsyncGenerator[Update, None]:
        """Updates as they come, for the running event loop; end it with ``aclose()``.

        Args:
            kinds: only these kinds; empty: all.
            after: an ``Update.id``: the facts that came after it are delivered first.
            greet: puts in what is so now.

        Raises:
            Malformed: ``after`` is not such an id.
        """
        try:
            since = read_positions(after)
        except ValueError as error:
            raise Malformed(str(error), "Last-Event-ID") from error
        subscription = Subscription(kinds, self._here(kinds) | since)
        self._subscribers.add(subscription)
        try:
            if since:
                await asyncio.to_thread(self._resume, subscription, since)
            greet(subscription)
            yield subscription.named(Update("ready", {}))
            while True:
                yield await subscription.next()
        finally:
            self._subscribers.remove(subscription)

    def _here(self, kinds: Collection[Kind]) -> dict[TopicPartition, int]:
        wanted = {
            topic
            for topic, source in self._sources.items()
            if not kinds or not source.kinds.isdisjoint(kinds)
        }
        return {at: offset for at, offset in self._positions().items() if at.topic in wanted}

    def _resume(self, subscription: Subscription, since: Mapping[TopicPartition, int]) -> None:
        """Queue what the log has after these positions; what comes live meanwhile stands behind."""
        wanted = {at.topic for at in self._here(subscription.kinds)}
        found: list[Fact] = []
        lost = 0
        for topic in wanted & {at.topic for at in since}:
            first, end = (self._log.positions(topic, of) for of in (EARLIEST, LATEST))
            at = {p: max(n, first.get(p, 0)) for p, n in since.items() if p in end}
            lost += sum(n - since[p] for p, n in at.items())
            self._wait_for({p: end[p] for p in at})
            while at := {p: n for p, n in at.items() if n < end[p]}:
                if len(found) >= MAX_RESUME:
                    lost += sum(end[p] - n for p, n in at.items())
                    break
                for fetched in self._log.read(at, 1_000, wait=0.0):
                    at[fetched.at] = fetched.next_offset
                    found += [f for f in self._facts(fetched) if subscription.wants(f[0])]
        subscription.put_first(found)
        if lost:
            subscription.skip(lost)

    def _wait_for(self, ends: Mapping[TopicPartition, int]) -> None:
        """Until what there was is folded, or a while: what is not is not shown as it is."""
        until = SYSTEM.monotonic() + FOLD_WAIT_S
        while SYSTEM.monotonic() < until:
            here = self._positions()
            if all(here.get(at, 0) >= end for at, end in ends.items()):
                return
            self._pause.wait(FOLD_STEP_S)

    def _facts(self, fetched: Fetched) -> list[Fact]:
        shown = self._sources[fetched.topic].shown(fetched)
        return [(kind, data, fetched.at, offset) for offset, kind, data in shown]
