"""Use that is unlike the device's own, so rarely that people want to see it.

What is usual is learned: ``energyguard/detection``. The one setting is how many alerts a week of a
device people want to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.detection.detector import OwnPast
from energyguard.detection.slots import HOUR_MS
from energyguard.detection.text import sentence
from energyguard.model.alerts import Severity, State
from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults
from energyguard.model.quantities import NANO, from_nano
from energyguard.model.selector import SiteClock
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import About, Channels, Days, HowBad, Id, Level, Text
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.rule import Observation, SiteCalendar, spell_amount
from energyguard.rules.site_energy import SiteEnergyRule
from energyguard.rules.unusual.answers import Answers, PeopleAnswer, read_answers
from energyguard.rules.unusual.evidence import UnusualEvidence
from energyguard.rules.unusual.scorer import UnusualLimits, UnusualScorer
from energyguard.rules.valued import Scorer

MAX_A_WEEK = 7 * NANO
"""More often than daily nobody has counted."""


class UnusualRule(
    SiteEnergyRule,
    DeviceRule,
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="unusual",
):
    """Use unlike what is usual for the device, as rare as people want alerts to be."""

    kind: ClassVar[str] = "unusual"
    limit: ClassVar[str] = "alerts_a_week"
    learns: ClassVar[bool] = True

    id: Id
    channels: Channels
    alerts_a_week: Level = NANO // 10
    zone: Text = ""
    holidays: Days = ()
    ours: Answers = ""
    clock: SiteClock = SiteClock()  # where no site says any; not for rule files
    energy: EnergyDefaults = ENERGY_DEFAULTS  # what is plausible; not for rule files
    by_own_days: bool = False  # see ``at_site``; not for rule files
    by_own_rises: bool = False  # the same
    by_own_highest: bool = False  # the same
    longer_than_ms: int = 0
    severity: HowBad = Severity.WARNING
    about: About = ""
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def level(self) -> int:
        """How many alerts a week, in 1e-9."""
        return self.alerts_a_week

    @property
    def text(self) -> str:
        """The rule in few words: ``unusual use, 0.1 alerts a week``."""
        return f"unusual use, {from_nano(self.alerts_a_week)} alerts a week"

    @property
    def summary(self) -> str:
        """What it does, with its limit as it is now."""
        return (
            "Raises when use is so unlike what is usual for the device that an ordinary one has "
            f"{from_nano(self.alerts_a_week)} such alerts a week; clears after six hours as usual."
        )

    def scorer(self) -> Scorer:
        """What is usual of its channel."""
        limits = LimitColumns(self, _allowed)
        by_own = OwnPast(self.by_own_days, self.by_own_rises, self.by_own_highest)
        return UnusualScorer(limits, self.calendars, self.energy, self.answers, by_own)

    def at_site(self, site: SiteCalendar) -> Self:
        """Devices by their own past, too; rules decided before are as they were."""
        of_site = super().at_site(site)
        return of_site.with_fields(by_own_days=True, by_own_rises=True, by_own_highest=True)

    def answers(self, device: str) -> tuple[PeopleAnswer, ...]:
        """The alerts of a device that were no news."""
        own = self.overrides.get(device, {}).get("ours")
        return read_answers(self.ours if own is None else own)

    def changed(self, new: Mapping[str, Any], text: Mapping[str, str]) -> Self:
        """It clears by time alone."""
        return self.with_fields(**new)

    def sentence(self, found: Observation) -> str:
        """What happened, for a person."""
        if found.state is State.UNKNOWN:
            return found.unknown("unusual")
        known = UnusualEvidence.of(found.observed, found.evidence)
        if found.state is State.RESOLVED or known is None:
            return f"{found.device}: use is as usual again"
        calendar, slot_ms = self.calendars.of(found.clock), known.slot_ms

        def named(number: int) -> str:
            return f"{calendar.local(number * slot_ms):%a %H:%M}"

        return f"{found.device}: {sentence(known.alert, slot_ms / HOUR_MS, self.unit, named)}"

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        own = list(self.channel_faults())
        if not 0 < self.alerts_a_week <= MAX_A_WEEK:
            own.append(f"alerts_a_week is above 0 and at most {spell_amount(MAX_A_WEEK)}")
        return [*own, *self.clock_faults(), *self.override_faults()]


def _allowed(rule: UnusualRule) -> UnusualLimits:
    return UnusualLimits(rule.alerts_a_week)


KIND = UnusualRule
