"""What comes and goes is one state: told once, and again when it stays as it is.

Nothing is kept here: how often something began, and what of that was told, is in the deliveries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from energyguard.alerts.flapping import (
    MAX_TIMES,
    STEADY_MS,
    Signal,
    signal_of,
    times_of_late,
)
from energyguard.model.notify import News, Standing
from energyguard.notify.deliveries import DeliveryBook
from energyguard.records.notify import AlertDelivery


class Flapping(NamedTuple):
    """A device's alerts of one rule that come and go."""

    times: int  # so often it began within an hour
    is_known: bool  # to the route


def flapping_of(deliveries: Sequence[AlertDelivery]) -> Flapping | None:
    """Whether something flaps for a route; None: it does not.

    Args:
        deliveries: of one signal, for the route.
    """
    times = {
        delivery.event.time_ms: delivery
        for delivery in deliveries
        if delivery.event and delivery.news is News.FIRING
    }
    newest_ms = max((known.event.time_ms for known in deliveries if known.event), default=0)
    if not (late := times_of_late(times, newest_ms)):
        return None
    return Flapping(len(late), times[late[MAX_TIMES]].standing is Standing.SENT)


def steady(
    chosen: Mapping[str, AlertDelivery],
    waiting: Mapping[str, AlertDelivery],
    book: DeliveryBook,
    route: str,
    now_ms: int,
) -> dict[str, AlertDelivery]:
    """What is told now of what could be: of what flaps nothing, once that it does is told.

    Args:
        chosen: what could be sent, by key.
        waiting: all of the route that is not sent yet, by key.
        book: what was told.
        route: whom it is for.
        now_ms: the wall time.
    """
    ready = dict(chosen)
    by_signal: dict[Signal, dict[str, AlertDelivery]] = {}
    for key, delivery in waiting.items():
        if delivery.event and delivery.standing is Standing.WAITING:
            by_signal.setdefault(signal_of(delivery.event), {})[key] = delivery
    for signal, parts in by_signal.items():
        flapping = flapping_of(book.of_signal(route, signal)) if parts.keys() & ready else None
        if flapping is None:
            continue
        changed_ms = max(part.at_ms for part in parts.values())
        if flapping.is_known and now_ms < changed_ms + STEADY_MS:
            ready = {key: delivery for key, delivery in ready.items() if key not in parts}
        else:
            ready |= parts
    return ready
