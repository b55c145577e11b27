"""Where homes stand: drawn the same everywhere, kept, and changed by the operator's file alone."""

import os
from collections import Counter
from pathlib import Path

import pytest

from energyguard.domains.regions.places import HomePlaces, drawn, drawn_from
from energyguard.domains.regions.places_file import read_places
from energyguard.domains.regions.records import PLACE, Place
from energyguard.domains.regions.states import NAMES, STATES, region_of
from energyguard.errors import ConfigError
from energyguard.log import EARLIEST, Log
from energyguard.settings.regions import RegionsSettings
from energyguard.testing import MemoryLog

HOMES = [f"home-{n}" for n in range(40)]
NOW = 1_700_000_000_000
WEEK = 7 * 86_400_000


def write(log: Log, places: HomePlaces, devices: list[str], now_ms: int = NOW) -> dict[str, str]:
    """As the cloud's role does it: ask, append, ask again."""
    answer = places.answer("edge", devices, now_ms)
    if len(answer.records):
        log.append(answer.topic, answer.records)
    return {place.device: place.region for place in answer.places}


def kept(log: Log) -> dict[str, Place]:
    parts = log.read(log.positions(PLACE.name, EARLIEST), 10_000, 0)
    return {
        key.decode(): PLACE.decode(value)
        for part in parts
        for key, value in zip(part.keys, part.values, strict=True)
        if key is not None and value is not None
    }


def settings(**fields: object) -> RegionsSettings:
    return RegionsSettings.model_validate(fields)


def test_the_list_has_places_of_all_states_and_each_code_is_of_its_state() -> None:
    listed = drawn_from()
    assert set(listed) == set(NAMES)
    assert all(len(places) >= 10 for places in listed.values())
    codes = [place.postal_code for places in listed.values() for place in places]
    assert len(codes) == len(set(codes)) >= 200
    for region, places in listed.items():
        assert {region_of(place.postal_code) for place in places} == {region}
        assert all(place.city for place in places)


@pytest.mark.parametrize(
    ("code", "region"),
    [
        ("10115", "DE-BE"), ("14467", "DE-BB"), ("04600", "DE-TH"), ("04103", "DE-SN"),
        ("27568", "DE-HB"), ("28790", "DE-NI"), ("66482", "DE-RP"), ("66424", "DE-SL"),
        ("63739", "DE-BY"), ("68623", "DE-HE"), ("97980", "DE-BW"), ("99999", "DE-TH"),
        ("00100", None), ("1011", None), ("101155", None), ("1011a", None), ("１０１１５", None),
    ],
)  # fmt: skip
def test_a_postal_code_belongs_to_a_state(code: str, region: str | None) -> None:
    assert region_of(code) == region


def test_a_place_is_drawn_the_same_everywhere() -> None:
    assert [drawn(f"home-{n}", 1).postal_code for n in range(6)] == EXPECTED
    assert [drawn(home, 2) for home in HOMES] != [drawn(home, 1) for home in HOMES]


EXPECTED = ["04347", "81541", "63739", "88131", "17235", "27472"]


def test_states_are_drawn_by_their_people() -> None:
    found = Counter(drawn(f"h{n}", 1).region for n in range(20_000))
    people = sum(state.thousands for state in STATES)
    for state in STATES:
        expected = 20_000 * state.thousands / people
        assert abs(found[state.region] - expected) < 5 * expected**0.5


def test_a_place_is_drawn_once_and_kept() -> None:
    log = MemoryLog()
    first = write(log, HomePlaces(log, settings()), HOMES)
    assert len(first) == len(HOMES)
    other = HomePlaces(log, settings(seed=2))  # another seed moves nobody
    assert write(log, other, HOMES, NOW + WEEK) == first
    assert not len(other.answer("edge", HOMES, NOW).records)
    assert not other.changed(NOW)


def test_a_transaction_that_failed_costs_nothing() -> None:
    log = MemoryLog()
    places = HomePlaces(log, settings())
    first = places.answer("edge", HOMES, NOW)
    again = places.answer("edge", HOMES[:1], NOW)
    assert len(first.records) == len(again.records) == len(HOMES)
    assert again.places == first.places[:1]


