"""What transitions of chargers lead to: times that will be up, and the bills of a parking session.

Charges that are over are held against what can be, until somebody pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from energyguard.domains.charging.model import (
    ChargingTransaction,
    Outcome,
    ParkingLimits,
    ParkingSession,
    Signal,
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

    limits: ParkingLimits
    out: list[Outcome] = field(default_factory=list)
    timers: list[tuple[int, str, int, Violation]] = field(default_factory=list)
    """A heap of: last second that is allowed, charger, its sessions by then, what it would be."""
    occupied: int = 0
    touched: set[str] = field(default_factory=set)  # chargers of which something changed
    longest_s: Mapping[Violation, int] = field(init=False)
    """How long each state may last."""

    def __post_init__(self) -> None:
        rules = violation_rules(self.limits)
        self.longest_s = {what: rule.last_allowed(0, per_s=1) for what, rule in rules.items()}


def violation_rules(limits: ParkingLimits) -> Mapping[Violation, StateRule]:
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


def started_again(session: ParkingSession, signal: Signal) -> None:
    """Another start of a charge; in its second it may contradict the first."""
    if session.start_recharging != signal.second:
        return
    if session.power_kw != signal.amount:
        session.inferred.append(TWO_POWERS)
    if _differ(session.register, signal.register):
        session.inferred.append(TWO_STARTS)
        session.register = None


def stopped(session: ParkingSession, signal: Signal, limits: ParkingLimits) -> None:
    """A charge is over."""
    start, power = session.start_recharging, session.power_kw
    assert start is not None and power is not None
    metered = None
    if session.register is not None and signal.register is not None:
        metered = signal.register - session.register
    session.end_register = signal.register
    _hold(session, Unbilled(start, signal.second, power, metered), limits)


def stopped_again(session: ParkingSession, signal: Signal, limits: ParkingLimits) -> None:
    """Another stop; in the second of the first it may contradict it."""
    if session.end_recharging != signal.second or not _differ(
        session.end_register, signal.register
    ):
        return
    last = session.unbilled[-1] if session.unbilled else None
    if last is not None and last.end == signal.second and last.metered is not None:
        del session.unbilled[-1]
        session.inferred.append(TWO_STOPS)
        _hold(session, Unbilled(last.start, last.end, last.power_kw), limits)


def paid(session: ParkingSession) -> list[ChargingTransaction]:
    """The bills of the user who has plugged in; nothing is left to pay then."""
    assert session.user is not None and session.price is not None
    user, price = session.user, session.price
    found = [
        ChargingTransaction(
            session.charger, user, due.start, due.end, due.power_kw, price, due.metered, session.id
        )
        for due in session.unbilled
    ]  # fmt: skip
    session.unbilled.clear()
    return found


def _hold(session: ParkingSession, charge: Unbilled, limits: ParkingLimits) -> None:
    fits, why = billable(charge, session.rating_kw, limits)
    if why:
        session.inferred.append(why)
    if fits is not None:
        session.unbilled.append(fits)


def _differ(first: int | None, second: int | None) -> bool:
    """Whether two registers contradict each other."""
    return first is not None and second is not None and first != second
