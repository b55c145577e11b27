"""What a virtual device is the sum of, down to devices that send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from msgspec.structs import replace

from energyguard.catalogue.fold import Catalogue
from energyguard.model.catalogue import Device, Term

MAX_DEPTH: Final = 8
"""Virtual devices of virtual devices; what is deeper, or goes round, counts nothing."""


def device_weights(name: str, device_of: Callable[[str], Device | None]) -> dict[str, int]:
    """How often each device that sends counts in a device; below 0: it is taken away.

    A device that is no sum, or that nobody has entered, is itself once.

    Args:
        name: the device.
        device_of: what somebody entered of a device.
    """

    @cache  # a part of many sums, which are parts of many, is looked at once
    def weights(of: str, depth: int) -> dict[str, int]:
        device = device_of(of)
        if device is None or not device.is_virtual:
            return {of: 1}
        found: Counter[str] = Counter()
        for term in device.terms if depth else ():
            for inner, weight in weights(term.device, depth - 1).items():
                found[inner] += -weight if term.minus else weight
        return dict(found)

    return weights(name, MAX_DEPTH)


def with_successor(device: Device, old: str, new: str) -> Device:
    """A virtual device in which another meter counts beside one whose place it took.

    The old one stays: what it measured is part of the sum for ever.
    """
    if any(term.device == new for term in device.terms):
        return device
    terms: list[Term] = []
    for term in device.terms:
        terms += [term, replace(term, device=new)] if term.device == old else [term]
    return replace(device, terms=tuple(terms))


def nested_way(name: str, terms: Mapping[str, Sequence[Term]]) -> list[str]:
    """The longest way over virtual devices on which one is, the innermost first.

    Args:
        name: the device.
        terms: of each virtual device.
    """
    wholes: dict[str, list[str]] = {}
    for whole, parts in terms.items():
        for part in parts:
            wholes.setdefault(part.device, []).append(whole)
    outwards = _longest(name, lambda of: wholes.get(of, ()))
    return [*_inwards(name, terms)[:0:-1], *outwards]


def uncounted(catalogue: Catalogue) -> Iterator[list[str]]:
    """Of each virtual device of which parts count nothing, the way to them, the innermost first."""
    terms = {name: device.terms for name, device in list(catalogue.devices.items())}
    for name in sorted(name for name, parts in terms.items() if parts):
        if len(way := _inwards(name, terms)) > MAX_DEPTH:
            yield way[::-1]


def _inwards(name: str, terms: Mapping[str, Sequence[Term]]) -> list[str]:
    return _longest(name, lambda of: [t.device for t in terms[of] if terms.get(t.device)])


def _longest(name: str, next_of: Callable[[str], Iterable[str]]) -> list[str]:
    """The longest way from a device on, itself first; at most one more than are counted.

    A device that is part of itself has ways of any length.
    """
    levels: list[dict[str, str]] = [{name: ""}]  # each device with the one that it comes after
    while levels[-1] and len(levels) <= MAX_DEPTH:
        levels.append({after: before for before in levels[-1] for after in next_of(before)})
    if not levels[-1]:
        del levels[-1]
    way = [next(iter(levels[-1]))]
    for level in reversed(levels[1:]):
        way.append(level[way[-1]])
    return way[::-1]
