"""What transitions of chargers lead to: times that will be up, and the bills of a stay.

Charges that are over are held against what can be, until somebody pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from energyguard.domains.charging.model import (
    Charge,
    Outcome,
    Signal,
    Stay,
    StayLimits,
    Unbilled,
    Violation,
    billable,
)
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


TWO_POWERS = "two starts with two powers: the lower one counts"
TWO_STARTS = "energy from power and time: two starts with two registers"
TWO_STOPS = "energy from power and time: two stops with two registers"


def started_again(stay: Stay, signal: Signal) -> None:
    """Another start of a charge; in its second it may contradict the first."""
    if stay.start_recharging != signal.second:
        return
    if stay.power_kw != signal.amount:
        stay.inferred.append(TWO_POWERS)
    if _differ(stay.register, signal.register):
        stay.inferred.append(TWO_STARTS)
        stay.register = None


def stopped(stay: Stay, signal: Signal, limits: StayLimits) -> None:
    """A charge is over."""
    start, power = stay.start_recharging, stay.power_kw
    assert start is not None and power is not None
    metered = None
    if stay.register is not None and signal.register is not None:
        metered = signal.register - stay.register
    stay.end_register = signal.register
    _hold(stay, Unbilled(start, signal.second, power, metered), limits)


def stopped_again(stay: Stay, signal: Signal, limits: StayLimits) -> None:
    """Another stop; in the second of the first it may contradict it."""
    if stay.end_recharging != signal.second or not _differ(stay.end_register, signal.register):
        return
    last = stay.unbilled[-1] if stay.unbilled else None
    if last is not None and last.end == signal.second and last.metered is not None:
        del stay.unbilled[-1]
        stay.inferred.append(TWO_STOPS)
        _hold(stay, Unbilled(last.start, last.end, last.power_kw), limits)


def paid(stay: Stay) -> list[Charge]:
    """The bills of the user who has plugged in; nothing is left to pay then."""
    assert stay.user is not None and stay.price is not None
    user, price = stay.user, stay.price
    found = [
        Charge(
            stay.charger, user, due.start, due.end, due.power_kw, price, due.metered, stay.id
        )
        for due in stay.unbilled
    ]  # fmt: skip
    stay.unbilled.clear()
    return found


def _hold(stay: Stay, charge: Unbilled, limits: StayLimits) -> None:
    fits, why = billable(charge, stay.rating_kw, limits)
    if why:
        stay.inferred.append(why)
    if fits is not None:
        stay.unbilled.append(fits)


def _differ(first: int | None, second: int | None) -> bool:
    """Whether two registers contradict each other."""
    return first is not None and second is not None and first != second
