"""Sites, devices and groups behind the facade: found, shown, changed, and as they were."""

from __future__ import annotations

import pytest

from energyguard.catalogue.changes import Edit
from energyguard.catalogue.listing import DeviceFilter
from energyguard.errors import Conflict, Faulty, Malformed, NotFound
from energyguard.model.catalogue import Device, DeviceGroup, Site, Term
from energyguard.service.catalogue.views import FieldChange
from tests.application.service import MadeUpService
from tests.application.world import HOMES


@pytest.fixture
def service() -> MadeUpService:
    """Fifty homes, of which two were entered: on two floors of a building in Berlin."""
    service = MadeUpService()
    service.catalogue.put(
        [
            Edit("site/l12", Site(name="Lindenhof 12", zone="Europe/Berlin", currency="EUR")),
            Edit("site/f1", Site(name="Floor 1", parent="l12")),
            Edit("site/f2", Site(name="Floor 2", parent="l12")),
            Edit("group/pumps", DeviceGroup(name="Heat pumps")),
            Edit("device/H001", Device(name="Oven", site="f2", kind="meter")),
            Edit(
                "device/H002",
                Device(name="Pump 10", site="f1", groups=("pumps",), labels={"tenant": "Müller"}),
            ),
            Edit("device/H003", Device(name="pump 9", site="f1", groups=("pumps",))),
        ],
        "mara",
    )
    return service


def found(service: MadeUpService, **wanted: str) -> list[str]:
    """The ids of the devices that fit."""
    return [row.id for row in service.catalogue.find(DeviceFilter(**wanted)).rows]  # type: ignore[arg-type]


def test_devices_are_found_by_what_people_know_of_them(service: MadeUpService) -> None:
    assert found(service, search="OVEN") == ["H001"]
    assert found(service, search="müller") == ["H002"]
    homes = [f"H00{n}" for n in range(4, 10)]
    assert found(service, search="h00") == [*homes, "H001", "H003", "H002"]
    assert found(service, site="l12") == ["H001", "H003", "H002"]
    assert found(service, group="pumps", site="f1") == ["H003", "H002"]  # digits are numbers
    assert found(service, kind="meter") == ["H001"]
    assert found(service, search="000000") == []  # how digits are sorted is not searched


def test_a_sender_that_nobody_entered_is_new(service: MadeUpService) -> None:
    page = service.catalogue.find(DeviceFilter(state="new"), offset=2, limit=3)
    assert [row.id for row in page.rows] == ["H006", "H007", "H008"]
    assert (page.total, page.offset) == (len(HOMES) - 3 + 1, 2)  # and a thermometer
    card = service.catalogue.detail("H005")
    assert (card.name, card.state, card.revision, card.by) == ("H005", "new", 0, "")
    with pytest.raises(NotFound, match="H999"):
        service.catalogue.detail("H999")


def test_a_name_is_found_as_soon_as_it_is_given(service: MadeUpService) -> None:
    assert found(service, search="boiler") == []
    service.catalogue.change("device/H005", "jo", {"name": "Boiler", "site": "f2"})
    assert found(service, search="boiler") == found(service, search="h005") == ["H005"]
    assert found(service, site="f2", state="named") == ["H005", "H001"]
    service.catalogue.remove("device/H005", "jo")
    assert found(service, search="boiler") == []
    assert found(service, search="h005", state="new") == ["H005"]


def test_a_device_shows_where_it_stands(service: MadeUpService) -> None:
    card = service.catalogue.detail("H001")
    assert [place.name for place in card.sites] == ["Lindenhof 12", "Floor 2"]
    assert (card.zone, card.by, card.state) == ("Europe/Berlin", "mara", "named")


