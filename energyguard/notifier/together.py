"""What of a route waits for the rest of its incident: one cause is one message.

Nothing is kept here: each look goes by the deliveries that the log has, so whoever takes the route
on waits for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from energyguard.alerts.incidents import Incident
from energyguard.model.notify import News, Standing
from energyguard.records.alerts import AlertEvent
from energyguard.records.notify import AlertDelivery, Route

MORE_MS: Final = 600_000
"""What joins an incident that was told is told so long afterwards, all that joined at once."""
HELD_MS: Final = 900_000
"""So long those that are back wait for the last one; then it is told how many are still silent."""

Deliveries = Mapping[str, AlertDelivery]
FindIncidents = Callable[[Iterable[AlertEvent]], list[Incident]]


def events_of(*several: Deliveries) -> list[AlertEvent]:
    """The alerts of some deliveries, each once."""
    events = {
        delivery.alert: delivery.event
        for deliveries in several
        for delivery in deliveries.values()
        if delivery.event is not None
    }
    return list(events.values())


def with_the_rest(
    route: Route,
    due: Deliveries,
    waiting: Deliveries,
    firing: Deliveries,
    find: FindIncidents,
    now_ms: int,
) -> dict[str, AlertDelivery]:
    """What is told now of what is due: without what is held, and with what belongs to it.

    Args:
        route: who is told.
        due: what could be sent, by key.
        waiting: all of the route that is not sent yet, by key.
        firing: by alert, what the route was, or will be, told that it fires and not that it is
            over.
        find: the incidents of some alerts.
        now_ms: the wall time.
    """
    chosen = dict(due)
    for incident in find(events_of(firing, waiting)):
        parts = {
            key: delivery
            for key, delivery in waiting.items()
            if delivery.alert in incident.alerts and delivery.standing is Standing.WAITING
        }
        open_alerts = {alert: firing[alert] for alert in incident.alerts if alert in firing}
        held = _held(parts, open_alerts, now_ms)
        ready = {
            key: delivery for key, delivery in parts.items() if key in chosen and key not in held
        }
        chosen = {key: delivery for key, delivery in chosen.items() if key not in held}
        if ready and not route.unanswered_min:
            chosen |= {key: delivery for key, delivery in parts.items() if key not in held}
    return chosen


def _held(parts: Deliveries, firing: Deliveries, now_ms: int) -> set[str]:
    """The keys of the parts of an incident that are not told yet."""
    over = {
        delivery.alert: delivery for delivery in parts.values() if delivery.news is not News.FIRING
    }
    sent = [delivery.at_ms for delivery in firing.values() if delivery.standing is Standing.SENT]
    is_held = {
        True: bool(over and firing) and now_ms < min(o.due_ms for o in over.values()) + HELD_MS,
        False: bool(sent) and now_ms < max(sent, default=0) + MORE_MS,
    }
    return {key for key, delivery in parts.items() if is_held[delivery.alert in over]}
