"""What all chargers of a partition share: limits of states, and the times that will be up."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

from energyguard.model.charging import Outcome, StayLimits, Violation
from energyguard.rules.kinds.state import StateRule

# The class's own attributes are slow to look up.
_BEFORE, _AFTER = Violation.BEFORE, Violation.AFTER


@dataclass(slots=True)
class TransitionContext:
    """What all chargers share: what comes out, and the times that will be up."""

    limits: StayLimits
    out: list[Outcome] = field(default_factory=list)
    timers: list[tuple[int, str, int, Violation]] = field(default_factory=list)
    """A heap of: last second that is allowed, charger, its stays by then, what it would be."""
    occupied: int = 0
    touched: set[str] = field(default_factory=set)  # chargers of which something changed
    longest_s: Mapping[Violation, int] = field(init=False)
    """How long each state may last."""

    def __post_init__(self) -> None:
        rules = violation_rules(self.limits)
        self.longest_s = {what: rule.last_allowed(0, per_s=1) for what, rule in rules.items()}

    def wait(self, what: Violation, charger: str, stays: int, since: int) -> None:
        """A car is in a state since a second that must not last: see again when it has."""
        heapq.heappush(self.timers, (since + self.longest_s[what], charger, stays, what))


def violation_rules(limits: StayLimits) -> Mapping[Violation, StateRule]:
    """How long a car may stand in a state, as rules."""
    return {
        _BEFORE: StateRule(
            id="long-before-charging",
            state="parked and not charged yet",
            longer_than_ms=limits.before_s * 1000,
            about=_BEFORE.value,
        ),
        _AFTER: StateRule(
            id="long-after-charging",
            state="charged and still there",
            longer_than_ms=limits.after_s * 1000,
            about=_AFTER.value,
        ),
    }
