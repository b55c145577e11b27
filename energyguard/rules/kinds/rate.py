"""How fast sums or means change: each window against the one that ends where it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from energyguard.model.alerts import Severity, State
from energyguard.model.channels import MS_PER_HOUR, Ints, Measure
from energyguard.model.quantities import from_nano, spell_duration
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import About, Channels, HowBad, Id, Level, Span, chosen
from energyguard.rules.levels import clears_where_it_raises
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


class Direction(StrEnum):
    """Which changes count."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


_VERBS = {Direction.UP: "rises", Direction.DOWN: "falls", Direction.EITHER: "changes"}


class RateRule(
    WindowRule, DeviceRule, msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="rate"
):
    """The difference of two windows side by side, per time; both must be complete."""

    kind: ClassVar[str] = "rate"
    shared: ClassVar[frozenset[str]] = OF_WINDOWS
    limit: ClassVar[str] = "raise_above"

    id: Id
    channels: Channels
    window_ms: Span
    slide_ms: Span
    raise_above: Level
    clear_at: Level
    per_ms: Span = MS_PER_HOUR
    direction: Annotated[Direction, chosen(Direction)] = Direction.EITHER
    dwell_ms: Span = 0
    severity: HowBad = Severity.WARNING
    about: About = ""
    longest_gap_ms: Span | UnsetType = UNSET
    basis: Basis | UnsetType = UNSET
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def level(self) -> int:
        """The fastest change that is allowed."""
        return self.raise_above

    @property
    def clear_level(self) -> int:
        """The change that clears."""
        return self.clear_at

    @property
    def unit(self) -> str:
        """``kWh per hour``, ``°C per 10 minutes``."""
        return f"{self.window_unit} per {spell_duration(self.per_ms).removeprefix('1 ')}"

    @property
    def reach_ms(self) -> int:
        """Two windows."""
        return 2 * self.window_ms

    @property
    def gap_ms(self) -> int:
        """A window of which readings are missing would be a change that never was."""
        return usual_gap(self.window_ms) if self.longest_gap_ms is UNSET else self.longest_gap_ms

    @property
    def _windows(self) -> str:
        return f"{'means' if self.is_mean else 'sums'} of {self.window_words}"

    @property
    def text(self) -> str:
        """The rule in few words: ``°C per hour up>5 between means of 10 minutes``."""
        by = "" if self.basis is UNSET else f"{self.basis} "
        what = f"{by}{self.unit} {self.direction}>{from_nano(self.level)}"
        return f"{what} between {self._windows}"

    @property
    def summary(self) -> str:
        """What it does, with the levels as they are now."""
        level = f"{from_nano(self.level)} {self.unit}"
        verb = _VERBS[self.direction]
        what = f"Raises if it {verb} by more than {level} between {self._windows}"
        return self.summary_of(what + BASIS_WORDS[self.goes_by])

    @property
    def scored(self) -> tuple[object, ...]:
        """Which changes, per what time, and by which of a window's numbers."""
        return self.kind, self.direction, self.per_ms, self.goes_by

    def score(self, amounts: Amounts) -> Ints:
        """By how much a window has more than the one before it, or less, or either."""
        change = amounts(0) - amounts(self.panes)
        if self.direction is Direction.UP:
            return change
        return -change if self.direction is Direction.DOWN else abs(change)

    def score_bounds(self, low: Amounts, high: Amounts) -> Ints:
        """By how much it has more or less, or either, at least or at most."""
        before = self.panes
        if self.goes_by is WindowBasis.LOW:
            up, down = low(0) - high(before), low(before) - high(0)
            both = np.maximum(np.maximum(up, down), 0)
        else:
            up, down = high(0) - low(before), high(before) - low(0)
            both = np.maximum(up, down)
        scores: Ints = {Direction.UP: up, Direction.DOWN: down}.get(self.direction, both)
        return scores

    def _per_nano(self, measure: Measure) -> Fraction:
        """The score of a change of 1e-9 of the unit per ``per``."""
        return measure.per_difference(self.window_ms) * Fraction(self.window_ms, self.per_ms)

    def score_of(self, nano: int, measure: Measure) -> int:
        """A level as a difference of amounts: a whole one, which compares as the exact does."""
        return floor(nano * self._per_nano(measure))

    def shown(self, score: int, measure: Measure) -> int:
        """The change, per time, in the direction that counts."""
        return floor(score / self._per_nano(measure))

    def sentence(self, found: Observation) -> str:
        """What happened, for a person."""
        verb, unit = _VERBS[self.direction], self.unit
        if found.state is State.UNKNOWN:
            return found.unknown("changing so fast")
        observed = f"{found.device} {verb} by {spell_amount(found.observed)} {unit}"
        observed = f"{observed} between {self._windows}{BASIS_WORDS[self.goes_by]}"
        if found.state is State.RESOLVED:
            return f"{observed}: at or below {from_nano(self.clear_level)}"
        far = f", {spell_amount(found.observed - self.level)} more than {from_nano(self.level)}"
        pending = ", not yet for long" if found.state is State.PENDING else ""
        return observed + far + pending + found.since

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """An alert clears where it is raised, unless the rule says else."""
        clears_where_it_raises(fields, "raise_above")
        return (name for name in super().complete(given, fields) if name != "clear_at")

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        checks = (
            (self.level < 0, "raise_above is below 0: every change is more"),
            (self.clear_at > self.level, "clear_at is above raise_above"),
            (self.clear_at < 0, "clear_at is below 0: the alert would never end"),
            (self.per_ms <= 0, "per must be longer than nothing"),
        )
        own = (sentence for wrong, sentence in checks if wrong)
        return [*self.window_faults(), *own, *self.override_faults()]


KIND = RateRule
