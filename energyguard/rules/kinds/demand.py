"""The power that a site may draw in the mean of a quarter of an hour, as its contract has it.

The mean of the running period is forecast with each reading: what came in it, and the last power up
to its end. So people know while they can still do something: by how much, and for how long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.detection.slots import HOUR_MS
from energyguard.model.alerts import Severity, State
from energyguard.model.catalogue import GROUP, SITE
from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults
from energyguard.model.quantities import NANO, from_nano, spell_duration
from energyguard.model.selector import SiteClock
from energyguard.rules.demand import DemandLimits, DemandScorer
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import About, Channels, HowBad, Id, Level, Span, Text
from energyguard.rules.levels import clears_where_it_raises
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.rule import Observation, spell_amount
from energyguard.rules.site_energy import SiteEnergyRule
from energyguard.rules.valued import Scorer

MINUTE_MS = 60_000
PLAUSIBLE = 4
"""So many times its limit a meter may draw, whatever is plausible of others."""


class Pace(NamedTuple):
    """How a period would end, in kW and ms."""

    forecast_kw: float
    limit_kw: float
    shed_kw: float
    """By how much the last power has to fall from now on."""
    pace_kw: float
    left_ms: int

    @property
    def is_lost(self) -> bool:
        """Whether the limit is passed whatever is switched off."""
        return self.left_ms <= 0 or self.shed_kw >= self.pace_kw

    @classmethod
    def of(
        cls, observed: int, expected: int, evidence: Mapping[str, int], period_ms: int
    ) -> Pace | None:
        """What an alert says; None: it says too little.

        Args:
            observed: the forecast, 1e-9 kW.
            expected: the limit, 1e-9 kW.
            evidence: by name, 1e-9 of each one's unit.
            period_ms: how long a period is.
        """
        if not {"left_s", "pace"} <= evidence.keys():
            return None
        left_ms = round(evidence["left_s"] * 1000 / NANO)
        over = (observed - expected) / NANO
        shed = over * period_ms / left_ms if left_ms > 0 else 0.0
        return cls(observed / NANO, expected / NANO, shed, evidence["pace"] / NANO, left_ms)


class DemandRule(
    SiteEnergyRule,
    DeviceRule,
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="demand",
):
    """The mean power of the running period, forecast to its end, against a limit."""

    kind: ClassVar[str] = "demand"
    limit: ClassVar[str] = "raise_above"
    shared: ClassVar[frozenset[str]] = frozenset({"period"})

    id: Id
    channels: Channels
    raise_above: Level
    clear_at: Level
    period_ms: Span = 15 * MINUTE_MS
    zone: Text = ""
    clock: SiteClock = SiteClock()  # where no site says any; not for rule files
    energy: EnergyDefaults = ENERGY_DEFAULTS  # what is plausible; not for rule files
    longer_than_ms: Span = 0
    severity: HowBad = Severity.WARNING
    about: About = ""
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def level(self) -> int:
        """The contracted power, 1e-9 kW."""
        return self.raise_above

    @property
    def clear_level(self) -> int:
        """The forecast that ends an alert, 1e-9 kW."""
        return self.clear_at

    @property
    def text(self) -> str:
        """The rule in few words: ``demand>250 kW in 15 minutes``."""
        return f"demand>{from_nano(self.level)} kW in {spell_duration(self.period_ms)}"

    @property
    def summary(self) -> str:
        """What it does, with its limits as they are now."""
        level, clear = (f"{from_nano(n)} kW" for n in (self.level, self.clear_at))
        clears = "" if self.clear_at == self.level else f"; clears at {clear}"
        return (
            f"Raises when the mean power of the running {spell_duration(self.period_ms)} is "
            f"forecast to be above {level}{clears}."
        )

    def scorer(self) -> Scorer:
        """Its running periods."""
        return DemandScorer(self, LimitColumns(self, _limits))

    @property
    def plausible(self) -> EnergyDefaults:
        """What is plausible at the site, and of a meter that may draw so much."""
        limits = (self.raise_above, *(self.of(device).raise_above for device in self.overrides))
        largest_w = PLAUSIBLE * max(limits) // (NANO // 1000)
        known = self.energy
        return known._replace(largest_power_w=max(known.largest_power_w, largest_w))

    def still_breaks(self, device: str, observed: int) -> bool:
        """Whether a forecast of a device does not clear."""
        return observed > self.of(device).clear_at

    def sentence(self, found: Observation) -> str:
        """What happened, and what has to be done."""
        limit = f"{spell_amount(found.expected or self.level)} kW"
        if found.state is State.UNKNOWN:
            return found.unknown(f"above {limit}")
        forecast = f"{found.device}: at this pace {spell_amount(found.observed)} kW"
        if found.state is State.RESOLVED:
            return f"{forecast}, within the limit of {limit}"
        pace = Pace.of(found.observed, found.expected, found.evidence, self.period_ms)
        if pace is None or pace.left_ms <= 0:
            return f"{forecast}, limit {limit}{found.since}"
        left = spell_left(pace.left_ms)
        if pace.is_lost:
            return f"{forecast}, limit {limit}: passed in {left}, whatever is switched off"
        return f"{forecast}, limit {limit}: shed {pace.shed_kw:.3g} kW in {left}"

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """An alert clears where it is raised, unless it says else."""
        clears_where_it_raises(fields, "raise_above")
        yield from (name for name in super().complete(given, fields) if name != "clear_at")

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        whose = "" if self.selector is UNSET else self.selector
        is_sum = whose.startswith((f"id={SITE}/", f"id={GROUP}/"))
        checks = (
            (self.raise_above <= 0, "raise_above is not above 0 kW"),
            (
                not 0 < self.clear_at <= self.raise_above,
                "clear_at is not above 0, or above raise_above",
            ),
            (
                self.period_ms < MINUTE_MS or HOUR_MS % self.period_ms != 0,
                f"period {spell_duration(self.period_ms)!r} is no part of an hour: 15 minutes, "
                "30 minutes, 1 hour",
            ),
            (is_sum, f"selector: {whose} sends nothing itself: name the meter of its connection"),
        )
        own = (sentence for wrong, sentence in checks if wrong)
        return [*self.channel_faults(), *own, *self.clock_faults(), *self.override_faults()]


def spell_left(ms: int) -> str:
    """How long is left: whole minutes, of less than two also seconds."""
    seconds = round(ms / 1000)
    return f"{round(seconds / 60)} min" if seconds >= 120 else f"{seconds} s"


def _limits(rule: DemandRule) -> DemandLimits:
    return DemandLimits(rule.raise_above, rule.clear_at)


KIND = DemandRule
