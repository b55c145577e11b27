"""What is usual: as the detector has learned it, or the same time of day on the days before."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.page.page_cache import DAY_MS
from energyguard.page.plots import Data
from energyguard.rules.profile.calendar import HALF_HOUR_MS
from energyguard.service.profiles import DeviceProfile

DAYS = 7
ENOUGH = 3
"""Fewer earlier days than this say nothing about what is usual."""


def baseline_range(
    times: Sequence[int], values: Sequence[float], start_ms: int, end_ms: int
) -> dict[str, list[float]]:
    """The lowest and highest of up to seven earlier days, for each step of a time range.

    Args:
        times: starts of equal steps, from ``DAYS`` days before ``start_ms`` on.
        values: what was measured in each.
        start_ms: where the range begins.
        end_ms: where it ends.

    Returns:
        ``xs``, ``low`` and ``high``; empty when too few days are known.
    """
    seen = dict(zip(times, values, strict=True))
    band: dict[str, list[float]] = {"xs": [], "low": [], "high": []}
    for t in sorted({t % DAY_MS for t in seen}):
        first = start_ms - start_ms % DAY_MS + t
        for at in range(first - DAY_MS, end_ms + DAY_MS, DAY_MS):
            before = [seen[at - k * DAY_MS] for k in range(1, DAYS + 1) if at - k * DAY_MS in seen]
            if start_ms <= at < end_ms and len(before) >= ENOUGH:
                band["xs"].append(at)
                band["low"].append(min(before))
                band["high"].append(max(before))
    order = sorted(range(len(band["xs"])), key=band["xs"].__getitem__)
    return {name: [column[i] for i in order] for name, column in band.items()}


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
    return {"xs": xs, "low": low, "high": high, "raises": profile.direction != "down"}
