"""A rule: the energy of a device in a sliding window, held against a level.

Semantics, the same on every engine: event time; windows ``[end - window, end)`` for every multiple
of the slide; a window is decided when its end is not above the watermark; energies are fixed-point
and compared strictly; a reading counts once; what is late for a window does not change it.
"""

from __future__ import annotations

import hashlib

import msgspec

from energyguard.model.alerts import Severity
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.duration import spell_duration
from energyguard.model.fixed import from_nano


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. Levels count 1e-9 kWh; durations are in ms of event time."""

    id: str
    channels: tuple[str, ...]
    window_ms: int
    slide_ms: int
    raise_above: int
    clear_at: int
    dwell_ms: int = 0
    severity: Severity = Severity.WARNING
    mode: str = ""  # what system C's record says in `mode`; empty: the rule's id
    threshold: str = ""  # the level as it was written, for the record's `rule`
    about: str = ""

    @property
    def panes(self) -> int:
        """How many slides make a window."""
        return self.window_ms // self.slide_ms

    @property
    def text(self) -> str:
        """System C's wording: ``kwh>2.0 over 15 minutes``."""
        return f"kwh>{self.threshold or from_nano(self.raise_above)} over {self.window_words}"

    @property
    def window_words(self) -> str:
        """The window's length in words."""
        return spell_duration(self.window_ms)

    @property
    def meaning(self) -> str:
        """A hash of what the sums mean. Levels are not in it: a changed level keeps the state."""
        text = f"energy {sorted(self.channels)} {self.window_ms} {self.slide_ms}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def faults(self) -> list[str]:
        """What makes this rule unusable, in sentences; empty when it is fine."""
        window, slide = spell_duration(self.window_ms), spell_duration(self.slide_ms)
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
            (self.raise_above < 0, "raise_above is negative: an energy is never below nothing"),
            (self.clear_at > self.raise_above, "clear_at is above raise_above"),
            (self.clear_at < 0, "clear_at is negative: the alert would never end"),
        )
        found = [sentence for wrong, sentence in checks if wrong]
        for name in self.channels:
            if name not in CHANNELS:
                found.append(f"no channel {name!r}; there are: {', '.join(CHANNELS)}")
            elif CHANNELS[name].kind is Kind.STATE:
                found.append(f"channel {name!r} is a level: it has no energy to sum")
        return found
