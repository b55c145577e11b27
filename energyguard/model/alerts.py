"""The states of an alert, how bad it is, and what people do with it."""

from __future__ import annotations

from enum import StrEnum


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


class Act(StrEnum):
    """What a person can do with an alert."""

    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
