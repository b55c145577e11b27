"""The rule that has a worker tell what the windows of some devices hold, whatever they hold.

Nobody writes it: it follows from a rule about a virtual device (``sums.py``), and stands in a
partition's decisions beside it. It raises nothing.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.model.alerts import Severity
from energyguard.model.channels import Measure
from energyguard.model.selector import DeviceFacts
from energyguard.rules.devices import Facts, SelectedRule
from energyguard.rules.windowed import WindowBasis, WindowRule

EVERY: Final = -(2**61)
"""A score that every window is above, but one that says nothing."""


class TermRule(
    WindowRule,
    SelectedRule,
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="kind",
    tag="terms",
):
    """Which windows of one channel of which devices a rule sums up.

    Attributes:
        rule: the id of the rule.
        device: the virtual device that the rule is about.
        meaning: what its windows are: sums of other windows are others.
        terms: how often each device counts in the sum, now or at another time; below 0: it is
            taken away.
        periods: where that changes, from which event time on how often those count that do.
    """

    kind: ClassVar[str] = "terms"
    limit: ClassVar[str] = ""

    id: str
    rule: str
    device: str
    meaning: str
    channels: tuple[str, ...]
    window_ms: int
    slide_ms: int
    terms: dict[str, int]
    periods: tuple[tuple[int, dict[str, int]], ...] = ()
    longest_gap_ms: int = 0
    basis: WindowBasis | UnsetType = UNSET
    selector: str | UnsetType = UNSET
    dwell_ms: int = 0
    severity: Severity = Severity.INFO
    about: str = ""

    @property
    def level(self) -> int:
        """None that matters: see ``score_of``."""
        return 0

    @property
    def gap_ms(self) -> int:
        """That of the rule."""
        return self.longest_gap_ms

    @property
    def text(self) -> str:
        """What it does, in few words."""
        return f"terms of {self.device} for {self.rule}"

    @property
    def is_uniform(self) -> bool:
        """Never: it is about its terms."""
        return False

    def selects(self, device: str, facts: Facts = DeviceFacts) -> bool:
        """Whether a device is a term."""
        return device in self.terms

    def score_of(self, nano: int, measure: Measure) -> int:
        """Below all that a window can have."""
        return EVERY
