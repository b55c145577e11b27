"""The bills of a stay: charges that are over, held against what can be, until somebody pays."""

from __future__ import annotations

from energyguard.model.charging import Charge, Signal, Stay, StayLimits, Unbilled, billable

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
            stay.charger, user, one.start, one.end, one.power_kw, price, one.metered, stay.id
        )
        for one in stay.unbilled
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
