"""What virtual devices come down to."""

from __future__ import annotations

from energyguard.catalogue import Catalogue
from energyguard.catalogue.terms import MAX_DEPTH, device_weights, uncounted
from energyguard.model.catalogue import Device, Term

WIDTH = 20


def test_sums_of_the_same_sums_are_looked_at_once() -> None:
    """Otherwise there would be 20 ** 8 ways."""
    catalogue = Catalogue()
    for level in range(MAX_DEPTH):
        terms = tuple(Term(device=f"v{level + 1}-{n}", minus=n == 0) for n in range(WIDTH))
        for n in range(WIDTH):
            catalogue.see(f"device/v{level}-{n}", Device(name="Sum", terms=terms), "test")
    found = device_weights("v0-0", catalogue.devices.get)
    assert len(found) == WIDTH
    weight = (WIDTH - 2) ** (MAX_DEPTH - 1)
    assert (found[f"v{MAX_DEPTH}-0"], found[f"v{MAX_DEPTH}-1"]) == (-weight, weight)


def test_what_counts_nothing_is_known_with_the_way_to_it() -> None:
    """A chain of one too many, and a sum that is part of itself: both were possible once."""
    catalogue = Catalogue()
    for n in range(MAX_DEPTH + 1):
        terms = (Term(device=f"v{n + 1}"), Term(device="meter"))
        catalogue.see(f"device/v{n}", Device(name="Sum", terms=terms), "test")
    catalogue.see("device/round", Device(name="Sum", terms=(Term(device="round"),)), "test")
    ways = list(uncounted(catalogue))
    assert ways == [
        ["round"] * (MAX_DEPTH + 1),
        [f"v{n}" for n in range(MAX_DEPTH, -1, -1)],
    ]
    assert device_weights("v0", catalogue.devices.get) == {"meter": MAX_DEPTH}
    assert device_weights("v1", catalogue.devices.get)["meter"] == MAX_DEPTH
