"""What kinds of rules share that look at windows: of a channel's energy, or of a level's mean.

Semantics, the same on every engine: event time; windows ``[end - window, end)`` for every multiple
of the slide; a window is decided when its end is not above the watermark; energies are fixed-point
and compared strictly; a reading counts once; what is late for a window does not change it. The
mean of a channel that is a level (degrees, volts) is decided when time passes the window's end,
by what is known then.

An operator is columns in, columns out: a kind turns the amounts of windows into *scores*, a matrix
(windows, keys). A score above one limit raises, one at or below another clears. A kind that takes
little for a bad sign asks for windows that are *complete* (``gap_ms``): no data is not zero use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from msgspec import UNSET, UnsetType

from energyguard.model.channels import CHANNELS, MAX_GAP_MS, Ints, Measure
from energyguard.model.quantities import from_nano, spell_duration, to_nano
from energyguard.rules.fields import chosen
from energyguard.rules.rule import Rule

OF_WINDOWS = frozenset({"window", "slide", "longest_gap", "per", "basis"})
"""Fields that are the same for all devices: windows are summed for all at once."""
RESTATED = "a later reading shows that it was not so"
"""Why an alert ends that no window ends: the energy that raised it was counted anew."""
Amounts = Callable[[int], Ints]
"""What windows hold that end so many slides before those in question: (windows, keys)."""


class WindowBasis(StrEnum):
    """By which number of a window a rule goes: what it holds at least, as counted, or at most."""

    ESTIMATE = "estimate"
    LOW = "low"
    HIGH = "high"


Basis = Annotated[WindowBasis, chosen(WindowBasis, while_it_runs=True, may_go=True)]
BASIS_WORDS = {
    WindowBasis.ESTIMATE: "",
    WindowBasis.LOW: ", by what is certain at least",
    WindowBasis.HIGH: ", by what is possible at most",
}
"""What a sentence says of it."""


class WindowRule(Rule):
    """A rule about windows. Its scores are int64."""

    __slots__ = ()

    channels: tuple[str, ...]
    window_ms: int
    slide_ms: int
    dwell_ms: int

    # The operator

    @property
    def goes_by(self) -> WindowBasis:
        """By which of a window's numbers it goes: what its ``basis`` says, if its kind has one."""
        basis: WindowBasis | UnsetType = getattr(self, "basis", UNSET)
        return WindowBasis.ESTIMATE if basis is UNSET else basis

    def score(self, amounts: Amounts) -> Ints:
        """How bad windows are: (windows, keys)."""
        return amounts(0)

    def score_bounds(self, low: Amounts, high: Amounts) -> Ints:
        """How bad windows are at least, or at most, by what they hold at least and at most."""
        return self.score(low if self.goes_by is WindowBasis.LOW else high)

    def score_of(self, nano: int, measure: Measure) -> int:
        """The score of a level in 1e-9 of the rule's unit: a window above it has a higher one."""
        return measure.amount(nano, self.window_ms)

    def shown(self, score: int, measure: Measure) -> int:
        """What a score says to people, in 1e-9 of the rule's unit."""
        return measure.nano(score, self.window_ms)

    @property
    def scored(self) -> tuple[object, ...]:
        """How it scores, whatever its windows and levels: while this stays, an episode may."""
        return (self.kind,)

    @property
    def may_raise_early(self) -> bool:
        """Whether its score is the window's amount, so that more readings only make it worse."""
        return False

    @property
    def gap_ms(self) -> int:
        """Of windows that must be complete: no two readings are farther apart; 0: any will do."""
        return 0

    # What follows from its fields

    @property
    def mode_name(self) -> str:
        """What a record of ``energy_alerts`` says in ``mode``."""
        return self.id

    @property
    def panes(self) -> int:
        """How many slides make a window."""
        return self.window_ms // self.slide_ms

    @property
    def reach_ms(self) -> int:
        """How far back it looks from a window's end: a multiple of the slide."""
        return self.window_ms

    @property
    def is_mean(self) -> bool:
        """Whether it speaks of means."""
        return any(CHANNELS[name].is_level for name in self.channels if name in CHANNELS)

    @property
    def unit(self) -> str:
        """The unit of its levels."""
        return self.window_unit

    @property
    def window_unit(self) -> str:
        """The unit of what a window has."""
        return next((CHANNELS[n].energy_unit for n in self.channels if n in CHANNELS), "kWh")

    @property
    def window_words(self) -> str:
        """The window's length in words."""
        return spell_duration(self.window_ms)

    @property
    def looked_at(self) -> str:
        """What it looks at, in words: ``15 minutes``, ``the mean of 1 minute``."""
        return f"the mean of {self.window_words}" if self.is_mean else self.window_words

    @property
    def max_window_ms(self) -> int:
        """The longest window whose mean is counted without overflow; of energies no limit."""
        known = [CHANNELS[name] for name in self.channels if name in CHANNELS]
        highest = max((c.highest - c.nothing for c in known if c.is_level), default=0.0)
        return int(2**63 / 1e6 / highest) if highest else 2**63

    @property
    def nothing(self) -> int:
        """The least that its windows can have, in 1e-9 of ``window_unit``."""
        known = [CHANNELS[name] for name in self.channels if name in CHANNELS]
        return max((to_nano(channel.nothing) for channel in known), default=0)

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """Leave ``basis = "estimate"`` out: a rule that says nothing goes by what is counted."""
        if fields.get("basis") is WindowBasis.ESTIMATE:
            del fields["basis"]
        yield from super().complete(given, fields)

    def changed(self, new: Mapping[str, Any], text: Mapping[str, str]) -> Self:
        """Changed to ``basis = "estimate"`` it says no basis: see ``complete``."""
        more = {"basis": UNSET} if new.get("basis") is WindowBasis.ESTIMATE else {}
        return super().changed({**new, **more}, text)

    def summary_of(self, what: str) -> str:
        """``what`` with the level that clears, and how often it looks."""
        cleared = f"{from_nano(self.clear_level)} {self.unit}"
        clears = "" if self.clear_level == self.level else f", clears at {cleared}"
        return f"{what}{clears}; looks every {spell_duration(self.slide_ms)}."

    def window_faults(self) -> Iterator[str]:
        """What is wrong with its channels, windows and slides."""
        window, slide = spell_duration(self.window_ms), spell_duration(self.slide_ms)
        known = [CHANNELS[name] for name in self.channels if name in CHANNELS]
        units = dict.fromkeys(f"mean {c.unit}" if c.is_level else "kWh" for c in known)
        checks = (
            (not self.channels, "no channels: name at least one"),
            (self.slide_ms <= 0, "slide must be longer than nothing"),
            (
                0 < self.window_ms < self.slide_ms,
                f"window {window!r} is shorter than slide {slide!r} "
                "(a reading would be lost between windows)",
            ),
            (
                self.slide_ms > 0 and self.window_ms % self.slide_ms != 0,
                f"window {window!r} is not a multiple of slide {slide!r}",
            ),
            (self.window_ms > self.max_window_ms, f"window {window!r} is too long for a mean"),
            (
                self.is_mean and self.goes_by is not WindowBasis.ESTIMATE,
                "basis: a mean has no bounds; only sums go by low or high",
            ),
            (len(units) > 1, f"channels of different units: {', '.join(units)}"),
        )
        yield from (sentence for wrong, sentence in checks if wrong)
        yield from (
            f"no channel {name!r}; there are: {', '.join(CHANNELS)}"
            for name in self.channels
            if name not in CHANNELS
        )


def usual_gap(window_ms: int) -> int:
    """How far apart the readings of a complete window may be, where a rule does not say."""
    return min(window_ms // 3, MAX_GAP_MS)
