"""A limit of a state: how high it may be, or low, and how long it may last.

The state is what a device's newest reading says of a level (volts, degrees), or a state that a
machine is in (a bay where a car is parked: ``domains/charging``). Whoever has values of its own
(``compat/``) holds them against a limit by ``is_passed`` and says so by ``breach``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from energyguard.model.alerts import Severity, State
from energyguard.model.channels import CHANNELS, MEASURES, Ints
from energyguard.model.quantities import from_nano, spell_duration
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import About, Channels, HowBad, Id, Level, Span
from energyguard.rules.levels import LevelRule
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.rule import Observation, spell_amount
from energyguard.rules.valued import Scorer, Scores, ValueRows, ValueRule


def is_passed(limit: float, observed: float) -> bool:
    """Whether something observed breaks a limit: strictly more does."""
    return observed > limit


def breach(device: str, observed: str, limit: str, *, side: str = "above") -> str:
    """What an alert says of it."""
    return f"{device}: {observed} is {side} {limit}"


class StateRule(
    LevelRule,
    ValueRule,
    DeviceRule,
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="state",
):
    """The newest reading of a level, or a power, against a limit, for ``longer_than`` or at once.

    A reading holds until the next one; of a silent device nobody knows. Late readings say nothing
    of what is now.
    """

    kind: ClassVar[str] = "state"
    counts_energy: ClassVar[bool] = True

    id: Id
    channels: Channels = ()
    state: str = ""  # of a machine: this, and no level; not for rule files
    raise_above: Level | UnsetType = UNSET
    raise_below: Level | UnsetType = UNSET
    clear_at: Level = 0
    longer_than_ms: Span = 0
    severity: HowBad = Severity.WARNING
    about: About = ""
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def unit(self) -> str:
        """The unit of its level."""
        return next((CHANNELS[n].unit for n in self.channels if n in CHANNELS), "")

    @property
    def _lasts(self) -> str:
        span = self.longer_than_ms
        return f" for longer than {spell_duration(span)}" if span else ""

    @property
    def text(self) -> str:
        """The rule in few words: ``V>232 for longer than 1 minute``; ``parked for …``."""
        limit = f"{self.unit}{'<' if self.is_below else '>'}{from_nano(self.level)}"
        return (self.state or limit) + self._lasts

    @property
    def summary(self) -> str:
        """What it does, with the levels as they are now."""
        level, clear = (f"{from_nano(n)} {self.unit}" for n in (self.level, self.clear_at))
        clears = "" if self.clear_at == self.level else f", clears at {clear}"
        return f"Raises {self.side} {level}{self._lasts}{clears}."

    def scorer(self) -> Scorer:
        """Values against its level."""
        return _LevelScorer(self)

    def still_breaks(self, device: str, observed: int) -> bool:
        """Whether a value of a device does not clear."""
        clear = self.of(device).clear_at
        return observed < clear if self.is_below else observed > clear

    def sentence(self, found: Observation) -> str:
        """What happened, for a person."""
        level, clear = (f"{from_nano(n)} {self.unit}" for n in (self.level, self.clear_at))
        observed = f"{spell_amount(found.observed)} {self.unit}"
        if found.state is State.UNKNOWN:
            return found.unknown(f"{self.side} {level}")
        if found.state is State.RESOLVED:
            return f"{found.device}: {observed} is back at {clear}"
        far = f", by {spell_amount(abs(found.observed - self.level))} {self.unit}"
        lasts = ", not yet for long" if found.state is State.PENDING else self._lasts
        return breach(found.device, observed, level, side=self.side) + far + lasts + found.since

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """In rule files it is of channels."""
        yield from super().complete(given, fields)
        if "channels" not in given:
            yield "channels"

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        units = {CHANNELS[name].unit for name in self.channels if name in CHANNELS}
        levels = [name for name, measure in MEASURES.items() if measure.holds]
        no_level = [name for name in self.channels if name not in levels]
        checks = (
            (not self.channels, "no channels: name at least one"),
            (bool(no_level), f"{', '.join(no_level)}: no level; there are: {', '.join(levels)}"),
            (len(units) > 1, f"channels of different units: {', '.join(sorted(units))}"),
        )
        own = [sentence for wrong, sentence in checks if wrong]
        return [*own, *self.level_faults(), *self.override_faults()]


class _Levels(NamedTuple):
    """The level that raises and the one that clears; as scores: higher is worse."""

    level: Ints | int
    clear: Ints | int


class _LevelScorer:
    """Every value by itself: nothing is remembered but what is allowed each device."""

    def __init__(self, rule: StateRule) -> None:
        self._sign = sign = -1 if rule.is_below else 1
        self._limits = LimitColumns(
            rule, lambda rule: _Levels(sign * rule.level, sign * rule.clear_level)
        )

    def score(self, rows: ValueRows) -> Scores:
        """Hold values of the one channel against the level of each device."""
        (value,) = rows.value.values()
        score, limits = self._sign * value, self._limits.at(rows.devices, rows.key)
        return Scores(
            breaks=score > limits.level,
            clears=score <= limits.clear,
            score=score,
            observed=value,
            expected=np.broadcast_to(self._sign * np.asarray(limits.level), score.shape),
        )

    def save(self) -> None:
        """Nothing."""

    def restore(self, saved: object) -> None:
        """There is nothing."""


KIND = StateRule
