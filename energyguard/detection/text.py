"""The sentence of an alert: every number of it is in the alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from energyguard.detection.detector import UnusualUse
from energyguard.detection.scores import UNLIKE

WORDS: Final = {
    "surge": "Very high use",
    "stuck_on": "Something stays on",
    "leak": "Base load raised",
    "night": "Unusual use at night",
    "dropout": "Much less use than usual",
    "frozen": "The meter repeats a value",
    UNLIKE: "Unlike anything of this device",
}
_OPPOSITE: Final = {" above ": " below ", " below ": " above "}


def sentence(alert: UnusualUse, slot_h: float, unit: str, named: Callable[[int], str]) -> str:
    """What happened, since when, what is usual, why it is believed, how rare it is.

    Args:
        alert: the alert.
        slot_h: a slot's length in hours.
        unit: of its amounts.
        named: the local time at which a slot begins, ``Tue 02:15``.
    """
    minutes = round((alert.opened - alert.since + 1) * slot_h * 60)
    reasons = "; ".join(_reason(name, number) for name, number in alert.reasons)
    return (
        f"{WORDS.get(alert.kind, alert.kind)} since {named(alert.since)} "
        f"({minutes // 60} h {minutes % 60:02d} min). Now {alert.value:.3g} {unit}; usual for "
        f"{named(alert.opened)}: {alert.usual_low:.3g} to {alert.usual_high:.3g}. {reasons}. "
        f"Kind: {_kind(alert.kind)} (next: {_kind(alert.next_kind)}). "
        f"About one such alert in {alert.weeks:.0f} device-weeks."
    )


def _reason(name: str, number: float) -> str:
    """``spreads below usual -16.0`` is ``spreads above usual +16.0``."""
    for word, opposite in _OPPOSITE.items():
        if number < 0 and word in name:
            return f"{name.replace(word, opposite)} {-number:+.1f}"
    return f"{name} {number:+.1f}"


def _kind(name: str) -> str:
    return name.replace("_", " ")
