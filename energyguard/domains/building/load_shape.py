"""The load of floors of offices on any day: working hours, weekends, holidays, seasons, chance.

A floor draws a base load day and night, what people at work draw, and heating or cooling by the
season. Each floor has its size and its hours. On top comes chance: some days are busier, load
drifts over quarter-hours, appliances run for ten minutes, and each reading differs a little. All
of it depends on the seed, the floor and the time only.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from holidays import country_holidays

from energyguard.errors import ConfigError
from energyguard.simulators.noise import Words, normal, streams, uniform

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# kW of a floor of size 1
BASE_KW = 0.8
WORK_KW = 3.9
HEATING_KW, COOLING_KW = 0.7, 0.9
APPLIANCE_KW = 0.6
SMALLEST, LARGEST = 0.7, 1.15
_APPLIANCE_SHARE = 0.25  # of the ten minutes of a working hour
# Spreads, each a share of the power (of busier days: of what is above the base load)
_DAY_SPREAD, _DRIFT_SPREAD, _READING_SPREAD = 0.05, 0.05, 0.03
_DRIFT_S, _APPLIANCE_S = 900, 600
_QUARTER_S = 900  # clocks of all zones differ by quarter-hours
_EPOCH_DAY = date(1970, 1, 1)

# How much of the work goes on, at hours of the day; straight lines between
_WORKDAY = (
    *((0, 0.0), (6.5, 0.0), (7.5, 0.25), (9, 0.95), (10.5, 1.0), (12, 1.0), (12.75, 0.7)),
    *((13.5, 0.75), (14.25, 0.97), (16.5, 0.93), (18, 0.45), (19.5, 0.12), (21, 0.0), (24, 0.0)),
)
_SATURDAY = ((0, 0.0), (8, 0.0), (9.5, 0.22), (12.5, 0.22), (14, 0.0), (24, 0.0))
_SUNDAY = ((0, 0.0), (24, 0.0))
_MINUTE_H = np.arange(1440) / 60
_WORK = np.stack(
    [
        np.interp(_MINUTE_H, [hour for hour, _ in day], [share for _, share in day])
        for day in (_WORKDAY, _SATURDAY, _SUNDAY)
    ]
)
_CLIMATE = 0.3 + 0.7 * np.roll(_WORK, -45, axis=1)  # heated before people come


class DayLoad:
    """What F floors draw.

    Args:
        floors: their numbers.
        seed: another seed, other floors.
        zone: their time zone (IANA).
        country: whose public holidays are as Sundays (ISO 3166, two letters); "": none.

    Raises:
        ConfigError: no holidays of such a country are known.
    """

    def __init__(self, floors: Integers, seed: int, zone: str, country: str) -> None:
        self._zone, self._holidays = ZoneInfo(zone), _holidays(country)
        self._days: dict[int, int] = {}

        def stream(purpose: str) -> Words:
            return streams(seed, f"floor {purpose}", floors)

        once = np.zeros(1, np.int64)
        self.size = SMALLEST + (LARGEST - SMALLEST) * uniform(stream("size"), once)
        self._early_min = np.rint(40 * uniform(stream("hours"), once) - 20).astype(np.int64)
        self._busy, self._drift = stream("day"), stream("drift")
        self._appliance, self._reading = stream("appliance"), stream("reading")
        self._volt, self._volt_drift = stream("V"), streams(seed, "grid", np.zeros(1, np.int64))

    def power_kw(self, time_s: Integers) -> Floats:
        """The power at T times (s since 1970 UTC), a T × F matrix: above 0."""
        at = time_s[:, None]
        kw, above, running = self._usual_kw(time_s)
        days, day = np.unique(self._local_s(time_s) // 86_400, return_inverse=True)
        kw += above * (_DAY_SPREAD * normal(self._busy, days[:, None]))[day]
        kw *= 1 + _DRIFT_SPREAD * _drift(self._drift, time_s)
        kw *= 1 + _READING_SPREAD * normal(self._reading, at)
        spans, span = np.unique(time_s // _APPLIANCE_S, return_inverse=True)
        kw += APPLIANCE_KW * self.size * (uniform(self._appliance, spans[:, None])[span] < running)
        return np.maximum(kw, 0.1 * BASE_KW * self.size)

    def spread_kw(self, time_s: Integers) -> Floats:
        """The standard deviation of the power at T times, over all days like it: T × F."""
        kw, above, running = self._usual_kw(time_s)
        return _spread(kw, above, running, self.size)

    @cached_property
    def working_spread_kw(self) -> Floats:
        """The same of a working hour in a mild season: F floors."""
        above = WORK_KW * self.size
        return _spread(above + BASE_KW * self.size, above, _APPLIANCE_SHARE, self.size)

    def voltage_v(self, time_s: Integers, kw: Floats) -> Floats:
        """The voltage: the grid's drift, what the floor's load takes, and a reading's noise."""
        grid = 231.0 + 1.0 * _drift(self._volt_drift, time_s)
        return grid - 0.15 * kw + 0.35 * normal(self._volt, time_s[:, None])

    def local_s(self, time_s: int) -> int:
        """A time on the floors' clock: s since 1970 on that clock."""
        return int(self._local_s(np.array([time_s]))[0])

    def _usual_kw(self, time_s: Integers) -> tuple[Floats, Floats, Floats]:
        """Without chance: the power, its part above the base load, how often appliances run."""
        local = self._local_s(time_s)
        day = local // 86_400
        days, place = np.unique(day, return_inverse=True)
        kind = np.array([self._kind(number) for number in days.tolist()])[place][:, None]
        minute = (local[:, None] % 86_400 // 60 + self._early_min) % 1440
        work = _WORK[kind, minute]
        above = work * WORK_KW + _CLIMATE[kind, minute] * _climate_kw(day)[:, None]
        above *= self.size
        return above + BASE_KW * self.size, above, _APPLIANCE_SHARE * work

    def _local_s(self, time_s: Integers) -> Integers:
        quarters, place = np.unique(time_s // _QUARTER_S, return_inverse=True)
        moments = (datetime.fromtimestamp(q * _QUARTER_S, UTC) for q in quarters.tolist())
        offset = [
            int((moment.astimezone(self._zone).utcoffset() or timedelta()).total_seconds())
            for moment in moments
        ]
        return time_s + np.array(offset, np.int64)[place]

    def _kind(self, day: int) -> int:
        """0: a workday; 1: a Saturday; 2: a Sunday or a holiday."""
        if day not in self._days:
            at = _EPOCH_DAY + timedelta(day)
            self._days[day] = 2 if at in self._holidays else max(0, at.weekday() - 4)
        return self._days[day]


def _holidays(country: str) -> Container[date]:
    """The days on which the whole country has a public holiday."""
    if not country:
        return ()
    try:
        return country_holidays(country)
    except NotImplementedError:
        raise ConfigError(
            f"no public holidays are known of a country {country!r}, such as IT"
        ) from None


def _climate_kw(day: Integers) -> Floats:
    """Heating, most in the middle of January, or cooling, most in July; between them little."""
    wave = np.cos(2 * np.pi * (day - 14) / 365.2425)
    kw: Floats = np.where(wave > 0, HEATING_KW, -COOLING_KW) * wave
    return kw


def _spread(kw: Floats, above: Floats, running: Floats | float, size: Floats) -> Floats:
    smooth = 2 / 3 * _DRIFT_SPREAD**2 + _READING_SPREAD**2  # drift is weaker between its knots
    appliance = (APPLIANCE_KW * size) ** 2 * running * (1 - running)
    spread: Floats = np.sqrt((_DAY_SPREAD * above) ** 2 + smooth * kw**2 + appliance)
    return spread


def _drift(stream: Words, time_s: Integers) -> Floats:
    """Normal numbers at knots a quarter of an hour apart, straight lines between: T × F."""
    knot, part = time_s // _DRIFT_S, (time_s % _DRIFT_S / _DRIFT_S)[:, None]
    knots = np.unique(np.concatenate([knot, knot + 1]))
    number = normal(stream, knots[:, None])
    place = np.searchsorted(knots, knot)
    return number[place] * (1 - part) + number[np.searchsorted(knots, knot + 1)] * part
