"""What the log says of alerts, folded as it comes: the book, the notifications, the rules.

Whoever serves alerts has one, and follows its topics: the service itself, and the building
monitor's verbs, which are a process of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.clock import Clock
from energyguard.log import Fetched, Log
from energyguard.log.records import RecordPlace, decoded
from energyguard.model import topics
from energyguard.records.alerts import ALERT_ACTION, ALERT_EVENT, AlertAction, AlertEvent
from energyguard.service.alerts.notifications import Notification, Notifications
from energyguard.service.live.updates import FactSource, Shown, facts_of
from energyguard.telemetry import METRICS

TOPICS = (
    topics.ALERTS,
    topics.ALERT_ACTIONS,
    topics.RULES,
    topics.READ_MARKS,
    topics.SILENCES,
)
"""What to follow, from the beginning."""

_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    topics.ALERTS.name: ALERT_EVENT.decoder,
    topics.ALERT_ACTIONS.name: ALERT_ACTION.decoder,
}


class Anomaly(NamedTuple):
    """An alert that fires for the first time: as it is now, and what was told of it then."""

    alert: Alert
    notification: Notification


class AlertFeed:
    """Takes records, and shows them as facts.

    Args:
        log: where people's marks are written.
        book: gets the alert events and actions.
        apply_rule: gets the records of ``energyguard.rules``.
        clock: the wall clock.
    """

    def __init__(
        self,
        log: Log,
        book: AlertBook,
        apply_rule: Callable[[str, bytes | None], object],
        clock: Clock,
    ) -> None:
        self.book, self._apply_rule = book, apply_rule
        self.notifications = Notifications(log, clock, silences=book.silences)
        self.takers: Mapping[str, Callable[[Fetched], object]] = {
            topics.ALERTS.name: self._tell,
            topics.ALERT_ACTIONS.name: self._tell,
            topics.RULES.name: self._change_rules,
            topics.READ_MARKS.name: self.notifications.take_marks,
            topics.SILENCES.name: book.silences.take,
        }
        self.sources: Mapping[str, FactSource] = {
            topics.ALERTS.name: FactSource(frozenset({"alert", "anomaly"}), self._events),
            topics.ALERT_ACTIONS.name: facts_of("action", self._alerts_of),
        }

    def _tell(self, fetched: Fetched) -> None:
        for place, record in _records(fetched):
            self.book.tell(record, place.at_ms)
            if isinstance(record, AlertEvent):
                METRICS["alerts"].labels(record.rule, record.state).inc()
                self.notifications.take(fetched.at, place.offset, place.at_ms, record)

    def _change_rules(self, fetched: Fetched) -> None:
        for key, value in zip(fetched.keys, fetched.values, strict=True):
            self._apply_rule((key or b"").decode("utf-8", "replace"), value)

    def _events(self, fetched: Fetched) -> list[Shown]:
        """Alerts as they are now; those that fired first by one of these records, as anomalies."""
        found: list[Shown] = []
        for offset, alert in self._alerts_of(fetched):
            notification = self.notifications.at(fetched.at, offset)
            found.append(
                (offset, "anomaly", Anomaly(alert, notification))
                if notification
                else (offset, "alert", alert)
            )
        return found

    def _alerts_of(self, fetched: Fetched) -> list[tuple[int, Alert]]:
        rows = ((place.offset, self.book.peek(record.id)) for place, record in _records(fetched))
        return [(offset, alert) for offset, alert in rows if alert]


def _records(fetched: Fetched) -> Iterator[tuple[RecordPlace, AlertEvent | AlertAction]]:
    yield from decoded(_DECODERS[fetched.topic], fetched)
