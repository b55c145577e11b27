"""Why an entry is of its kind: a short code and one number, and the sentence that they make."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from energyguard.model.quantities import from_nano, spell_duration


class Evidence(IntEnum):
    """Why an entry is what it is; its code is in the history, and never changes.

    What the entry's ``number`` is stands beside each: energies and registers in 1e-9 kWh.
    """

    PLAIN = 0  # nothing to explain
    UNUSUAL = 1  # tenths of the largest power of the 16 steps before
    LONG = 2  # the longest usual step, ms
    RETURNED = 3  # the register that came after it, and fits the one before it
    OPEN = 4  # the readings after it will show what it was; 0
    LAST_DIGIT = 5  # by how much the register was lower
    FELL = 6  # the register before
    MIDNIGHT = 7  # the register before; between it and this one lies a local midnight
    NEW_DAY = 8  # the register before, of a counter of today: this one counts since midnight
    SINCE_MIDNIGHT = 9  # of the first reading of a counter of today: the register
    DIGITS = 10  # where the register begins again at 0
    STEP = 11  # the register's step
    RESTORED = 12  # by how much the register went on lower
    TOO_LARGE = 13  # the power that it would need, W
    NOT_FOLLOWED = 14  # the register after it, which fits neither
    BEYOND = 15  # where the register begins again at 0: it cannot show more


OF_ENERGIES: Final = tuple(
    evidence
    for evidence in Evidence
    if evidence
    not in (Evidence.PLAIN, Evidence.UNUSUAL, Evidence.LONG, Evidence.OPEN, Evidence.TOO_LARGE)
)
"""Those whose number is an energy or a register, as a channel's readings are sent."""
_SENTENCES = {
    Evidence.PLAIN: "",
    Evidence.UNUSUAL: "{tenths} × the largest power of the 16 steps before",
    Evidence.LONG: "longer than three times the usual step of {duration}",
    Evidence.RETURNED: "returned {energy}",
    Evidence.OPEN: "the readings after it will show what it is",
    Evidence.LAST_DIGIT: "lower by {energy}, no more than the last digit",
    Evidence.FELL: "began again at 0 after {energy}",
    Evidence.MIDNIGHT: "began again at 0 at midnight, after {energy}",
    Evidence.NEW_DAY: "a new day's count, after {energy}",
    Evidence.SINCE_MIDNIGHT: "a counter of today, at {energy}",
    Evidence.DIGITS: "ran past its last digit: begins again at {energy}",
    Evidence.STEP: "the register went by {energy}, which no plausible power explains",
    Evidence.RESTORED: "the register went on lower by {energy}",
    Evidence.TOO_LARGE: "it would need {watts} W",
    Evidence.NOT_FOLLOWED: "the register went on at {energy}",
    Evidence.BEYOND: "more than it can show: it begins again at {energy}",
}


def sentence(evidence: int, number: int, after_ms: int | None = None) -> str:
    """What speaks for an entry's kind, in English; empty where there is nothing to explain.

    Args:
        evidence: an ``Evidence``.
        number: what it is about.
        after_ms: how long after the entry's reading the one came that decided, where that is known.

    Returns:
        for example ``returned 412.746 after 3 s`` or ``12.3 × the largest power of the 16 steps
        before``.
    """
    text = _SENTENCES[Evidence(evidence)].format(
        tenths=f"{number / 10:.1f}",
        duration=spell_duration(number) if evidence == Evidence.LONG else "",
        energy=f"{from_nano(number)} kWh",
        watts=f"{number:,}",
    )
    if after_ms is None or evidence not in (Evidence.RETURNED, Evidence.NOT_FOLLOWED):
        return text
    return f"{text} after {spell_duration(after_ms)}"
