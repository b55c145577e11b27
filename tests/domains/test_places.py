"""What the catalogue sees of the lists of domains: sites and devices, under what people entered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import pytest

from energyguard.catalogue import Catalogue
from energyguard.catalogue.edge_labels import EdgeLabels
from energyguard.catalogue.known import KnownPlaces
from energyguard.domain import load
from energyguard.domains.charging.places import ChargerPlaces, device_id, site_id
from energyguard.domains.charging.records.stations import Charger
from energyguard.domains.charging.topics import CHARGERS
from energyguard.domains.regions.home_places import StatePlaces
from energyguard.domains.regions.records import Place
from energyguard.domains.regions.topics import PLACES as HOMES
from energyguard.log import Fetched, Records
from energyguard.model.catalogue import Device, Site
from energyguard.model.topics import EDGE_DEVICES
from energyguard.pipeline import PLACES
from energyguard.records.edges import EdgeDevice
from energyguard.testing import MemoryLog


def written(topic: str, records: Mapping[str, msgspec.Struct | None]) -> list[Fetched]:
    """Records of a compacted topic as the log gives them."""
    log = MemoryLog()
    values = [
        record if record is None else msgspec.json.encode(record) for record in records.values()
    ]
    log.append(topic, Records([key.encode() for key in records], values))
    return list(log.read(dict.fromkeys(log.positions(topic, "none"), 0), 100, 0))


def seen(catalogue: Catalogue, places: KnownPlaces, news: Iterable[Fetched], name: str) -> None:
    """Let a catalogue see what a domain knows."""
    for part in news:
        for key, entry in places.take(part):
            catalogue.see(key, entry, name)


def charger(name: str, station: str, network: str = "", **more: object) -> Charger:
    """A charger as it is listed."""
    return Charger(charger=name, station=station, network=network, **more)  # type: ignore[arg-type]


def test_chargers_stand_at_their_stations() -> None:
    catalogue, places = Catalogue(), ChargerPlaces()
    listed = {
        "C1": charger("C1", "Quay", rating_kw=22.0, latitude=56.5, longitude=-3.0),
        "C2": charger("C2", "Quay", currency="SEK"),
    }
    seen(catalogue, places, written(CHARGERS.name, listed), "charging")
    assert catalogue.sites == {
        "station:Quay": Site(
            name="Quay", kind="station", latitude=56.5, longitude=-3.0, currency="SEK"
        )
    }
    assert catalogue.devices["charger:default/C1"] == Device(
        name="C1", site="station:Quay", kind="charger", rating_kw=22.0
    )
    assert len(catalogue.devices_at("station:Quay")) == 2
    moved = {"C2": charger("C2", "Mill"), "C1": charger("C1", "Mill", "dundee")}
    seen(catalogue, places, written(CHARGERS.name, moved), "charging")
    assert catalogue.devices_at("station:Mill") == ["charger:default/C2", "charger:dundee/C1"]
    assert list(catalogue.sites) == ["station:Mill"]  # nothing stands at the other any more
    assert "charger:default/C1" not in catalogue.devices


def test_two_networks_may_have_a_charger_of_one_name() -> None:
    names = [("a", "b/c"), ("a/b", "c"), ("a%2Fb", "c"), ("", "a/b/c"), ("default", "x")]
    ids = {device_id(charger(name, "s", network)) for network, name in names}
    assert len(ids) == len(names)
    assert "/" not in site_id("North / South")
    assert site_id("North / South") != site_id("North %2F South")


def test_homes_stand_in_their_state_and_know_their_edge() -> None:
    catalogue = Catalogue()
    home = Place(device="home-1", postal_code="10115", region="DE-BE", city="Berlin")
    seen(catalogue, StatePlaces(), written(HOMES.name, {"home-1": home}), "regions")
    edge = {"home-1": EdgeDevice(edge="north", at_ms=1), "home-2": EdgeDevice(edge="x", at_ms=1)}
    seen(catalogue, EdgeLabels(), written(EDGE_DEVICES.name, {**edge}), "edges")
    assert catalogue.facts("home-1").sites == ("region:DE-BE",)
    assert catalogue.sites["region:DE-BE"].name == "Berlin"
    labels = {"postal_code": "10115", "city": "Berlin", "edge": "north"}
    assert dict(catalogue.facts("home-1").labels) == labels
    seen(catalogue, EdgeLabels(), written(EDGE_DEVICES.name, {"home-2": None}), "edges")
    assert "home-2" not in catalogue.devices  # the edge was forgotten, and the device is free


@pytest.mark.parametrize("name", PLACES)
def test_who_sends_something_else_is_of_no_domain(name: str) -> None:
    places: KnownPlaces = load(PLACES[name].fold)()
    assert list(places.sender("H001", "meter_readings")) == []
    assert all(topic.compacted for topic in PLACES[name].topics)
