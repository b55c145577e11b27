"""One cause, one message: silences of one floor, or behind one edge, and their end."""

from __future__ import annotations

import pytest

from energyguard.log import Records
from energyguard.model.alerts import Severity, State
from energyguard.model.catalogue import DEVICE, SITE, Device, Entry, Site
from energyguard.model.topics import EDGE_DEVICES, EDGE_LINKS
from energyguard.notify.seal import NotifySeal
from energyguard.records.alerts import AlertEvent
from energyguard.records.edges import EDGE_DEVICE, EdgeDevice
from tests.notifier.made import GATHER_S, House, enter, silent
from tests.notify.servers import Hook
from tests.service.made import NOON

FLOOR = [f"m{n:02}" for n in range(1, 16)]
SETTLE_S, MORE_S, HELD_S = 60.0, 600.0, 900.0


@pytest.fixture
def floor(house: House, hook: Hook) -> House:
    """A floor of fifteen meters in a house; a route is told of everything."""
    sites: dict[str, Entry] = {
        f"{SITE}_lindenhof": Site(name="Lindenhof 12", zone="Europe/Berlin"),
        f"{SITE}_second": Site(name="floor 2", parent="lindenhof"),
    }
    devices = {f"{DEVICE}_{name}": Device(name=f"Flat {name}", site="second") for name in FLOOR}
    enter(house.log, **sites, **devices)
    house.route("desk", hook.url)
    return house


def back(device: str) -> AlertEvent:
    return silent(device, state=State.RESOLVED, time_ms=NOON + 3_600_000)


def titles(hook: Hook) -> list[str]:
    return [got["title"] for got in hook.got]


def test_a_floor_that_is_down_is_one_message_and_its_end_another(floor: House, hook: Hook) -> None:
    floor.raise_(*(silent(name, n) for n, name in enumerate(FLOOR[:14])))
    floor.pass_time(SETTLE_S)
    assert titles(hook) == ["Lindenhof 12, floor 2: 14 of 15 devices silent since Sat 6 Sep, 14:00"]
    (got,) = hook.got
    assert len(got["alerts"]) == 14
    (incident,) = got["incidents"]
    assert (incident["cause"], incident["place"], incident["silent"]) == ("site", "second", 14)
    assert "Silent: Flat m01, Flat m02" in got["text"]
    assert "and 4 more" in got["text"]
    key = got["text"].split("key=")[1].split()[0]
    assert NotifySeal(floor.settings.data_dir).linked(key) == ("desk", FLOOR[:14])
    floor.raise_(*map(back, FLOOR[:13]))
    floor.pass_time(GATHER_S)
    assert len(hook.got) == 1  # one is still silent
    floor.again()
    floor.raise_(back(FLOOR[13]))
    floor.pass_time(GATHER_S)
    assert titles(hook)[1:] == [
        "Lindenhof 12, floor 2: 14 devices send again, none is silent any more"
    ]
    floor.again()
    floor.pass_time(HELD_S)
    assert len(hook.got) == 2


def test_what_stays_silent_is_said_after_a_while_and_its_end_later(
    floor: House, hook: Hook
) -> None:
    floor.raise_(*map(silent, FLOOR[:5]))
    floor.pass_time(SETTLE_S)
    floor.raise_(*map(back, FLOOR[:3]))
    floor.pass_time(HELD_S)
    assert len(hook.got) == 1
    floor.pass_time(GATHER_S)
    assert titles(hook)[1] == "Lindenhof 12, floor 2: 3 devices send again, 2 still silent"
    floor.raise_(*map(back, FLOOR[3:5]))
    floor.pass_time(GATHER_S)
    assert titles(hook)[2].startswith("Lindenhof 12, floor 2: 2 devices send again, none")


def test_what_joins_is_told_later_with_all_that_joined(floor: House, hook: Hook) -> None:
    floor.raise_(silent("m01"), silent("m02"))
    floor.pass_time(SETTLE_S)
    for n, name in enumerate(FLOOR[2:6], 30):
        floor.raise_(silent(name, n))
        floor.pass_time(SETTLE_S)
    assert len(hook.got) == 1
    floor.pass_time(MORE_S)
    assert titles(hook)[1] == (
        "Lindenhof 12, floor 2: 6 of 15 devices silent since Sat 6 Sep, 14:00"
    )
    assert [alert["id"] for alert in hook.got[1]["alerts"]] == FLOOR[2:6]


def test_who_is_silent_alone_stays_itself(floor: House, hook: Hook) -> None:
    floor.raise_(silent("m01"))
    floor.pass_time(SETTLE_S)
    assert hook.got[0]["incidents"] == []
    assert titles(hook)[0].startswith("Flat m01 has sent nothing for")
    floor.raise_(back("m01"))
    floor.pass_time(GATHER_S)
    assert titles(hook)[1].startswith("Over since")
    floor.raise_(silent("m02", 7_200, severity=Severity.CRITICAL))
    floor.pass_time(GATHER_S)  # what is critical does not wait for others for so long
    assert len(hook.got) == 3


def test_an_edge_that_is_gone_is_told_with_what_is_behind_it(house: House, hook: Hook) -> None:
    house.route("desk", hook.url)
    for device in ("x", "y"):
        value = EDGE_DEVICE.encode(EdgeDevice(edge="barn-box", at_ms=NOON))
        house.log.append(EDGE_DEVICES.name, Records([device.encode()], [value]))
    line = silent("barn-box", id="line", rule="edge-silent", topic=EDGE_LINKS.name)
    house.raise_(silent("x", 1), line)
    house.pass_time(SETTLE_S)
    (title,) = titles(hook)
    assert title == "Edge barn-box: 1 of 2 devices silent since Sat 6 Sep, 12:00"
    assert "look after its power and its network" in hook.got[0]["text"]


def test_parts_of_an_incident_are_sent_by_one_owner(floor: House) -> None:
    floor.raise_(*map(silent, FLOOR))
    floor.step()
    assert len({one.partition for one in floor.deliveries()}) == 1
