"""What is told outside of the house about an alert, and how a delivery stands."""

from __future__ import annotations

from enum import StrEnum


class News(StrEnum):
    """What a delivery is about."""

    FIRING = "firing"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"  # later readings show that it was not so
    REPORT = "report"  # no alert: what a site used in a day, or a week
    TEST = "test"  # no alert: somebody tried the route


class ReportSpan(StrEnum):
    """What a report looks back at."""

    DAY = "daily"
    WEEK = "weekly"


class Standing(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"  # for its time: the gathering, quiet hours, the next try
    SENDING = "sending"  # the next word is that of the other side
    SENT = "sent"
    FAILED = "failed"  # tried as often as it is tried
    DROPPED = "dropped"  # nobody needs it any more; the reason says why


OVER = frozenset({Standing.SENT, Standing.FAILED, Standing.DROPPED})
"""Standings in which nothing is left to do."""
GONE = frozenset({Standing.FAILED, Standing.DROPPED})
"""Standings in which nobody was told."""

SILENCED = "silenced"
"""Why a delivery is dropped; or, of one that waits, for what: the end of a maintenance window."""
