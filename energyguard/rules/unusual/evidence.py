"""What an alert about unusual use says for itself: names and amounts in its record, and back.

A record has amounts by name alone, so a kind is a name: ``kind/leak``. Times are hours since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from energyguard.detection.detector import UnusualUse
from energyguard.detection.slots import HOUR_MS
from energyguard.model.quantities import NANO

_KIND: Final = "kind/"
_NEXT: Final = "next/"
_REASON: Final = "reason/"


@dataclass(frozen=True, slots=True)
class UnusualEvidence:
    """What is known of an alert: amounts in kW, times in ms."""

    alert: UnusualUse
    slot_ms: int

    def amounts(self) -> dict[str, int]:
        """By name, in 1e-9."""
        alert, hours = self.alert, self.slot_ms / HOUR_MS
        found = {
            "usual_low": alert.usual_low,
            "usual_high": alert.usual_high,
            "usual": alert.expected,
            "weeks": alert.weeks,
            "slot": hours,
            "opened": alert.opened * hours,
            "since": alert.since * hours,
            f"{_KIND}{alert.kind}": 1,
            f"{_NEXT}{alert.next_kind}": 1,
            **{f"{_REASON}{name}": number for name, number in alert.reasons},
        }
        return {name: round(amount * NANO) for name, amount in found.items()}

    @classmethod
    def of(cls, observed: int, amounts: Mapping[str, int]) -> UnusualEvidence | None:
        """What a record says; None: it is not one of such an alert, or says too little.

        Args:
            observed: 1e-9 kW.
            amounts: by name, in 1e-9.
        """
        known = {name: amount / NANO for name, amount in amounts.items()}
        kind, next_kind = (_name_of(prefix, amounts) for prefix in (_KIND, _NEXT))
        if not kind or not known.get("slot"):
            return None
        slot_h = known["slot"]
        reasons = [
            (name.removeprefix(_REASON), number)
            for name, number in known.items()
            if name.startswith(_REASON)
        ]
        opened = round(known["opened"] / slot_h)
        alert = UnusualUse(
            device=0,
            opened=opened,
            since=round(known["since"] / slot_h),
            last=opened,
            kind=kind,
            next_kind=next_kind,
            weeks=known["weeks"],
            value=observed / NANO,
            expected=known["usual"],
            usual_low=known["usual_low"],
            usual_high=known["usual_high"],
            reasons=tuple(reasons),
        )
        return cls(alert, round(slot_h * HOUR_MS))


def _name_of(prefix: str, amounts: Mapping[str, int]) -> str:
    """What stands behind a prefix; nothing, where no name begins with it."""
    return next((n.removeprefix(prefix) for n in amounts if n.startswith(prefix)), "")
