"""Every delivery that the log has: what waits, what was sent to whom, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import RLock
from typing import Any, Final

import msgspec

from energyguard.alerts.flapping import HOUR_MS, Signal, signal_of
from energyguard.log import Fetched, Log, Records
from energyguard.log.compacted import CompactedReader
from energyguard.model.notify import GONE, OVER, News, Standing
from energyguard.model.topics import DELIVERIES
from energyguard.records.notify import DELIVERY, AlertDelivery
from energyguard.telemetry import logger

_ORDER: Final = {News.FIRING: 0, News.RESOLVED: 1, News.WITHDRAWN: 1, News.TEST: 0, News.REPORT: 0}
_log = logger(__name__)

PACED_MS: Final = 600_000
"""A route with more messages than it may get has one each ten minutes, with all that came."""

Deliveries = Mapping[str, AlertDelivery | None]
"""By key; None: it is forgotten."""


def key_of_delivery(delivery: AlertDelivery) -> str:
    """Its key: the same news of an alert is one delivery, however often it comes."""
    return f"{delivery.route}/{delivery.alert}/{delivery.news}/{delivery.revision}"


def delivery_records(deliveries: Deliveries) -> Records:
    """Deliveries as the log takes them."""
    values = [
        None if delivery is None else DELIVERY.encode(delivery) for delivery in deliveries.values()
    ]
    return Records([key.encode() for key in deliveries], values)


class DeliveryBook:
    """A fold of ``energyguard.deliveries``. Thread-safe.

    Attributes:
        open: those of which something is left to do, by key.
        firing: by route what it was, or will be, told that it fires, and not that it is over: the
            newest delivery of each alert, by the alert.
    """

    def __init__(self, log: Log) -> None:
        self._reader, self._lock = CompactedReader(log, DELIVERIES.name), RLock()
        self._rows: dict[str, AlertDelivery] = {}
        self.open: dict[str, AlertDelivery] = {}
        self.firing: dict[str, dict[str, AlertDelivery]] = {}
        self._of_alerts: dict[tuple[str, str], dict[str, None]] = {}  # keys by route and alert
        self._of_signals: dict[tuple[str, Signal], dict[str, None]] = {}  # keys by route and signal
        self._sent: dict[str, dict[str, int]] = {}  # by route: messages of late, and when

    def refresh(self) -> None:
        """Take what was written since."""
        with self._lock:
            for part in self._reader.unread():
                self._take(part)

    def _take(self, part: Fetched) -> None:
        for name, value, offset in zip(part.keys, part.values, part.offsets, strict=True):
            key = (name or b"").decode("utf-8", "replace")
            try:
                self._put(key, None if value is None else DELIVERY.decode(value))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _log.warning("unreadable record", at=part.topic, offset=offset, reason=str(error))

    def _put(self, key: str, delivery: AlertDelivery | None) -> None:
        self.open.pop(key, None)
        if delivery is None:
            if old := self._rows.pop(key, None):
                _forget(self._of_alerts, (old.route, old.alert), key)
                _forget(self._sent, old.route, old.message)
                self._follow(old)
                if old.event:
                    _forget(self._of_signals, (old.route, signal_of(old.event)), key)
            return
        self._rows[key] = delivery
        self._of_alerts.setdefault((delivery.route, delivery.alert), {})[key] = None
        if delivery.event:
            of_signal = (delivery.route, signal_of(delivery.event))
            self._of_signals.setdefault(of_signal, {})[key] = None
        if delivery.standing not in OVER:
            self.open[key] = delivery
        if delivery.standing is Standing.SENT and delivery.message:
            self._sent.setdefault(delivery.route, {})[delivery.message] = delivery.at_ms
        self._follow(delivery)

    def _follow(self, changed: AlertDelivery) -> None:
        """Whether an alert fires for a route, after one of its deliveries has changed."""
        of_alert = self.of(changed.route, changed.alert)
        newest, firing = of_alert[-1] if of_alert else None, self.firing
        if newest and newest.news is News.FIRING and newest.standing not in GONE:
            firing.setdefault(changed.route, {})[changed.alert] = newest
        else:
            _forget(firing, changed.route, changed.alert)

    def get(self, key: str) -> AlertDelivery | None:
        """One of them."""
        return self._rows.get(key)

    def of(self, route: str, alert: str) -> list[AlertDelivery]:
        """Those of an alert for a route, in the order in which they came about."""
        with self._lock:
            found = [self._rows[key] for key in self._of_alerts.get((route, alert), ())]
        return sorted(found, key=lambda delivery: (delivery.revision, _ORDER[delivery.news]))

    def of_signal(self, route: str, signal: Signal) -> list[AlertDelivery]:
        """Those of all alerts of a signal for a route."""
        with self._lock:
            return [self._rows[key] for key in self._of_signals.get((route, signal), ())]

    def newest(self, limit: int = 100, route: str = "") -> list[AlertDelivery]:
        """The newest, newest first; of a route, or of all."""
        with self._lock:
            found = [delivery for delivery in self._rows.values() if route in ("", delivery.route)]
        return sorted(found, key=lambda delivery: -delivery.at_ms)[:limit]

    def state_of(self, route: str) -> tuple[int, AlertDelivery | None]:
        """How many deliveries of a route wait, and the newest that was sent, or failed."""
        with self._lock:
            of_route = [delivery for delivery in self._rows.values() if delivery.route == route]
        tried = (d for d in of_route if d.standing in (Standing.SENT, Standing.FAILED))
        waiting = sum(delivery.standing is Standing.WAITING for delivery in of_route)
        return waiting, max(tried, key=lambda delivery: delivery.at_ms, default=None)

    def failing(self, routes: Iterable[str]) -> dict[str, str]:
        """Of some routes those whose last message failed, and why, by name."""
        last = {name: self.state_of(name)[1] for name in sorted(routes)}
        return {
            name: tried.reason
            for name, tried in last.items()
            if tried is not None and tried.standing is Standing.FAILED
        }

    def paced_until_ms(self, route: str, per_hour: int, now_ms: int) -> int:
        """Until when a route gets nothing, for it had as many messages as it may; 0: it may."""
        with self._lock:
            late = self._sent.get(route, {})
            for old in [message for message, at_ms in late.items() if at_ms <= now_ms - HOUR_MS]:
                del late[old]
            sent = sorted(late.values())
        if len(sent) < per_hour:
            return 0
        return min(sent[-1] + PACED_MS, sent[-per_hour] + HOUR_MS)

    def before(self, at_ms: int) -> Iterable[str]:
        """The keys of those that are over since before a wall time."""
        return [k for k, d in self._rows.items() if d.standing in OVER and d.at_ms < at_ms]


def _forget(found: dict[Any, dict[str, Any]], of: Any, key: str) -> None:
    """Take a key out of one of some tables, and the table with its last."""
    table = found.get(of, {})
    table.pop(key, None)
    if not table:
        found.pop(of, None)
