"""The fold of the catalogue: what is where, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping

from energyguard.catalogue import Catalogue
from energyguard.log import Fetched, Records, TopicPartition
from energyguard.model.catalogue import Device, DeviceGroup, Entry, Site
from energyguard.model.selector import DeviceFacts, SiteClock
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.testing import MemoryLog


def written(entries: Mapping[str, Entry | None], first: int = 1) -> Fetched:
    """Records of entries, each a version of its own."""
    values = [
        CATALOGUE_ENTRY.encode(
            CatalogueHistory(versions=(CatalogueVersion(revision=first + n, entry=entry),))
        )
        for n, entry in enumerate(entries.values())
    ]
    keys = [key.encode() for key in entries]
    return fetched(keys, values)


def fetched(keys: list[bytes], values: list[bytes]) -> Fetched:
    """Records as the log gives them."""
    log = MemoryLog()
    log.append(CATALOGUE.name, Records(keys, values))
    (part,) = log.read({TopicPartition(CATALOGUE.name, 0): 0}, len(keys), 0)
    return part


def house() -> Catalogue:
    """A building in Berlin with two floors, and a meter on the second."""
    catalogue = Catalogue("UTC")
    catalogue.take(
        written(
            {
                "site/l12": Site(name="Lindenhof 12", kind="building", zone="Europe/Berlin"),
                "site/f1": Site(name="Floor 1", parent="l12"),
                "site/f2": Site(name="Floor 2", parent="l12"),
                "device/H001": Device(name="Oven", site="f2", kind="meter", labels={"a": "b"}),
                "device/H002": Device(name="", site="gone"),
            }
        )
    )
    return catalogue


def test_a_device_stands_in_all_the_sites_around_it() -> None:
    catalogue = house()
    berlin = SiteClock("Europe/Berlin")
    path = ("f2", "l12")
    assert catalogue.facts("H001") == DeviceFacts("H001", path, (), "meter", {"a": "b"}, berlin)
    assert catalogue.facts("H002") == DeviceFacts("H002")  # its site is not there
    assert catalogue.facts("new") == DeviceFacts("new")
    assert catalogue.zone_of_device("H001") == "Europe/Berlin"
    assert catalogue.zone_of_device("new") == "UTC"
    assert [catalogue.name(d) for d in ("H001", "H002", "new")] == ["Oven", "H002", "new"]
    assert catalogue.children() == ["l12"]
    assert catalogue.within("l12") == ["l12", "f1", "f2"]
    assert catalogue.devices_at("l12") == ["H001"]
    assert catalogue.devices_at("l12", deep=False) == []


def test_sites_that_are_in_each_other_are_cut() -> None:
    catalogue = Catalogue()
    catalogue.take(
        written({"site/a": Site(name="a", parent="b"), "site/b": Site(name="b", parent="a")})
    )
    assert catalogue.path("a") == ("a", "b")
    assert catalogue.within("a") == ["a", "b"]


def test_who_moves_is_no_longer_where_he_was() -> None:
    catalogue = house()
    catalogue.take(written({"device/H001": Device(name="Oven", site="f1")}, first=9))
    assert catalogue.devices_at("f2") == []
    assert catalogue.devices_at("f1") == ["H001"]
    catalogue.take(written({"device/H001": None}, first=10))
    assert "H001" not in catalogue.devices
    assert catalogue.devices_at("l12") == []
    assert "device/H001" not in set(catalogue)


def test_an_older_record_changes_nothing() -> None:
    catalogue = house()
    revision = catalogue.revision
    catalogue.take(written({"device/H001": Device(name="Old")}, first=1))
    assert catalogue.name("H001") == "Oven"
    assert catalogue.revision == revision == 5


def test_what_was_so_at_a_time_as_a_revision_knew_it() -> None:
    versions = (
        CatalogueVersion(revision=1, entry=Site(name="first")),
        CatalogueVersion(revision=2, entry=Site(name="from ten on"), from_ms=10),
        CatalogueVersion(revision=3, entry=Site(name="from five on"), from_ms=5),
        CatalogueVersion(revision=4, entry=None, from_ms=20),
    )
    catalogue = Catalogue()
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=versions))
    catalogue.take(fetched([b"site/x"], [value]))

    def name_at(time_ms: int, revision: int | None = None) -> str | None:
        entry = catalogue.entry_at("site/x", time_ms, revision)
        return entry.name if entry else None

    assert [name_at(ms) for ms in (4, 5, 12, 20)] == ["first", *["from five on"] * 2, None]
    assert [name_at(ms, 2) for ms in (4, 5, 12, 20)] == ["first", "first", *["from ten on"] * 2]
    assert catalogue.entry_at("site/y", 0) is None


def test_devices_share_the_words_that_they_have_in_common() -> None:
    catalogue, devices = Catalogue(), {
        f"device/D{n}": Device(name=f"D{n}", site="f2", groups=("a",), labels={"floor": "2"})
        for n in range(2)
    }  # fmt: skip
    catalogue.take(written(devices))
    first, second = catalogue.devices["D0"], catalogue.devices["D1"]
    assert first.labels is second.labels
    assert first.site is second.site
    assert first.groups is second.groups
    assert {**devices} == {f"device/{name}": found for name, found in catalogue.devices.items()}


def test_what_domains_know_is_under_what_people_entered() -> None:
    catalogue, changed = Catalogue(), list[tuple[str, str]]()
    catalogue.listeners.append(lambda kind, name: changed.append((kind, name)))
    catalogue.see("device/x", Device(name="", labels={"edge": "north"}), "edges")
    catalogue.see("device/x", Device(name="Home", kind="home", labels={"city": "Berlin"}), "homes")
    assert catalogue.devices["x"] == Device(
        name="Home", kind="home", labels={"edge": "north", "city": "Berlin"}
    )
    assert not catalogue.is_entered("device/x")
    catalogue.take(written({"device/x": Device(name="Mine")}))
    assert catalogue.devices["x"] == Device(name="Mine")
    assert catalogue.is_entered("device/x")
    catalogue.take(written({"device/x": None}, first=2))
    catalogue.see("device/x", None, "homes")
    assert catalogue.devices["x"].labels == {"edge": "north"}
    catalogue.see("device/x", None, "edges")
    assert "x" not in catalogue.devices
    assert set(changed) == {("device", "x")}
    assert len(changed) == 6


def test_a_site_s_sum_has_the_site_s_name_place_and_days() -> None:
    catalogue = Catalogue()
    catalogue.see("site/campus", Site(name="Campus", zone="Europe/Berlin"), "test")
    catalogue.see("site/hall", Site(name="Hall 3", parent="campus"), "test")
    catalogue.see("group/pumps", DeviceGroup(name="Pumps"), "test")
    assert [catalogue.name(key) for key in ("site/hall", "group/pumps", "site/no")] == [
        "Hall 3", "Pumps", "site/no"
    ]  # fmt: skip
    assert catalogue.facts("site/hall").sites == ("hall", "campus")
    assert catalogue.zone_of_device("site/hall") == "Europe/Berlin"
    catalogue.see("device/site/hall", Device(name="Odd", site="campus"), "test")
    assert catalogue.name("site/hall") == "Odd", "a device goes first"
