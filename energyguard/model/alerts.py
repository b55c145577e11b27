"""Alert events, the states of an alert, and what people do with it.

Events travel in ``energyguard.alerts``, actions in ``energyguard.alert-actions``; the alert book
(``alerts/book.py``) folds the two. Times of events are event times in ms since 1970 UTC.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class State(StrEnum):
    """The life cycle of an alert."""

    PENDING = "pending"  # over the level, for less than the dwell time
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"  # a person has it; set by an action
    SILENCED = "silenced"  # until a time; set by an action
    RESOLVED = "resolved"
    UNKNOWN = "unknown"  # the device went quiet: nobody knows


class AlertEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of one alert, as written by a worker.

    ``observed``, ``expected``, ``peak`` count 1e-9 of ``unit``. ``state`` is one of pending,
    firing, resolved, unknown: the worker knows no people.
    """

    id: str
    rule: str
    device: str
    channel: str
    severity: Severity
    state: State
    time_ms: int  # event time of this change
    since_ms: int  # event time of the reading that began the episode
    window_start_ms: int  # the window that began it
    window_end_ms: int
    observed: int  # in the window, at this change
    expected: int  # the level it is held against
    peak: int  # the highest window so far
    unit: str
    topic: str  # the topic that the readings came in
    about: str  # one sentence: "H017 passed 2.0 kWh in 15 minutes"
    reason: str = ""  # why it is resolved, where no window says so: "the rule was stopped"


class Act(StrEnum):
    """What a person can do with an alert."""

    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    UNSILENCE = "unsilence"


class AlertAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did. ``at_ms`` and, of a silence, ``until_ms`` are wall time."""

    id: str
    act: Act
    by: str
    at_ms: int
    note: str = ""
    until_ms: int | None = None


def alert_id(topic: str, rule: str, device: str, channel: str, window_end_ms: int) -> str:
    """The deterministic id of an episode: 16 hex digits of what began it."""
    text = "\n".join((topic, rule, device, channel, str(window_end_ms)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
