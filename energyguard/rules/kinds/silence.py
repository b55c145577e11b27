"""A device that has sent nothing for too long: by its own rhythm, or by a duration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.model.alerts import Severity, State
from energyguard.model.channels import Ints
from energyguard.model.quantities import NANO, spell_duration
from energyguard.rules.devices import DeviceRule, Overrides, Selector
from energyguard.rules.fields import About, Count, HowBad, Id, Span
from energyguard.rules.rule import Observation


class SilenceLimits(NamedTuple):
    """For how long devices are waited for: numbers, or columns of (n,)."""

    silent_ms: Ints | int
    """So long at least."""
    rhythms: Ints | int
    """So many times a device's usual step; 0: only for ``silent_ms``."""


class SilenceRule(
    DeviceRule, msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="silence"
):
    """No reading of any channel for longer than ``longer_than``, and than so many usual steps.

    The usual step is the second longest of a device's last eight, and its usual delay is on top;
    ``rhythms`` 0 asks for neither, and until two steps are known a device is waited for a day and
    two hours.
    """

    kind: ClassVar[str] = "silence"
    limit: ClassVar[str] = "longer_than"

    id: Id
    longer_than_ms: Span = 0
    rhythms: Count = 0
    severity: HowBad = Severity.WARNING
    about: About = ""
    selector: Selector | UnsetType = UNSET
    devices: Overrides | UnsetType = UNSET

    @property
    def limits(self) -> SilenceLimits:
        """For how long it waits."""
        return SilenceLimits(self.longer_than_ms, self.rhythms)

    @property
    def level(self) -> int:
        """The longest silence that it allows every device, in 1e-9 s."""
        return self.observed(self.longer_than_ms)

    @property
    def unit(self) -> str:
        """Seconds, where it has a duration."""
        return "s" if self.longer_than_ms else ""

    def observed(self, lasted_ms: int) -> int:
        """How long a silence lasted, in 1e-9 of its unit."""
        return lasted_ms * (NANO // 1000) if self.unit else 0

    @property
    def _length(self) -> str:
        times = f"{self.rhythms} usual steps" if self.rhythms else ""
        span = spell_duration(self.longer_than_ms) if self.longer_than_ms else ""
        return " and ".join(part for part in (span, times) if part)

    @property
    def text(self) -> str:
        """The rule in few words."""
        return f"silent for {self._length}"

    @property
    def summary(self) -> str:
        """What it does, with its limits as they are now."""
        return f"Raises when a device has sent nothing for {self._length}."

    def sentence(self, found: Observation) -> str:
        """What happened, for a person."""
        if found.state is State.RESOLVED:
            return f"{found.device} sends again"
        if not self._length:
            return f"{found.device} is silent"
        return f"{found.device} has sent nothing for {self._length}{found.since}"

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """One of the two limits is needed."""
        yield from super().complete(given, fields)
        if not {"longer_than", "rhythms"} & given.keys():
            yield "longer_than"

    def validate(self) -> list[str]:
        """What makes this rule unusable."""
        checks = (
            (self.id == OF_THE_PRODUCT.id, f"id {self.id!r} is the product's own: take another"),
            (not self.longer_than_ms and not self.rhythms, "longer_than, or rhythms, above 0"),
            (self.rhythms == 1, "rhythms: 1 is every pause; 2 or more"),
        )
        return [*(sentence for wrong, sentence in checks if wrong), *self.override_faults()]


OF_THE_PRODUCT = SilenceRule(id="silence")
"""Of every device, by its own rhythm (``stream.silent``): it only says that nobody knows."""
KIND = SilenceRule
