"""What comes and goes is one state: alerts about the same that began often within an hour.

A fold of what is known of alerts; it keeps nothing. Messages look at their deliveries in this way,
and the page, REST and the command at the alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.records.alerts import AlertEvent

HOUR_MS: Final = 3_600_000
MAX_TIMES: Final = 4
"""What begins more often within an hour, of event time, flaps."""
STEADY_MS: Final = 900_000
"""What has not changed for so long stays as it is, wall time."""

Signal = tuple[str, str, str, str]
"""What alerts are about: the topic, the rule, the device, the channel."""


class FlappingAlerts(NamedTuple):
    """Alerts of one signal that come and go."""

    times: int  # so often it began within an hour
    since_ms: int  # when it did first, event time
    alerts: tuple[str, ...]  # their ids, in the order in which they began


def signal_of(event: AlertEvent | Alert) -> Signal:
    """What an alert is about: of the same one another time has the same."""
    return event.topic, event.rule, event.device, event.channel


def times_of_late(begun_ms: Iterable[int], newest_ms: int) -> list[int]:
    """When something began within the hour before its newest change; empty: it does not flap.

    Args:
        begun_ms: when it began, event time.
        newest_ms: when it changed last, event time.
    """
    late = sorted({time_ms for time_ms in begun_ms if time_ms > newest_ms - HOUR_MS})
    return late if len(late) > MAX_TIMES else []


def flapping(alerts: Sequence[Alert], now_ms: int) -> dict[str, FlappingAlerts]:
    """The alerts that come and go, by the id of each of them.

    Args:
        alerts: all that are known, also those that are over.
        now_ms: the wall time: what has not changed for a while stays as it is.
    """
    changing = {signal_of(alert) for alert in alerts if alert.logged_ms > now_ms - STEADY_MS}
    by_signal: dict[Signal, list[Alert]] = {signal: [] for signal in changing}
    for alert in alerts if changing else ():
        if (signal := signal_of(alert)) in changing:
            by_signal[signal].append(alert)
    found: dict[str, FlappingAlerts] = {}
    for of_signal in by_signal.values():
        if len(of_signal) <= MAX_TIMES:
            continue
        newest_ms = max(alert.changed_ms for alert in of_signal)
        if late := times_of_late((alert.since_ms for alert in of_signal), newest_ms):
            parts = [alert for alert in of_signal if alert.since_ms >= late[0]]
            ids = tuple(alert.id for alert in sorted(parts, key=lambda alert: alert.since_ms))
            found |= dict.fromkeys(ids, FlappingAlerts(len(late), late[0], ids))
    return found


def newest_of_each(alerts: Sequence[Alert], flaps: dict[str, FlappingAlerts]) -> list[Alert]:
    """Alerts in their order, of those that come and go together the last that began."""
    return [a for a in alerts if a.id not in flaps or flaps[a.id].alerts[-1] == a.id]
