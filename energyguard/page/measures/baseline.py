"""What is usual: as the detector has learned it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from energyguard.page.elements.plots import Data
from energyguard.page.frame.page_cache import HOUR_MS
from energyguard.rules.profile.calendar import HALF_HOUR_MS
from energyguard.service.profiles import DeviceProfile

_NOTHING = 1e-6  # of a half-hour: sums are rounded


def usual_band(profile: DeviceProfile, start_ms: int, end_ms: int) -> Data:
    """What ``line`` draws as usual: half-hour by half-hour, up to where an alert is raised.

    Energies are drawn as the power that they come to.
    """
    factor = 2.0 if profile.unit == "kWh" else 1.0
    xs: list[int] = []
    low: list[float | None] = []
    high: list[float | None] = []
    for begin, usual in profile.over(start_ms, end_ms):
        xs += [begin, begin + HALF_HOUR_MS - 1]
        low += [None if usual.low is None else usual.low * factor] * 2
        high += [None if usual.high is None else usual.high * factor] * 2
    return {"xs": xs, "low": low, "high": high, "raises": profile.direction not in ("", "down")}


def usual_sums(profile: DeviceProfile, window_ms: int, start_ms: int, end_ms: int) -> Data:
    """What ``line`` draws as usual for windows, by the times that they end at.

    A window's energy is usual up to what its half-hours may have, each for its part of it.

    Args:
        profile: of an energy or a power.
        window_ms: how long a window is.
        start_ms: where the first ends.
        end_ms: where the last ends.

    Returns:
        ``xs``, between which the borders are straight lines; ``low`` and ``high`` in kWh, null
        where a window has a half-hour of which too little is known.
    """
    found = profile.over(start_ms - window_ms, end_ms)
    kwh = 1.0 if profile.unit == "kWh" else HALF_HOUR_MS / HOUR_MS
    amounts = [(u.low, u.high) if None not in (u.low, u.high) else (None, None) for _, u in found]
    begins = np.array([begin for begin, _ in found])
    ends = np.array([start_ms, end_ms, *begins, *(begins + window_ms)])
    xs = np.unique(ends[(start_ms <= ends) & (ends <= end_ms)])
    borders = np.append(begins, begins[-1] + HALF_HOUR_MS)

    def in_windows(of_half_hours: Sequence[float]) -> npt.NDArray[np.float64]:
        upto = np.append(0.0, np.cumsum(of_half_hours))
        found: npt.NDArray[np.float64] = np.subtract(
            np.interp(xs, borders, upto), np.interp(xs - window_ms, borders, upto)
        )
        return found

    unknown = in_windows([float(low is None) for low, _ in amounts]) > _NOTHING
    low, high = (
        [None if hole else at for hole, at in zip(unknown, column.tolist(), strict=True)]
        for column in (
            in_windows([kwh * max(low or 0.0, 0.0) for low, _ in amounts]),
            in_windows([kwh * (high or 0.0) for _, high in amounts]),
        )
    )
    return {"xs": xs.tolist(), "low": low, "high": high, "raises": False}


def usual_sum(band: Data, at_ms: int) -> tuple[float, float] | None:
    """The borders of what is usual for the window that ends at a time; None: not known there."""
    after = next((i for i, x in enumerate(band["xs"]) if x >= at_ms), 0)
    before = max(0, after - (band["xs"][after] > at_ms))
    columns = [[band[name][before], band[name][after]] for name in ("low", "high")]
    if None in columns[0]:
        return None
    xs = [band["xs"][before], band["xs"][after]]
    low, high = (float(np.interp(at_ms, xs, column)) for column in columns)
    return low, high
