"""The mean power of each device's running period, as it is forecast, held against a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from energyguard.detection.periods import Demand, RunningPeriods
from energyguard.ledger.channels import EnergyChannel, plain_channel
from energyguard.model.channels import CHANNELS, EnergyDefaults
from energyguard.model.quantities import NANO
from energyguard.model.readings import Ints
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.local_times import RuleCalendars
from energyguard.rules.profile.calendar import HALF_HOUR_MS
from energyguard.rules.valued import DescribedKeys, Scores, ValueRows


class DemandLimits(NamedTuple):
    """The power that raises and the one that clears, 1e-9 kW; or columns of (n,)."""

    level: Ints | int
    clear: Ints | int


class PeriodRule(Protocol):
    """What a scorer has to know of its rule."""

    @property
    def calendars(self) -> RuleCalendars:
        """Whose clock periods go by."""

    @property
    def period_ms(self) -> int:
        """How long they are."""

    @property
    def plausible(self) -> EnergyDefaults:
        """What is plausible."""


class DemandScorer:
    """The forecast of each device's running period against its limit.

    Args:
        rule: what a period is.
        allowed: the limits of each device.
    """

    def __init__(self, rule: PeriodRule, allowed: LimitColumns[DemandLimits]) -> None:
        self._period_ms, self._energy = rule.period_ms, rule.plausible
        self._calendars, self._allowed = rule.calendars, allowed
        self._periods: RunningPeriods | None = None
        self._saved: Mapping[str, Any] | None = None

    def score(self, rows: ValueRows) -> Scores:
        """Hold the forecast after each reading against the limit."""
        ((channel, value),) = rows.value.items()
        periods = self._begun(rows.keys_of(channel))
        shift_ms = self._shifts(rows)
        n = len(rows)
        begin, until, so_far, pace = np.zeros((4, n), np.int64)
        known = np.zeros(n, bool)
        rest = np.argsort(rows.key, kind="stable")
        while len(rest):
            first = np.append(True, rows.key[rest][1:] != rows.key[rest][:-1])
            now, rest = rest[first], rest[~first]
            found = periods.take(rows.key[now], rows.time[now], value[now], shift_ms[now])
            begin[now], until[now], so_far[now], pace[now], known[now] = found
        found = Demand(begin, until, so_far, pace, known)
        forecast = found.forecast(self._period_ms)
        limits = self._allowed.at(rows.devices, rows.key)
        left_s = (begin + self._period_ms - until) * (NANO // 1000)
        return Scores(
            breaks=known & (forecast > limits.level),
            clears=known & (forecast <= limits.clear),
            score=forecast,
            observed=forecast,
            expected=np.broadcast_to(np.asarray(limits.level), forecast.shape),
            evidence={"so_far": so_far, "pace": pace, "left_s": left_s},
        )

    def describe_again(self, of: DescribedKeys, keys: Ints) -> None:
        """Something else is said of some keys: nothing is forecast before their next period."""
        self._begun(of).describe_again(keys)

    def _begun(self, of: DescribedKeys) -> RunningPeriods:
        if self._periods is None:
            plain = plain_channel(CHANNELS[of.channel].kind, self._energy)

            def described(key: int) -> EnergyChannel:
                found = of.described(key, plain)
                largest_w = max(found.largest_power_w, plain.largest_power_w)
                return found._replace(largest_power_w=largest_w)

            self._periods = RunningPeriods(plain.kind, described, self._period_ms)
            if self._saved is not None:
                self._periods.load(self._saved)
                self._saved = None
        self._periods.grow(len(of.devices))
        return self._periods

    def _shifts(self, rows: ValueRows) -> Ints:
        """(n,) by how much the periods of rows begin earlier than those of UTC."""
        week = self._calendars.moments(rows.clocks, rows.key, rows.time)
        hour_ms = week.start - week.slot % 2 * HALF_HOUR_MS
        return -hour_ms % self._period_ms

    def save(self) -> Any:
        """The periods that run."""
        return self._saved if self._periods is None else self._periods.save()

    def restore(self, saved: Any) -> None:
        """Know what another knew."""
        self._periods, self._saved = None, saved or None
