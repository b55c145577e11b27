"""What transitions of chargers lead to: charges that are over, and the bills of a parking session.

Charges that are over are held against what can be, until somebody pays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from energyguard.domains.charging.model import (
    ChargingTransaction,
    Outcome,
    ParkingLimits,
    ParkingSession,
    PriceChange,
    Signal,
    Unbilled,
    Violation,
)
from energyguard.domains.charging.physics import billable
from energyguard.domains.charging.spellings import plate_key, user_key
from energyguard.rules.kinds.state import StateRule

# The class's own attributes are slow to look up.
_BEFORE, _AFTER = Violation.BEFORE, Violation.AFTER


Timer: TypeAlias = tuple[int, str, int, str]
"""The last second before it is up, the charger, its sessions by then, and what it is: a violation,
or one of ``timers``."""


@dataclass(slots=True)
class TransitionContext:
    """What all chargers share: what comes out, and the times that will be up."""

    limits: ParkingLimits
    out: list[Outcome] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    """A heap."""
    occupied: int = 0
    touched: set[str] = field(default_factory=set)  # chargers of which something changed
    keeps: bool = False  # whether bays keep their signals, for those that come late
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


def is_user(session: ParkingSession, who: str) -> bool:
    """Whether an id is that of the user of a session, however it is spelled."""
    return _is_same(session.user, who, user_key)


def is_plate(session: ParkingSession, who: str) -> bool:
    """Whether a plate may be that of the car of a session: however spelled, or not read."""
    is_unread = session.plate is not None and not (session.plate and who)
    return is_unread or _is_same(session.plate, who, plate_key)


def _is_same(known: str | None, who: str, key: Callable[[str], str]) -> bool:
    return known == who or (known is not None and key(known) == key(who))


def started_again(session: ParkingSession, signal: Signal) -> None:
    """Another start of a charge; in its second it may contradict the first."""
    if session.start_recharging != signal.second:
        return
    if session.power != signal.amount:
        session.inferred.append(TWO_POWERS)
    if _differ(session.register, signal.register):
        session.inferred.append(TWO_STARTS)
        session.register = None


def is_another_charge(session: ParkingSession, signal: Signal) -> bool:
    """Whether a start during a charge begins another one: a charger may also repeat itself.

    Its meter proves it either way; without one, its user had plugged in once more before it.
    """
    since, again = session.start_recharging, session.plugged_again
    if since == signal.second:
        return False
    if session.register is not None and signal.register is not None:
        return session.register != signal.register
    return again is not None and again < signal.second


def stopped_unseen(session: ParkingSession, signal: Signal, limits: ParkingLimits) -> bool:
    """A charge is over by the start of another one; gives whether the meter says what it gave."""
    start, power, first = session.start_recharging, session.power, session.register
    assert start is not None and power is not None
    if first is None or signal.register is None:
        return False
    charge = Unbilled(start, signal.second, power, signal.register - first)
    fits, why = billable(charge, session.rating_kw, limits)
    if fits is None or why:
        return False
    session.unbilled.append(fits)
    return True


def stopped(session: ParkingSession, signal: Signal, limits: ParkingLimits) -> None:
    """A charge is over."""
    start, power = session.start_recharging, session.power
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
        _hold(session, Unbilled(last.start, last.end, last.power), limits)


def paid(session: ParkingSession, limits: ParkingLimits) -> list[ChargingTransaction]:
    """The bills of the user who has plugged in; nothing is left to pay then."""
    assert session.user is not None and session.price is not None
    found = [_bill(session, charge, session.user, limits) for charge in session.unbilled]
    session.unbilled.clear()
    return found


def _bill(
    session: ParkingSession, charge: Unbilled, user: str, limits: ParkingLimits
) -> ChargingTransaction:
    """A bill at the price that held when the charge began; later ones count where bills split."""
    assert session.price is not None
    price, later = session.price, list[PriceChange]()
    for change in session.tariffs:
        if change.second <= charge.start:
            price = change.price
        elif limits.splits_tariffs and change.second < charge.end:
            later.append(change)
    return ChargingTransaction(
        session.charger, user, charge.start, charge.end, charge.power, price, charge.metered,
        session.id, tuple(later),
    )  # fmt: skip


def _hold(session: ParkingSession, charge: Unbilled, limits: ParkingLimits) -> None:
    fits, why = billable(charge, session.rating_kw, limits)
    if why:
        session.inferred.append(why)
    if fits is not None:
        session.unbilled.append(fits)


def _differ(first: int | None, second: int | None) -> bool:
    """Whether two registers contradict each other."""
    return first is not None and second is not None and first != second