def test_sites_have_what_those_around_them_have(service: MadeUpService) -> None:
    assert [(card.id, card.depth, card.devices) for card in service.catalogue.sites()] == [
        ("l12", 0, 3),
        ("f1", 1, 2),
        ("f2", 1, 1),
    ]
    floor = service.catalogue.site("f1")
    assert (floor.zone, floor.currency, floor.devices) == ("Europe/Berlin", "EUR", 2)
    assert service.catalogue.groups()[0].devices == 2
    with pytest.raises(NotFound, match="there are: f1, f2, l12"):
        service.catalogue.site("gone")


def test_a_change_is_of_some_fields(service: MadeUpService) -> None:
    change = service.catalogue.change
    change("device/H002", "jo", {"labels": {"tenant": None, "room": "4.01"}, "rating_kw": 9.5})
    assert service.catalogue.detail("H002").device == Device(
        name="Pump 10", site="f1", groups=("pumps",), labels={"room": "4.01"}, rating_kw=9.5
    )
    assert service.catalogue.history("device/H002")[0].fields == (
        FieldChange("labels.tenant", "Müller", None),
        FieldChange("labels.room", None, "4.01"),
        FieldChange("rating_kw", None, 9.5),
    )
    with pytest.raises(Faulty, match=r"'colour' is no field of a device; there are name"):
        change("device/H002", "jo", {"colour": "red"})
    with pytest.raises(Faulty, match=r"rating_kw: Expected `float"):
        change("device/H002", "jo", {"rating_kw": "much"})
    with pytest.raises(Malformed, match="no key of the catalogue"):
        change("house/x", "jo", {"name": "x"})


def test_who_was_slower_is_told(service: MadeUpService) -> None:
    seen = service.catalogue.detail("H001").revision
    service.catalogue.change("device/H001", "jo", {"name": "Stove"})
    with pytest.raises(Conflict):
        service.catalogue.change("device/H001", "mara", {"name": "Range"}, based_on=seen)
    assert service.catalogue.detail("H001").name == "Stove"


def test_a_change_is_undone(service: MadeUpService) -> None:
    undo, first = service.catalogue.undo, service.catalogue.detail("H001").revision
    service.catalogue.change("device/H001", "jo", {"name": "Stove"})
    service.catalogue.change("device/H001", "jo", {"name": "Range"})
    undo("device/H001", "mara")
    assert service.catalogue.detail("H001").name == "Stove"
    undo("device/H001", "mara", first)
    assert service.catalogue.detail("H001").name == "Oven"
    with pytest.raises(Conflict, match="so already"):
        undo("device/H001", "mara", first)
    with pytest.raises(NotFound, match="no revision 99"):
        undo("device/H001", "mara", 99)
    assert [(c.what, c.by) for c in service.catalogue.history("device/H001")][-1] == (
        "entered",
        "mara",
    )
    service.catalogue.change("device/H004", "jo", {"name": "Fridge"})
    undo("device/H004", "jo")  # it had not been entered before
    assert service.catalogue.detail("H004").state == "new"


def test_what_others_stand_in_is_not_taken_out(service: MadeUpService) -> None:
    remove = service.catalogue.remove
    with pytest.raises(Faulty, match="site/l12: in it are site/f1, site/f2: move them first"):
        remove("site/l12", "jo")
    with pytest.raises(Faulty, match="device/H002, device/H003"):
        remove("group/pumps", "jo")
    with pytest.raises(NotFound, match="nobody has entered"):
        remove("site/gone", "jo")
    service.catalogue.change("device/H001", "jo", {"site": ""})
    remove("site/f2", "jo")
    assert "f2" not in service.catalogue.entries.sites


