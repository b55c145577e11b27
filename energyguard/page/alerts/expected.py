"""What an alert is held against, in words: a limit that somebody set, or what is usual."""

from __future__ import annotations

from energyguard.alerts.alert import Alert
from energyguard.page.words.formatting import value_and_limit
from energyguard.records.alerts import AlertEvent
from energyguard.rules.unusual.evidence import UnusualEvidence


def is_of_unusual(what: Alert | AlertEvent) -> bool:
    """Whether it is held against what is usual, and not against a limit that somebody set."""
    return UnusualEvidence.of(what.observed, dict(what.evidence)) is not None


def is_unlike_usual(what: Alert | AlertEvent) -> bool:
    """Whether no limit was passed: its rule knows what is usual, a profile's too."""
    return is_of_unusual(what) or "usual" in dict(what.evidence)


def value_and_expected(what: Alert | AlertEvent, value: int) -> str:
    """``2.04 kWh, limit 2 kWh``, or ``1.75 kW, usual 0.4 kW``."""
    return value_and_limit(value, what.expected, what.unit, is_of_unusual(what))
