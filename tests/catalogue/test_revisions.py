"""Any revision of the catalogue: what it knew, and who may stand elsewhere since."""

from __future__ import annotations

import pytest

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.log import Records
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.testing import MemoryLog


class Writer:
    """Versions, each with the next revision."""

    def __init__(self) -> None:
        self.log, self.revision = MemoryLog(), 0
        self.versions: dict[str, tuple[CatalogueVersion, ...]] = {}

    def put(self, key: str, entry: Entry | None) -> None:
        self.revision += 1
        version = CatalogueVersion(revision=self.revision, entry=entry)
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
    assert known.moved(4, devices, 3) == devices
