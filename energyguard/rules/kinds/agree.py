"""What has to agree by physics, without anything learned: what a device tells against itself.

``power``: a power against voltage times current. ``counter``: a counter's steps against the
integral of the power. ``still``: a value that never moves while another one does. The channels of a
device are held side by side, at the moments of which all have told their value; a device that lacks
one of them is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.model.alerts import Severity, State
from energyguard.model.channels import CHANNELS, MAX_GAP_MS
from energyguard.model.quantities import NANO, from_nano, spell_duration
from energyguard.rules.agreement import CounterOfPower, PowerOfCurrent, StillOfOthers
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import (
    About,
    Channels,
    Count,
    FieldShape,
    HowBad,
    Id,
    Level,
    Span,
    written,
)
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.rule import Observation, spell_amount
from energyguard.rules.tolerance import AgreeLimits
from energyguard.rules.valued import Scorer, ValueRule

UNITS: Mapping[str, tuple[str, ...]] = {
    "power": ("kW", "V", "A"),
    "counter": ("kWh", "kW"),
    "still": (),
}
"""The checks, and the units of the channels that each has, in this order; of ``still`` any."""
CHANNELS_OF: Mapping[str, tuple[str, ...]] = {
    "power": ("power_kw", "voltage_v", "current_a"),
    "counter": ("energy_register_kwh", "power_kw"),
    "still": ("power_kw", "voltage_v", "current_a"),
}
"""The channels of a check, where a rule does not say."""


def _check(value: Any) -> str:
    if value not in UNITS:
        raise ValueError(f"no check {value!r}; there are: {', '.join(UNITS)}")
    return str(value)


Check = Annotated[
    str, written("power, counter or still", _check, shape=FieldShape.CHOICE, options=UNITS)
]


class AgreeRule(
    ValueRule,
    DeviceRule,
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="agree",
):
    """Channels of a device that have to agree, and how far they may not."""

    kind: ClassVar[str] = "agree"
    counts_energy: ClassVar[bool] = True
    together: ClassVar[bool] = True

    id: Id
    check: Check
    channels: Channels = ()
    tolerance: Level = NANO // 10  # a share of what is expected
    allowed: Level = 0  # in the rule's unit, on top
    lowest_factor: Level = 7 * NANO // 10
    phases: Count = 1
    span_ms: Span = 3_600_000
    readings: Count = 40
    still_ms: Span = 1_200_000
    settle_ms: Span = 3_600_000
    longer_than_ms: Span = 0
    severity: HowBad = Severity.WARNING
    about: About = ""
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def limit(self) -> str:  # type: ignore[override]
        """How long a value may stand still, or how far amounts may be apart."""
        return "still" if self.check == "still" else "tolerance"

    @property
    def level(self) -> int:
        """How long a value may stand still; of the others, what is expected differs each time."""
        return self.still_ms * (NANO // 1000) if self.check == "still" else 0

    @property
    def unit(self) -> str:
        """Of the first channel; of one that stands still seconds."""
        return UNITS[self.check][0] if UNITS[self.check] else "s"

    @property
    def text(self) -> str:
        """The rule in few words."""
        names = {
            "power": "{0} as {1} · {2}",
            "counter": "{0} as the integral of {1}",
            "still": "none of {0} still for " + spell_duration(self.still_ms),
        }
        of = (", ".join(self.channels),) if self.check == "still" else self.channels
        return names[self.check].format(*of) + self._lasts

    @property
    def _lasts(self) -> str:
        span = self.longer_than_ms
        return f" but for {spell_duration(span)}" if span else ""

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        first, others = self.channels[0], " and ".join(self.channels[1:])
        if self.check == "still":
            return (
                f"Raises when one of {', '.join(self.channels)} stands still for {self.readings} "
                f"readings and {spell_duration(self.still_ms)} while another one moves."
            )
        far = f"{from_nano(self.tolerance * 100)} %"
        if self.allowed:
            far += f" and {from_nano(self.allowed)} {self.unit}"
        spans = f" over {spell_duration(self.span_ms)}" if self.check == "counter" else ""
        return f"Raises when {first} and {others} are apart by more than {far}{spans}{self._lasts}."

    def scorer(self) -> Scorer:
        """The check."""
        allowed = LimitColumns(self, _allowed)
        if self.check == "power":
            return PowerOfCurrent(allowed)
        if self.check == "counter":
            return CounterOfPower(allowed, MAX_GAP_MS)
        return StillOfOthers(allowed, len(self.channels))

    def sentence(self, found: Observation) -> str:
        """What was held against what."""
        if found.state is State.UNKNOWN:
            return found.unknown("at odds with itself")
        if found.state is State.RESOLVED:
            what = "all values move again" if self.check == "still" else "its values agree again"
            return f"{found.device}: {what}"
        return f"{found.device}: {self._held(found)}{found.since}"

    def _held(self, found: Observation) -> str:
        amount = f"{spell_amount(found.observed)} {self.unit}"
        expected = f"{spell_amount(found.expected)} {self.unit}"
        if self.check == "still":
            return _standing(self.channels, found)
        side = "more" if abs(found.observed) > found.expected else "less"
        if self.check == "counter":
            risen = f"the counter rose by {amount} in {spell_duration(self.span_ms)}"
            return f"{risen}, {side} than its power comes to, {expected}"
        volt, ampere = (
            f"{spell_amount(found.evidence.get(name, 0))} {CHANNELS[name].unit}"
            for name in self.channels[1:]
        )
        return f"{amount}, {side} than {volt} and {ampere} make, {expected}"

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """The channels follow from the check, where they are not given."""
        if not fields.get("channels") and given.get("check") in CHANNELS_OF:
            fields["channels"] = CHANNELS_OF[given["check"]]
        yield from super().complete(given, fields)

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        unknown = [name for name in self.channels if name not in CHANNELS]
        units = tuple(
            CHANNELS[name].energy_unit if CHANNELS[name].unit == "kWh" else CHANNELS[name].unit
            for name in self.channels
            if name in CHANNELS
        )
        wanted = UNITS.get(self.check, ())
        checks = (
            (bool(unknown), f"no channel {', '.join(unknown)}; there are: {', '.join(CHANNELS)}"),
            (
                bool(wanted) and not unknown and units != wanted,
                f"check {self.check!r} has channels in {', '.join(wanted)}, in this order",
            ),
            (not wanted and len(self.channels) < 2, "check 'still' needs two channels or more"),
            (not 0 <= self.tolerance < NANO, "tolerance is a share from 0 to below 1"),
            (not 0 <= self.lowest_factor <= NANO, "lowest_factor is a share from 0 to 1"),
            (self.allowed < 0, "allowed is below 0"),
            (self.phases < 1, "phases: 1 or more"),
            (self.readings < 2, "readings: 2 or more"),
            (self.span_ms <= 0, "span must be longer than nothing"),
        )
        own = [sentence for wrong, sentence in checks if wrong]
        return [*own, *self.override_faults()]


def _allowed(rule: AgreeRule) -> AgreeLimits:
    return AgreeLimits(
        rule.tolerance,
        rule.allowed,
        rule.lowest_factor,
        rule.phases,
        rule.span_ms,
        rule.settle_ms,
        rule.readings,
        rule.still_ms,
    )


def _standing(channels: tuple[str, ...], found: Observation) -> str:
    """Which value stands still, at what, and for how long."""
    name = max(channels, key=lambda name: found.evidence.get(f"{name} still", 0))
    value = f"{spell_amount(found.evidence.get(name, 0))} {CHANNELS[name].unit}"
    lasted = spell_duration(found.observed // (NANO // 1000))
    return f"{name} stands still at {value} for {lasted}, while other values move"


KIND = AgreeRule
