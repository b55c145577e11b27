"""What comes and goes is one state: told once, and again when it stays as it is.

Nothing is kept here: how often something began, and what of that was told, is in the deliveries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from energyguard.model.notify import News, Standing
from energyguard.notify.deliveries import HOUR_MS, DeliveryBook, Signal, signal_of
from energyguard.records.notify import AlertDelivery

MAX_TIMES: Final = 4
"""What begins more often within an hour, of event time, flaps."""
STEADY_MS: Final = 900_000
"""What has not changed for so long stays as it is, wall time."""


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
    late = [times[time_ms] for time_ms in sorted(times) if time_ms > newest_ms - HOUR_MS]
    if len(late) <= MAX_TIMES:
        return None
    return Flapping(len(late), late[MAX_TIMES].standing is Standing.SENT)


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
