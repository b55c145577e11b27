"""Which silences have one cause: found by where devices stand, and behind which gateway."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from energyguard.alerts.incidents import TOGETHER_MS, Incident, causes, incidents
from energyguard.catalogue import Catalogue
from energyguard.model.catalogue import DEVICE, SITE, Device, Site, key_of
from energyguard.model.topics import EDGE_LINKS
from energyguard.records.alerts import AlertEvent
from tests.service.made import NOON, alert_event

PARENTS = {
    "campus": "",
    "house": "campus",
    "floor-1": "house",
    "floor-2": "house",
    "barn": "campus",
}
DEVICES = {"floor-1": "abcd", "floor-2": "efgh", "barn": "xyz"}


@pytest.fixture
def places() -> Catalogue:
    """A campus with a house of two floors, and a barn; x and y are behind an edge."""
    catalogue = Catalogue()
    for site, parent in PARENTS.items():
        catalogue.see(key_of(SITE, site), Site(name=site.title(), parent=parent), "tests")
    for site, devices in DEVICES.items():
        for device in devices:
            labels = {"edge": "barn-box"} if device in "xy" else {}
            entry = Device(name="", site=site, labels=labels)
            catalogue.see(key_of(DEVICE, device), entry, "tests")
    return catalogue


def silent(device: str, after_s: int = 0, **fields: object) -> AlertEvent:
    """A device that sends nothing since so long after noon; its alert has its id."""
    since_ms = NOON + 1_000 * after_s
    whole = {
        "id": device, "rule": "quiet", "device": device, "channel": "", "since_ms": since_ms,
        "window_start_ms": since_ms, "window_end_ms": since_ms, "unit": "s",
    }  # fmt: skip
    return msgspec.structs.replace(alert_event(), **whole | fields)


def found(alerts: Iterable[AlertEvent], places: Catalogue) -> list[tuple[str, str, int]]:
    """Of each incident: what is down, which of its devices, of how many."""
    return [
        (f"{one.cause} {one.place}", "".join(one.devices), one.of_devices)
        for one in incidents(alerts, places)
    ]


@pytest.mark.parametrize(
    ("devices", "is_down"),
    [
        ("a", []),
        ("ae", []),  # one of each floor: nothing says that they belong together
        ("ab", [("site floor-1", "ab", 4)]),
        ("abc", [("site floor-1", "abc", 4)]),
        ("abcd", [("site floor-1", "abcd", 4)]),  # half of the house, and all of it on one floor
        ("abef", [("site house", "abef", 8)]),
        ("abcde", [("site house", "abcde", 8)]),
        ("abcdz", [("site floor-1", "abcd", 4)]),
        ("abcdefghz", [("site campus", "abcdefghz", 11)]),
        ("xy", [("gateway barn-box", "xy", 2)]),
        ("xyz", [("gateway barn-box", "xy", 2)]),
        ("xz", [("site barn", "xz", 3)]),
        ("XYZ", []),
    ],
)
def test_what_is_down_is_the_outermost_place_of_which_half_is_silent(
    places: Catalogue, devices: str, is_down: list[tuple[str, str, int]]
) -> None:
    assert found((silent(device) for device in devices), places) == is_down


def test_what_began_at_another_time_has_another_cause(places: Catalogue) -> None:
    late_s = TOGETHER_MS // 1_000
    some = [silent("a"), silent("b", late_s), silent("c", late_s + 1), silent("d", late_s + 2)]
    assert found(some, places) == [("site floor-1", "ab", 4), ("site floor-1", "cd", 4)]
    assert found(some[1:], places) == [("site floor-1", "bcd", 4)]


def test_a_gateway_that_is_silent_itself_has_its_devices_with_it(places: Catalogue) -> None:
    edge = silent("barn-box", 5, id="line", rule="edge-silent", topic=EDGE_LINKS.name)
    (one,) = incidents([silent("x"), edge], places)
    assert one == Incident("x", one.cause, "barn-box", NOON, ("x", "line"), ("x",), 2)
    clock = msgspec.structs.replace(edge, rule="edge-clock")
    assert incidents([silent("x"), clock], places) == []


def test_only_silences_are_folded_and_the_order_in_which_they_come_does_not_matter(
    places: Catalogue,
) -> None:
    passed = [alert_event("p1"), msgspec.structs.replace(alert_event("p2"), device="a")]
    some = [silent("c", 3), *passed, silent("a", 1), silent("b", 2), silent("b", 2, id="again")]
    (one,) = incidents(some, places)
    assert (one.id, one.alerts, one.devices) == ("a", ("a", "again", "b", "c"), ("a", "b", "c"))
    assert causes(reversed(some), places) == dict.fromkeys(one.alerts, one)