def test_the_file_goes_first_and_its_change_is_a_change_of_place(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("device,postal_code,city\nhome-1,10115,Berlin\nhome-2,-\n# a word\n\n")
    log = MemoryLog()
    places = HomePlaces(log, settings(places=path))
    found = write(log, places, ["home-1", "home-2", "home-3"])
    assert found == {"home-1": "DE-BE", "home-3": drawn("home-3", 1).region}
    assert not places.changed(NOW)
    path.write_text("home-1,20095,Hamburg\nhome-2,-\nhome-9,50667,Köln\n")
    os.utime(path, ns=(1, 1))
    assert set(places.changed(NOW)) == {"home-1"}
    assert write(log, places, ["home-1"]) == {"home-1": "DE-HH"}
    assert kept(log)["home-1"].city == "Hamburg"
    assert not kept(log)["home-1"].drawn and kept(log)["home-3"].drawn


def test_a_file_that_went_bad_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("home-1,10115\n")
    log = MemoryLog()
    places = HomePlaces(log, settings(places=path))
    write(log, places, ["home-1"])
    path.write_text("home-1,20095\nhome-2,1\n")
    assert not places.changed(NOW)
    assert write(log, places, ["home-1"]) == {"home-1": "DE-BE"}


def test_every_fault_of_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(
        "device,postal_code\nh1,10115\nh2,1011\nh1,10117\n,10115\nh3\nh4,10115,Berlin,DE-XX\n"
    )
    with pytest.raises(ConfigError) as error:
        read_places(path)
    faults = error.value.faults
    assert [fault.removeprefix(f"{path}:").partition(":")[0] for fault in faults] == list("34567")
    assert "'1011' is no German postal code" in faults[0]
    assert "'h1' is already in line 2" in faults[1]
    assert "DE-BW" in faults[4]
    with pytest.raises(ConfigError, match="cannot be read"):
        read_places(tmp_path / "none.csv")


def groups(log: Log) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for device, place in kept(log).items():
        if place.group:
            found.setdefault(place.group, set()).add(device)
    return found


def in_berlin(path: Path, homes: list[str]) -> None:
    path.write_text("".join(f"{home},10115\n" for home in homes))


def test_homes_are_grouped_as_they_come_and_stay_so(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    in_berlin(path, HOMES)
    log = MemoryLog()
    places = HomePlaces(log, settings(places=path))
    write(log, places, HOMES[:7])
    assert groups(log) == {"DE-BE/1": set(HOMES[:5]), "DE-BE/2": set(HOMES[5:7])}
    restarted = HomePlaces(log, settings(places=path))
    write(log, restarted, HOMES[7:12])
    assert groups(log) == {
        "DE-BE/1": set(HOMES[:5]),
        "DE-BE/2": set(HOMES[5:10]),
        "DE-BE/3": set(HOMES[10:12]),
    }


def test_a_group_that_loses_a_home_is_dissolved_and_its_homes_rest(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    in_berlin(path, HOMES)
    log = MemoryLog()
    places = HomePlaces(log, settings(places=path))
    write(log, places, HOMES[:13])
    path.write_text(path.read_text().replace("home-0,10115", "home-0,-"))
    moved = places.changed(NOW)
    assert set(moved) == set(HOMES[:5])  # the others of its group, too
    write(log, places, list(moved))
    found = groups(log)
    assert set(HOMES[5:10]) in found.values()  # untouched
    assert "home-0" not in {home for members in found.values() for home in members}
    together = found["DE-BE/3"] | found["DE-BE/4"]
    assert together == {*HOMES[1:5], *HOMES[10:13]}
    for device, place in kept(log).items():
        assert place.from_ms == (NOW + WEEK if device in HOMES[:5] else 0)


def test_a_home_that_leaves_a_group_that_was_never_shown_makes_nobody_rest(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    in_berlin(path, HOMES)
    log = MemoryLog()
    places = HomePlaces(log, settings(places=path))
    write(log, places, HOMES[:3])
    path.write_text(path.read_text().replace("home-0,10115", "home-0,20095"))
    assert set(places.changed(NOW)) == {"home-0"}
    write(log, places, ["home-0", *HOMES[3:6]])
    assert groups(log) == {"DE-BE/1": set(HOMES[1:6]), "DE-HH/1": {"home-0"}}
    assert {place.from_ms for place in kept(log).values()} == {0}


def test_more_homes_asked_of_a_group_dissolve_the_small_ones(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    in_berlin(path, HOMES)
    log = MemoryLog()
    write(log, HomePlaces(log, settings(places=path, min_homes=1)), HOMES[:6])
    assert len(groups(log)) == 6
    write(log, HomePlaces(log, settings(places=path, min_homes=5)), [])
    assert sorted(len(members) for members in groups(log).values()) == [1, 5]
    assert {place.from_ms for place in kept(log).values()} == {NOW + WEEK}
    write(log, HomePlaces(log, settings(places=path, min_homes=3)), [])  # fewer leave what there is
    assert sorted(len(members) for members in groups(log).values()) == [1, 5]


def test_many_homes_are_placed_in_no_time() -> None:
    log = MemoryLog()
    places = HomePlaces(log, settings())
    found = write(log, places, [f"h{n}" for n in range(20_000)])
    assert len(found) == 20_000
    sizes = Counter(place.group for place in kept(log).values())
    assert all(size <= 5 for size in sizes.values())
