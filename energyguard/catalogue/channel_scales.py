"""By which scale a channel counts from which event time on, as its device's versions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Final

from energyguard.ledger.scales import Scale, Scales
from energyguard.model.catalogue import Device, Entry
from energyguard.records.catalogue import CatalogueVersion

_AS_SENT: Final = Fraction(1)
_Versions = Sequence[tuple[int | None, Fraction]]
"""Versions, oldest first: from which time on (ms; None: always), and the scale."""


def scales_of(
    device: Device | None, versions: Sequence[CatalogueVersion] = ()
) -> Mapping[str, Scales]:
    """The scales of those channels that are not as they were sent.

    Args:
        device: as it is now; its scales hold always, where no version is from a time on.
        versions: those that are known, oldest first.
    """
    dated = [(version.from_ms, _factors(version.entry)) for version in versions] or [
        (None, _factors(device))
    ]
    names = sorted({name for _, of_one in dated for name in of_one})
    found = {name: _scales([(at, of.get(name, _AS_SENT)) for at, of in dated]) for name in names}
    return {name: scales for name, scales in found.items() if scales}


def _factors(entry: Entry | None) -> dict[str, Fraction]:
    if not isinstance(entry, Device):
        return {}
    return {name: Fraction(facts.scale) for name, facts in entry.channels.items() if facts.scale}


def _scales(dated: _Versions) -> Scales:
    """The scales of a channel; none where all is as it was sent.

    What is said later counts, from its time on; without a time always. But who gives the device
    another name says nothing of its scale: a version without a time that has the scale of the one
    before leaves all as it is.
    """
    found, before = [(0, _AS_SENT)], _AS_SENT
    for from_ms, scale in dated:
        if from_ms is not None:
            found = [*(row for row in found if row[0] < from_ms), (from_ms, scale)]
        elif scale != before:
            found = [(0, scale)]
        before = scale
    runs = [next(run) for _, run in groupby(found, itemgetter(1))]
    if [scale for _, scale in runs] == [_AS_SENT]:
        return ()
    return tuple(Scale(at, scale.numerator, scale.denominator) for at, scale in runs)