def test_a_meter_is_swapped(service: MadeUpService) -> None:
    service.catalogue.change("device/H010", "jo", {"name": "", "labels": {"serial": "77"}})
    service.catalogue.swap("H002", "H010", "jo", at_ms=1_700_000_000_000)
    old, new = service.catalogue.detail("H002"), service.catalogue.detail("H010")
    assert (old.state, old.device.replaced_by) == ("retired", "H010")
    assert old.device.retired_ms == 1_700_000_000_000
    assert (new.name, new.device.site, new.replaces) == ("Pump 10", "f1", ("H002",))
    assert (new.device.groups, new.state) == (("pumps",), "named")
    assert new.device.labels == {"tenant": "Müller", "serial": "77"}
    assert found(service, state="retired") == ["H002"]
    assert service.catalogue.group("pumps").devices == 2  # a retired one does not count
    service.catalogue.retire("H003", "jo")
    assert service.catalogue.detail("H003").device.retired_ms is not None


def test_a_meter_that_took_the_place_of_one_of_export_counts_what_is_fed_in(
    service: MadeUpService,
) -> None:
    service.catalogue.change("device/H002/export", "jo", {"name": "Roof"})
    service.catalogue.swap("H002/export", "H010", "jo")
    assert service.catalogue.detail("H010").device.channels["energy_register_kwh"].sign == "export"
    service.catalogue.swap("H010", "H011", "jo")  # and the next one, too
    assert service.catalogue.detail("H011").device.channels["energy_register_kwh"].sign == "export"
    service.catalogue.change("device/main/export", "jo", {"name": "Wall"})
    service.catalogue.swap("main/export", "other/export", "jo")  # it says so itself
    assert not service.catalogue.detail("other/export").device.channels


def test_a_meter_that_took_anothers_place_counts_in_its_sums(service: MadeUpService) -> None:
    terms = {
        "flat": (Term(device="H001"), Term(device="H002", minus=True)),
        "both": (Term(device="H002"), Term(device="H010", minus=True)),  # somebody said so before
    }
    for name, parts in terms.items():
        service.catalogue.change(f"device/{name}", "jo", {"name": name, "terms": parts})
    service.catalogue.swap("H002", "H010", "jo")
    assert service.catalogue.detail("flat").device.terms == (
        *terms["flat"],
        Term(device="H010", minus=True),
    )
    assert service.catalogue.detail("both").device.terms == terms["both"]
    service.catalogue.undo("device/flat", "jo")
    assert service.catalogue.detail("flat").device.terms == terms["flat"]


def test_what_a_domain_knows_is_seen_under_what_people_entered() -> None:
    service = MadeUpService(floors=2)
    assert service.catalogue.detail("p2").name == "Floor 2"
    assert [(card.id, card.devices, card.revision) for card in service.catalogue.sites()] == [
        ("building", 2, 0)
    ]
    service.catalogue.change("device/p2", "mara", {"name": "Kitchen"})
    card = service.catalogue.detail("p2")
    assert (card.name, card.device.kind, card.device.site) == ("Kitchen", "floor", "building")
    assert [row.name for row in service.catalogue.find(DeviceFilter(site="building")).rows] == [
        "Floor 1",
        "Kitchen",
    ]
    service.catalogue.undo("device/p2", "mara")
    assert service.catalogue.detail("p2").name == "Floor 2"
    assert service.catalogue.detail("thermometer").state == "new"  # its kind is known, no name
    assert service.catalogue.detail("thermometer").device.kind == "thermometer"


def test_nothing_is_changed_where_something_is_wrong(service: MadeUpService) -> None:
    edits = [
        Edit("device/H004", Device(name="fine")),
        Edit("device/H005", Device(name="", site="x")),
    ]
    with pytest.raises(Faulty) as refused:
        service.catalogue.put(edits, "jo")
    assert refused.value.faults == ("device/H005: site: there is no site 'x': enter it first",)
    assert service.catalogue.detail("H004").state == "new"
    virtual = Device(name="House", terms=(Term(device="H001"), Term(device="H002", minus=True)))
    service.catalogue.put([Edit("device/house", virtual)], "jo")
    assert service.catalogue.find(DeviceFilter(search="house")).rows[0].is_virtual
    with pytest.raises(Faulty, match="parts of it are device/house"):
        service.catalogue.remove("device/H001", "jo")
