"""What speaks for an alert about unusual use, in the reader's words.

The detector's evidence are numbers with names of its own (``detection/evidence.py``); of each
family of them there is a sentence, of some two: for much and for little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from energyguard.page.words.language import _


class EvidenceWords(NamedTuple):
    """Evidence whose name fits, and what it means above 0 and below."""

    name: re.Pattern[str]
    above: str
    below: str


def _words(name: str, above: str, below: str = "") -> EvidenceWords:
    return EvidenceWords(re.compile(name), above, below or above)


FAMILIES: Final = (
    _words(
        r"sum of (\d+) h, spreads|sum of (\d+) h, sizes",
        _("in {h} h much more than usual at this time"),
        _("in {h} h much less than usual at this time"),
    ),
    _words("restlessness", _("for hours it has been going up and down more than usual")),
    _words(
        r"lowest of (\d+) h, (?:sizes|spreads) above usual",
        _("in {h} h it did not fall to its usual low"),
        _("in {h} h it fell below its usual low"),
    ),
    _words(
        r"lowest of (\d+) h, sizes above the remembered",
        _("the lowest of {h} h is higher than ever at this time"),
        _("the lowest of {h} h is among the lowest at this time"),
    ),
    _words(
        "half hour",
        _("a half hour as high as hardly ever"),
        _("no half hour is as high as it mostly is"),
    ),
    _words(
        r"lowest of (\d+) h at night",
        _("{h} h of the night with more than at other nights"),
        _("{h} h of the night with less than by day"),
    ),
    _words(
        r"highest of (\d+) h, spreads below usual",
        _("the highest of {h} h is below the usual"),
        _("the highest of {h} h is above the usual"),
    ),
    _words(
        "hour over the lowest twentieth",
        _("the hour is above its lowest"),
        _("the hour is among its lowest"),
    ),
    _words("repeats at zero", _("it stays at zero for longer than usual")),
    _words("repeats above zero", _("the same value comes again and again")),
    _words(
        r"evenness of (\d+) h above the median",
        _("{h} h nearly without a change, above its median"),
    ),
    _words("age of a rise", _("what rose has stayed for longer than usual")),
)
"""Every evidence that may be a reason."""


def evidence_words(name: str, number: float) -> str:
    """What an evidence means; one that nobody knows here as the detector calls it.

    Args:
        name: the detector's.
        number: how much of it there is.
    """
    for family in FAMILIES:
        if found := family.name.search(name):
            hours = next((group for group in found.groups() if group), "")
            return _(family.above if number >= 0 else family.below).format(h=hours)
    return name


def reasons_words(reasons: Iterable[tuple[str, float]]) -> str:
    """The strongest reasons of an alert, each once: one after the other."""
    return "; ".join(dict.fromkeys(evidence_words(name, number) for name, number in reasons))
