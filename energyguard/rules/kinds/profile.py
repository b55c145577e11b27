"""What is usual for a device at this half-hour of the week, and how far a value may be from it.

Learned: ``rules/profile``. Held against it is the mean of each half-hour, and, farther out, each
single reading, so that a surge is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.model.alerts import Severity, State
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import NANO, from_nano
from energyguard.model.selector import SiteClock
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import (
    About,
    Channels,
    Count,
    Days,
    HowBad,
    Id,
    Level,
    Span,
    Text,
    chosen,
)
from energyguard.rules.kinds.rate import Direction
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.local_times import LocalRule
from energyguard.rules.profile.calendar import slot_label
from energyguard.rules.profile.scorer import ProfileLimits, ProfileScorer
from energyguard.rules.rule import Observation, spell_amount
from energyguard.rules.valued import Scorer, ValueRule

_SIGNS = {Direction.UP: 1, Direction.DOWN: -1, Direction.EITHER: 0}


class ProfileRule(
    ValueRule,
    DeviceRule,
    LocalRule,
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="profile",
):
    """A half-hour, or a reading, far from what is usual; by deviations (sigma) of its own."""

    kind: ClassVar[str] = "profile"
    limit: ClassVar[str] = "sigmas"
    learns: ClassVar[bool] = True
    counts_energy: ClassVar[bool] = True

    id: Id
    channels: Channels
    sigmas: Level
    at_once: Level = 0
    lasting: Level = 0
    clear_at: Level
    direction: Annotated[Direction, chosen(Direction)] = Direction.UP
    needs: Count = 4
    zone: Text = ""
    holidays: Days = ()
    clock: SiteClock = SiteClock()  # where no site says any; not for rule files
    longer_than_ms: Span = 0
    severity: HowBad = Severity.WARNING
    about: About = ""
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def level(self) -> int:
        """How many deviations a half-hour may be off, in 1e-9."""
        return self.sigmas

    @property
    def clear_level(self) -> int:
        """At how many an alert ends."""
        return self.clear_at

    @property
    def unit(self) -> str:
        """Of what is observed: of an energy what half an hour has."""
        return next((CHANNELS[n].unit for n in self.channels if n in CHANNELS), "")

    @property
    def _beyond(self) -> str:
        return {Direction.UP: "above", Direction.DOWN: "below"}.get(self.direction, "off")

    @property
    def text(self) -> str:
        """The rule in few words: ``kW 4 sigma above usual (a reading: 8)``."""
        once = f" (a reading: {from_nano(self.at_once)})" if self.at_once else ""
        return f"{self.unit} {from_nano(self.sigmas)} sigma {self._beyond} usual{once}"

    @property
    def summary(self) -> str:
        """What it does, with its limits as they are now."""
        once = f", or a reading {from_nano(self.at_once)}" if self.at_once else ""
        if self.lasting:
            once += f", or three half-hours on end {from_nano(self.lasting)}"
        return (
            f"Raises when the mean of a half-hour is {from_nano(self.sigmas)}{once} deviations "
            f"{self._beyond} what is usual at this half-hour of the week; clears at "
            f"{from_nano(self.clear_at)}."
        )

    def scorer(self) -> Scorer:
        """Profiles of its channel."""
        limits = LimitColumns(self, _allowed)
        return ProfileScorer(limits, self.calendars, _SIGNS[self.direction])

    def changed(self, new: Mapping[str, Any], text: Mapping[str, str]) -> Self:
        """One that clears at half of what raises it goes on doing so."""
        if "sigmas" in new and "clear_at" not in new and self.clear_at == self.sigmas // 2:
            new = {**new, "clear_at": new["sigmas"] // 2}
        return super().changed(new, text)

    def sentence(self, found: Observation) -> str:
        """What happened, for a person."""
        if found.state is State.UNKNOWN:
            return found.unknown("unusual")
        known = found.evidence
        usual, sigma = (spell_amount(known.get(name, 0)) for name in ("usual", "sigma"))
        when = slot_label(known.get("half_hour", 0) // NANO)
        observed = f"{found.device}: {spell_amount(found.observed)} {self.unit} on {when} is"
        if found.state is State.RESOLVED:
            return f"{observed} as usual ({usual} {self.unit}, sigma {sigma})"
        z = known.get("zscore", 0)
        side = "below" if z < 0 else "above"
        pending = ", not yet for long" if found.state is State.PENDING else ""
        if lasting := known.get("lasting", 0):
            pending = f", and {abs(lasting) / NANO:.1f} in the mean of an hour and a half{pending}"
        return (
            f"{observed} {abs(z) / NANO:.1f} sigma {side} the usual {usual} {self.unit} "
            f"(sigma {sigma}){pending}{found.since}"
        )

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """An alert clears at half of what raises it, unless the rule says else."""
        if fields.get("clear_at") is None and fields.get("sigmas") is not None:
            fields["clear_at"] = fields["sigmas"] // 2
        yield from (name for name in super().complete(given, fields) if name != "clear_at")

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        units = {CHANNELS[name].energy_unit for name in self.channels if name in CHANNELS}
        unknown = [name for name in self.channels if name not in CHANNELS]
        checks = (
            (not self.channels, "no channels: name at least one"),
            (bool(unknown), f"no channel {', '.join(unknown)}; there are: {', '.join(CHANNELS)}"),
            (len(units) > 1, f"channels of different units: {', '.join(sorted(units))}"),
            (self.sigmas < NANO, "sigmas is below 1: half of all half-hours are"),
            (bool(self.at_once) and self.at_once < self.sigmas, "at_once is below sigmas"),
            (not 0 <= self.clear_at <= self.sigmas, "clear_at is below 0 or above sigmas"),
            (
                bool(self.at_once) and self.direction is Direction.DOWN,
                "at_once looks above: not with direction down",
            ),
            (bool(self.lasting) and self.lasting < NANO, "lasting is below 1: much is, by chance"),
            (self.lasting > self.sigmas, "lasting is above sigmas: those would tell before"),
            (self.needs < 2, "needs: 2 or more half-hours have a deviation"),
        )
        own = (sentence for wrong, sentence in checks if wrong)
        return [*own, *self.clock_faults(), *self.override_faults()]


def _allowed(rule: ProfileRule) -> ProfileLimits:
    return ProfileLimits(rule.sigmas, rule.at_once, rule.lasting, rule.clear_at, rule.needs)


KIND = ProfileRule
