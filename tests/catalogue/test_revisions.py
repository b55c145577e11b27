"""Any revision of the catalogue: what it knew, and who may stand elsewhere since."""

from __future__ import annotations

import pytest

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.domain import load
from energyguard.log import EARLIEST, Records
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import BUILDING_READINGS, CATALOGUE
from energyguard.pipeline import PLACES
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.stream.windows.places import senders
from energyguard.testing import MemoryLog


class Writer:
    """Versions, each with the next revision."""

    def __init__(self) -> None:
        self.log, self.revision = MemoryLog(), 0
        self.versions: dict[str, tuple[CatalogueVersion, ...]] = {}

    def put(self, key: str, entry: Entry | None, from_ms: int | None = None) -> None:
        self.revision += 1
        version = CatalogueVersion(revision=self.revision, entry=entry, from_ms=from_ms)
        self.versions[key] = (*self.versions.get(key, ()), version)
        value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=self.versions[key]))
        self.log.append(CATALOGUE.name, Records([key.encode()], [value]))


@pytest.fixture
def writer() -> Writer:
    made = Writer()
    made.put("site/home", Site(name="Home"))
    made.put("site/floor", Site(name="Floor", parent="home"))
    made.put("device/H1", Device(name="Oven", site="floor", kind="meter"))
    return made


def test_a_revision_knows_what_it_knew_whatever_came_later(writer: Writer) -> None:
    known = CatalogueRevisions(writer.log)
    old = known.facts_at(3)
    writer.put("device/H1", Device(name="Oven", site="home"))
    writer.put("site/floor", Site(name="Floor", parent="floor"))  # it goes round
    writer.put("device/H1", None)
    known.refresh()
    assert old("H1") == DeviceFacts("H1", ("floor", "home"), kind="meter")
    assert known.facts_at(2)("H1") == DeviceFacts("H1")
    assert known.facts_at(4)("H1").sites == ("home",)
    assert known.facts_at(6)("H1") == DeviceFacts("H1")
    writer.put("device/H1", Device(name="Oven", site="floor"))
    assert known.facts_at(7)("H1").sites == ("floor",)  # read, because it was asked for


def test_kinds_of_a_later_version_are_passed_over(writer: Writer) -> None:
    known = CatalogueRevisions(writer.log)
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=writer.versions["site/home"]))
    writer.log.append(CATALOGUE.name, Records([b"feeder/F1", None], [value, value]))
    assert known.facts_at(3)("H1").sites == ("floor", "home")


def test_who_may_stand_elsewhere(writer: Writer) -> None:
    known = CatalogueRevisions(writer.log)
    known.refresh()
    devices = ["H1", "H2", "H3"]
    assert known.moved(2, devices, 3) == devices  # before it began to read
    assert known.moved(3, devices, 3) == []
    assert known.moved(3, devices, 2) == ["H3"]
    writer.put("device/H2", Device(name="Hob"))
    known.refresh()
    assert known.moved(3, devices, 3) == ["H2"]
    assert known.moved(4, devices, 3) == []
    writer.put("site/home", Site(name="House"))
    known.refresh()
    assert known.moved(4, devices, 3) == []  # it is called otherwise, no more
    writer.put("site/home", Site(name="House", zone="Europe/Rome"))
    writer.put("site/home", Site(name="The house", zone="Europe/Rome"))
    known.refresh()
    assert known.moved(5, devices, 3) == ["H1", "H3"]  # on its floor; and whoever nobody entered
    assert known.moved(6, devices, 3) == []
    writer.put("site/home", None)
    known.refresh()
    assert known.moved(7, devices, 3) == ["H1", "H3"]


def test_of_a_site_of_which_times_are_said_all_devices_may_stand_elsewhere(writer: Writer) -> None:
    """What is said once more takes back what holds from some time on, or until then."""
    known = CatalogueRevisions(writer.log)
    writer.put("site/home", Site(name="Home", zone="Europe/Rome"), from_ms=1_000)
    writer.put("device/H2", Device(name="Hob"))
    known.refresh()
    writer.put("site/home", Site(name="Home", zone="Europe/Rome"))
    known.refresh()
    assert known.moved(5, ["H1", "H2"], 2) == ["H1", "H2"]


def test_where_a_device_stands_from_some_event_time_on(writer: Writer) -> None:
    known = CatalogueRevisions(writer.log)
    writer.put("device/H1", Device(name="Oven", site="home"), from_ms=1_000)
    writer.put("device/H2", Device(name="Hob", site="home"), from_ms=2_000)
    writer.put("site/floor", Site(name="Floor"), from_ms=3_000)
    places = known.places_at(6, 999)
    assert places.facts("H1").sites == ("floor", "home")
    assert places.facts("H2") == DeviceFacts("H2")
    assert (places.until_ms, places.moving) == (1_000, {"H1"})
    places = known.places_at(6, 1_000)
    assert places.facts("H1").sites == ("home",)
    assert (places.until_ms, places.moving) == (2_000, {"H2"})
    places = known.places_at(6, 2_500)
    assert (places.until_ms, places.moving) == (3_000, None)  # a site: whoever stands there
    assert known.places_at(6, 3_000).until_ms is None
    assert known.places_at(3, 0).until_ms is None  # that revision knew nothing of it
    assert list(known.borders(5, 0)) == [1_000, 2_000]
    writer.put("device/H1", Device(name="Big oven", site="floor"))  # said later, of all times
    assert known.places_at(7, 5_000).facts("H1").sites == ("floor",)
    assert known.places_at(6, 5_000).facts("H1").sites == ("home",)


def test_what_follows_from_an_id_is_known_of_who_nobody_entered(writer: Writer) -> None:
    known = CatalogueRevisions(writer.log, senders)
    topic = BUILDING_READINGS.name
    floor = known.places_at(3, 0, topic).facts("p4")
    assert (floor.kind, floor.sites) == ("floor", ("building",))
    assert known.places_at(3, 0, "energy_readings").facts("p4") == DeviceFacts("p4")
    writer.put("site/building", Site(name="Lindenhof", parent="home"))
    assert known.places_at(4, 0, topic).facts("p4").sites == ("building", "home")
    writer.put("device/p4", Device(name="Attic", site="home"))  # people's word counts
    assert known.places_at(5, 0, topic).facts("p4") == DeviceFacts("p4", ("home",))
    writer.put("device/H7", Device(name="Flat", site="region:DE-BE"))  # a site that is only listed
    assert known.places_at(6, 0, topic).facts("H7").sites == ("region:DE-BE",)
    for domain in PLACES.values():  # what it was told changes nothing of it: a replay may ask
        places = load(domain.fold)()
        before = list(places.sender("p4", topic))
        records = Records([b"p4"], [b'{"device":"p4","region":"DE-BE","postal_code":"10115"}'])
        for listed in domain.topics:
            log = MemoryLog()
            log.append(listed.name, records)
            list(places.take(log.read(log.positions(listed.name, EARLIEST), 9, 0)[0]))
        assert list(places.sender("p4", topic)) == before
