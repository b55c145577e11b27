"""What a worker's next transaction appends: gathered from its tasks, written as records at once.

A task may have little to say, and a worker has many tasks: records are made when the transaction
is, of all tasks together. A replay throws its outputs away before anything was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from energyguard.log import Records, TopicPartition
from energyguard.log.records import joined
from energyguard.model.topics import ALERTS, ENERGY_ALERTS, LATE
from energyguard.stream.outcome import Outcome, Over
from energyguard.stream.records import alert_events, energy_alerts, set_apart


class Outputs:
    """Records by topic, in the order in which they were added."""

    def __init__(self) -> None:
        self._records: dict[str, list[Records]] = defaultdict(list)
        self._over: list[tuple[Over, Sequence[str]]] = []

    def __bool__(self) -> bool:
        return bool(self._records or self._over)

    def add(self, topic: str, records: Records) -> None:
        """Append these records to a topic."""
        self._records[topic].append(records)

    def tell(self, outcome: Outcome, at: TopicPartition) -> None:
        """Append what came of readings of a partition."""
        self._over += [(over, outcome.devices) for over in outcome.over]
        if outcome.placed:
            self.add(ALERTS.name, alert_events(outcome.events))
        for verdict, batch in outcome.apart:
            self.add(LATE.name, set_apart(verdict, batch, at.topic, at.partition))

    def by_topic(self) -> list[tuple[str, Records]]:
        """All of it, each topic once."""
        made = [(topic, joined(parts)) for topic, parts in self._records.items()]
        return made + ([(ENERGY_ALERTS.name, energy_alerts(self._over))] if self._over else [])
