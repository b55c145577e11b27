"""Simulated homes in the form of system E's files: a day each, at 2 s, on three phases.

They draw as the simulated households do, most in the morning and in the evening; on the roof of
every third there are panels, so that at noon its power is negative. The same seed gives the same
day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from energyguard.domains.household.load_profile import Habits
from energyguard.domains.regions.simulator.recordings import PREFIX, Recording
from energyguard.model.quantities import MW_PER_KW
from energyguard.model.topics import DAY_MS
from energyguard.simulators.noise import Words, streams, uniform

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FIRST_DAY_MS = 1_577_145_600_000
"""2019-12-24, as in system E's files."""
STEP_MS = 2_000
PANELS_EVERY = 3
_NOON_H, _LIGHT_H = 12.0, 6.0  # the sun of an equinox: from six to six
_PANELS_KW, _PANELS_SPREAD_KW = 3.5, 4.0
_CLOUD_S = 300
_JITTER = 0.03
_TENTHS_PER_MW_STEP = (50, 9)  # 1 mW for 2 s is 50/9 of 1e-10 kWh
_FIRST_REGISTER = 5 * 10**13  # 5,000 kWh
_AT_ONCE = 1_800


def simulated(count: int, seed: int) -> list[Recording]:
    """A day of some homes, ``household_001`` and so on.

    Args:
        count: how many.
        seed: another seed, another day.
    """
    home = np.arange(count)
    once = np.zeros(1, np.int64)
    offset_ms = (STEP_MS * uniform(streams(seed, "offset", home), once)).astype(np.int64)
    start = _FIRST_REGISTER * (1 + 2 * uniform(streams(seed, "register", home), once))
    grid_ms = np.arange(FIRST_DAY_MS, FIRST_DAY_MS + DAY_MS, STEP_MS)
    power_mw = _power_mw(count, seed, grid_ms // 1000)
    times, by = _TENTHS_PER_MW_STEP
    made = []
    for place in range(count):
        mine = power_mw[:, place]
        used = np.cumsum(np.maximum(mine, 0, dtype=np.int64)) * times // by
        energy = int(start[place]) + np.concatenate([np.zeros(1, np.int64), used[:-1]])
        time_ms = grid_ms + offset_ms[place]
        made.append(Recording(f"{PREFIX}{place + 1:03d}", time_ms, mine.copy(), energy))
    return made


def lines_of(recording: Recording, *, titled: bool = True, millis: bool = False) -> Iterator[str]:
    """The lines of a recording as one of system E's files has them.

    Args:
        recording: the home.
        titled: whether the title line stands above the header.
        millis: whether dates have milliseconds.
    """
    if titled:
        yield "household\n"
    yield "date,timestamp,energy,power,power1,power2,power3\n"
    one, two = recording.power_mw // 2, recording.power_mw // 3
    rows = zip(
        recording.time_ms.tolist(),
        recording.energy.tolist(),
        recording.power_mw.tolist(),
        one.tolist(),
        two.tolist(),
        (recording.power_mw - one - two).tolist(),
        strict=True,
    )
    for ms, *others in rows:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
        date = f"{moment:%Y-%m-%d %H:%M:%S}" + (f".{ms % 1000:03d}" if millis else "")
        yield ",".join(map(str, (date, ms, *others))) + "\n"


def _power_mw(count: int, seed: int, time_s: Ints) -> npt.NDArray[np.int32]:
    """The power of all homes at all times, mW: a row a time, a column a home."""
    habits = Habits(count, seed)
    panels = _Panels(count, seed)
    noise = streams(seed, "jitter", np.arange(count))
    parts = []
    for start in range(0, len(time_s), _AT_ONCE):
        at = time_s[start : start + _AT_ONCE]
        jitter = 1 + _JITTER * (2 * uniform(noise, at[:, None]) - 1)
        kw = habits.power_kw(at) * jitter - panels.power_kw(at)
        parts.append(np.rint(kw * MW_PER_KW).astype(np.int32))
    return np.concatenate(parts)


class _Panels:
    """What the panels of every third home give."""

    def __init__(self, count: int, seed: int) -> None:
        home, once = np.arange(count), np.zeros(1, np.int64)
        size = uniform(streams(seed, "panels", home), once)
        has = home % PANELS_EVERY == seed % PANELS_EVERY if count >= PANELS_EVERY else home == 0
        self._peak_kw = np.where(has, _PANELS_KW + _PANELS_SPREAD_KW * size, 0.0)
        self._clouds: Words = streams(seed, "clouds", home)

    def power_kw(self, time_s: Ints) -> Floats:
        """At some times: a row a time, a column a home."""
        hour = time_s % 86_400 / 3600
        sun = np.cos(np.pi / 2 * np.clip((hour - _NOON_H) / _LIGHT_H, -1, 1)) ** 2
        clouds = 0.7 + 0.3 * uniform(self._clouds, (time_s // _CLOUD_S)[:, None])
        return np.asarray(sun[:, None] * clouds * self._peak_kw)
