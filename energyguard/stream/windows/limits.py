"""What settings and rules allow windows to hold, in ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from energyguard.model.channels import ENERGY_DEFAULTS, MAX_GAP_MS, EnergyDefaults
from energyguard.model.quantities import parse_duration
from energyguard.rules.rule import Rule
from energyguard.settings.tree import StreamSettings
from energyguard.stream.time.trusted import ClockLimits


class ChannelLimits(NamedTuple):
    """What a channel has to know of the settings, in ms."""

    lateness_ms: int
    horizon_ms: int  # how far back any rule looks that there is, running or not


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """What event time allows, in ms, and what holds of channels of energy."""

    clock: ClockLimits = ClockLimits()  # noqa: RUF009 - frozen
    silent_ms: int = 300_000
    horizon_ms: int = MAX_GAP_MS
    energy: EnergyDefaults = ENERGY_DEFAULTS

    @classmethod
    def of(
        cls,
        settings: StreamSettings,
        rules: Sequence[Rule],
        energy: EnergyDefaults = ENERGY_DEFAULTS,
    ) -> WindowLimits:
        """From the settings, and all rules that there are (running or not)."""
        return cls(
            ClockLimits.of(settings),
            parse_duration(settings.silent),
            max((rule.reach_ms for rule in rules), default=MAX_GAP_MS),
            energy,
        )

    def reaching(self, rules: Sequence[Rule]) -> WindowLimits:
        """The same, and at least as much of the past as some rules look at."""
        longest_ms = max((rule.reach_ms for rule in rules), default=0)
        return replace(self, horizon_ms=max(self.horizon_ms, longest_ms))
