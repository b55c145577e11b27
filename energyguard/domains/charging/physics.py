"""What can be true of a charge: bills of signals and imported sessions are held against it.

A charger gives at most its rating. Where nobody has listed one, a register is held against the
power that the charge began with, and a session of an export against ``MAX_KW``.
"""

from __future__ import annotations

from energyguard.domains.charging.model import NANO, ParkingLimits, Unbilled

MAX_KW = 1_000
"""The largest power of a charger that is plausible."""
TOLERANCE = 1.05
"""Of a power: meters and names are rounded."""
ROUNDED_KW = 1  # powers of most signals are whole kW
ROUNDED_S = 1  # their times are whole seconds
MAX_HOURS_BY_POWER = 24  # a power that was told once does not hold for longer
MAX_HOURS = 31 * 24  # two registers so far apart are not of one charge
STANDS_NANO = NANO  # a register that tells nothing of a charge of 1 kWh stands still
RESOLUTION_NANO = NANO // 10

BACK = "energy from power and time: the register went back"
TOO_MUCH = "energy from power and time: the registers tell more than can be"
STANDS = "a register that stands still during a charge: not billed"
TOO_LONG = "longer than a charge can be: not billed"
TOO_STRONG = "a power above the charger's rating: not billed"


def energy_limit_nano(power_kw: float, seconds: int, seconds_per_hour: int = 3_600) -> int:
    """The most that a power can have given in a time, in 1e-9 kWh, tolerance included."""
    return int(power_kw * TOLERANCE * seconds * NANO / seconds_per_hour)


def billable(
    charge: Unbilled, rating_kw: float | None, limits: ParkingLimits
) -> tuple[Unbilled | None, str]:
    """What of a charge may be billed, and why not all of it; empty: it is as it was told.

    Args:
        charge: as signals tell it; ``metered`` is the registers' difference, perhaps negative.
        rating_kw: of its charger; None: not known.
        limits: how long an hour takes.

    Returns:
        The charge with ``metered`` where the registers are believed, without it where power and
        time are; None where neither fits.
    """
    hour, length, metered = limits.seconds_per_hour, charge.end - charge.start, charge.metered
    by_power = Unbilled(charge.start, charge.end, charge.power)
    power_kw = charge.power / NANO
    why = ""
    if metered is not None and length <= MAX_HOURS * hour:
        limit_kw = rating_kw or power_kw + ROUNDED_KW
        limit = energy_limit_nano(limit_kw, length + ROUNDED_S, hour) + RESOLUTION_NANO
        if metered == 0 and charge.power * length > STANDS_NANO * hour:
            return None, STANDS
        if 0 <= metered <= limit:
            return charge, ""
        why = BACK if metered < 0 else TOO_MUCH
    if length > MAX_HOURS_BY_POWER * hour:
        return None, TOO_LONG
    if rating_kw and power_kw > rating_kw * TOLERANCE + ROUNDED_KW:
        return None, TOO_STRONG
    return by_power, why
