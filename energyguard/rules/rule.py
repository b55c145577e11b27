"""A rule: the energy of a device in a sliding window, or the mean of a level, against a limit.

Semantics, the same on every engine: event time; windows ``[end - window, end)`` for every multiple
of the slide; a window is decided when its end is not above the watermark; energies are fixed-point
and compared strictly; a reading counts once; what is late for a window does not change it. The
mean of a channel that is a level (degrees, volts) is decided when time passes the window's end,
by what is known then.
"""

from __future__ import annotations

import hashlib

import msgspec

from energyguard.model.alerts import Severity
from energyguard.model.channels import CHANNELS
from energyguard.model.duration import spell_duration
from energyguard.model.fixed import from_nano, to_nano


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. Levels count 1e-9 of ``unit``; durations are in ms of event time."""

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
        """System C's wording: ``kwh>2.0 over 15 minutes``; ``mean °C>28 over 1 minute``."""
        what = f"mean {self.unit}" if self.of_level else "kwh"
        return f"{what}>{self.threshold or from_nano(self.raise_above)} over {self.window_words}"

    @property
    def of_level(self) -> bool:
        """Whether it speaks of means."""
        return any(CHANNELS[name].is_level for name in self.channels if name in CHANNELS)

    @property
    def unit(self) -> str:
        """The unit of its levels."""
        return next((CHANNELS[n].energy_unit for n in self.channels if n in CHANNELS), "kWh")

    @property
    def window_words(self) -> str:
        """The window's length in words."""
        return spell_duration(self.window_ms)

    @property
    def longest_ms(self) -> int:
        """The longest window whose mean is counted without overflow; of energies no limit."""
        known = [CHANNELS[name] for name in self.channels if name in CHANNELS]
        most = max((c.highest - c.nothing for c in known if c.is_level), default=0.0)
        return int(2**63 / 1e6 / most) if most else 2**63

    @property
    def meaning(self) -> str:
        """A hash of what the sums mean. Levels are not in it: a changed level keeps the state."""
        what = "mean" if self.of_level else "energy"
        text = f"{what} {sorted(self.channels)} {self.window_ms} {self.slide_ms}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def faults(self) -> list[str]:
        """What makes this rule unusable, in sentences; empty when it is fine."""
        window, slide = spell_duration(self.window_ms), spell_duration(self.slide_ms)
        known = [CHANNELS[name] for name in self.channels if name in CHANNELS]
        units = dict.fromkeys(f"mean {c.unit}" if c.is_level else "kWh" for c in known)
        nothing = max((to_nano(c.nothing) for c in known), default=0)
        least = f"{from_nano(nothing)} {self.unit}"
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
            (self.raise_above < nothing, f"raise_above is below {least}: nothing ever is"),
            (self.clear_at > self.raise_above, "clear_at is above raise_above"),
            (self.clear_at < nothing, f"clear_at is below {least}: the alert would never end"),
            (self.window_ms > self.longest_ms, f"window {window!r} is too long for a mean"),
            (len(units) > 1, f"channels of different units: {', '.join(units)}"),
        )
        found = [sentence for wrong, sentence in checks if wrong]
        return found + [
            f"no channel {name!r}; there are: {', '.join(CHANNELS)}"
            for name in self.channels
            if name not in CHANNELS
        ]
