"""The sum or the mean of a window, above a level or below one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.model.alerts import Severity, State
from energyguard.model.channels import Ints, Measure
from energyguard.model.quantities import from_nano
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import About, Channels, HowBad, Id, Level, Span, Text
from energyguard.rules.levels import MAX_LEVEL_KW, LevelRule, is_beyond_power
from energyguard.rules.rule import Observation, spell_amount
from energyguard.rules.windowed import (
    BASIS_WORDS,
    OF_WINDOWS,
    Amounts,
    Basis,
    WindowBasis,
    WindowRule,
    usual_gap,
)

_ABOVE = {
    State.PENDING: "{device} is above {level} {unit} in {window}{by}, not yet for long",
    State.FIRING: "{device} passed {level} {unit} in {window}{by}",
    State.RESOLVED: "{device} is back at or below {clear} {unit} in {window}{by}",
    State.UNKNOWN: "{device} is silent: nobody knows whether it is still above {level} {unit}",
}
_BELOW = {
    State.PENDING: "{device} is below {level} {unit} in {window}{by}, not yet for long",
    State.FIRING: (
        "{device} fell below {level} {unit} in {window}{by}: {observed}, {far} less{since}"
    ),
    State.RESOLVED: "{device} is back at or above {clear} {unit} in {window}{by}",
    State.UNKNOWN: "{device} is silent: nobody knows whether it is still below {level} {unit}",
}


class ThresholdRule(LevelRule, WindowRule, DeviceRule, msgspec.Struct, frozen=True, kw_only=True):
    """A window's sum or mean against a level; its records do not say their kind: it was first.

    Below a level, and above one below 0, only complete windows speak: readings are at most ``gap``
    apart, up to its end. A sum is what is counted, or at least, or at most (``basis``).
    """

    kind: ClassVar[str] = "threshold"
    shared: ClassVar[frozenset[str]] = OF_WINDOWS

    id: Id
    channels: Channels
    window_ms: Span
    slide_ms: Span
    raise_above: Level | UnsetType = UNSET
    clear_at: Level
    dwell_ms: Span = 0
    severity: HowBad = Severity.WARNING
    mode: Text = ""  # what system C's record says in `mode`; empty: the rule's id
    threshold: str = ""  # the level as it was written, for the record's `rule`
    about: About = ""
    raise_below: Level | UnsetType = UNSET
    longest_gap_ms: Span | UnsetType = UNSET
    basis: Basis | UnsetType = UNSET
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def engines(self) -> frozenset[str]:
        """Those whose jobs sum amounts and hold the sums of all devices against a level above."""
        can = self.is_uniform and not self._wants_complete and self.basis is UNSET
        return frozenset({"spark", "flink"}) if can else frozenset()

    @property
    def text(self) -> str:
        """System C's wording: ``kwh>2.0 over 15 minutes``; ``mean °C>28 over 1 minute``."""
        what = f"mean {self.unit}" if self.is_mean else "kwh"
        what = what if self.basis is UNSET else f"{self.basis} {what}"
        return f"{what}{'<' if self.is_below else '>'}{self._level} over {self.window_words}"

    @property
    def _level(self) -> str:
        return self.threshold or from_nano(self.level)

    @property
    def summary(self) -> str:
        """What it does, with the levels as they are now."""
        level = f"{from_nano(self.level)} {self.unit}"
        what = f"Raises {self.side} {level} in {self.looked_at}{BASIS_WORDS[self.goes_by]}"
        return self.summary_of(what)

    @property
    def meaning(self) -> str:
        """A hash of what the sums mean. Levels are not in it: a changed level keeps the state."""
        what = "mean" if self.is_mean else "energy"
        what = what if self.basis is UNSET else f"{self.basis} {what}"
        text = f"{what} {sorted(self.channels)} {self.window_ms} {self.slide_ms}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def may_raise_early(self) -> bool:
        """What is there at least stays there; at most is known when all has come."""
        return not self._wants_complete and self.goes_by is not WindowBasis.HIGH

    @property
    def _wants_complete(self) -> bool:
        """Whether a window that lacks readings may seem to break it."""
        return self.is_below or (self.level < 0 and not self.is_mean)

    @property
    def gap_ms(self) -> int:
        """Missing readings must raise nothing: they make sums small, or 0 where it was fed in."""
        if not self._wants_complete:
            return 0
        gap = self.longest_gap_ms
        return usual_gap(self.window_ms) if gap is UNSET else gap

    @property
    def makes_energy_alerts(self) -> bool:
        """System C's records tell of kWh above a level."""
        return not self._wants_complete and not self.is_mean

    @property
    def mode_name(self) -> str:
        """Its mode, or its id."""
        return self.mode or self.id

    @property
    def scored(self) -> tuple[object, ...]:
        """From which side, and by which of a window's numbers."""
        return self.kind, self.is_below, self.goes_by

    def score(self, amounts: Amounts) -> Ints:
        """The amount; below a level the less the worse."""
        return -amounts(0) if self.is_below else amounts(0)

    def score_of(self, nano: int, measure: Measure) -> int:
        """The amount of a level."""
        amount = measure.amount(nano, self.window_ms)
        return -amount if self.is_below else amount

    def shown(self, score: int, measure: Measure) -> int:
        """The energy or the mean."""
        return measure.nano(-score if self.is_below else score, self.window_ms)

    def sentence(self, found: Observation) -> str:
        """What happened, for a person."""
        return (_BELOW if self.is_below else _ABOVE)[found.state].format(
            device=found.device,
            level=self._level,
            clear=from_nano(self.clear_at),
            window=self.looked_at,
            unit=self.unit,
            observed=spell_amount(found.observed),
            far=spell_amount(abs(found.observed - self.level)),
            since=found.since,
            by=BASIS_WORDS[self.goes_by],
        )

    def changed(self, new: Mapping[str, Any], text: Mapping[str, str]) -> ThresholdRule:
        """A level is written in records as people wrote it."""
        written = {"threshold": text[self.limit]} if self.limit in text else {}
        return super().changed({**new, **written}, text)

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """A level is written in records as people wrote it."""
        level = given.get("raise_above", given.get("raise_below", ""))
        fields["threshold"] = str(level)
        return super().complete(given, fields)

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        lowest = f"{from_nano(self.nothing)} {self.unit}"
        is_under = self.is_mean and self.level < self.nothing
        is_beyond = is_beyond_power(self.level, self.unit, self.window_ms)
        never_ends = self.clear_at < self.nothing and (self.is_mean or self.level >= 0)
        checks = (
            (is_beyond, f"{self.limit} is more than {MAX_LEVEL_KW:,} kW give: nothing ever is"),
            (is_under, f"{self.limit} is below {lowest}: nothing ever is"),
            (never_ends, f"clear_at is below {lowest}: the alert would never end"),
            (
                not self._wants_complete and self.longest_gap_ms is not UNSET,
                "longest_gap: only a rule with raise_below, or with raise_above below 0, asks for "
                "complete windows",
            ),
        )
        wrong = (sentence for is_wrong, sentence in checks if is_wrong)
        found = [*self.window_faults(), *self.level_faults(), *wrong, *self.override_faults()]
        return found or [*self._sides_faults()]

    def _sides_faults(self) -> Iterator[str]:
        """Devices with a level on the other side of 0: which windows count is the same for all."""
        for device in self.overrides:
            if self.of(device)._wants_complete != self._wants_complete:
                yield f"{device}: {self.limit} is on the other side of 0: write a rule of its own"


KIND = ThresholdRule
