"""What an entry may be: each fault, with its field."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from energyguard.catalogue import Catalogue
from energyguard.catalogue.checks import PlannedCatalogue
from energyguard.model.catalogue import ChannelFacts, Device, DeviceGroup, Entry, Site, Term


def faults(changes: Mapping[str, Entry | None], known: Mapping[str, Entry] = {}) -> list[str]:
    """What is wrong with changes of a catalogue, without the reasons."""
    catalogue = Catalogue()
    for key, entry in known.items():
        catalogue.see(key, entry, "test")
    return [
        f"{fault.key}: {fault.field}" for fault in PlannedCatalogue(catalogue, changes).faults()
    ]


def meter(**meant: object) -> Device:
    """A device that means something by its power."""
    return Device(name="", channels={"power_kw": ChannelFacts(**meant)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("name", Site(name="two\nlines")),
        ("name", Site(name=" space")),
        ("name", Site(name="x" * 501)),
        ("zone", Site(name="", zone="../etc/passwd")),
        ("currency", Site(name="", currency="EURO")),
        ("holidays", Site(name="", holidays=("DE-XX",))),
        ("holidays", Site(name="", holidays=("2026-02-30",))),
        ("latitude", Site(name="", latitude=90.1)),
        ("longitude", Site(name="", longitude=float("nan"))),
        ("about", DeviceGroup(name="", about="a\tb")),
        ("groups", Device(name="", groups=("a", "a", "a"))),
        ("labels", Device(name="", labels={"a b": "c"})),
        ("labels", Device(name="", labels={"a": ""})),
        ("channels", Device(name="", channels={"phlogiston": ChannelFacts()})),
        ("channels.power_kw.scale", meter(scale="-1")),
        ("channels.power_kw.scale", meter(scale="1e3")),
        ("channels.power_kw.scale", meter(scale="0.000")),
        ("channels.power_kw.scale", meter(scale="NaN")),
        (
            "channels.voltage_v.scale",
            Device(name="", channels={"voltage_v": ChannelFacts(scale="10")}),
        ),
        ("channels.power_kw.length", meter(length="soon")),
        ("channels.power_kw.sign", meter(sign="up")),
        ("channels.power_kw.digits", meter(digits=13)),
        ("channels.power_kw.max_power_kw", meter(max_power_kw=float("inf"))),
        ("channels.power_kw.unit", meter(unit="x" * 21)),
        ("rating_kw", Device(name="", rating_kw=0.0)),
        ("retired_ms", Device(name="", retired_ms=12)),
        ("replaced_by", Device(name="", replaced_by="x")),
        ("terms", Device(name="", terms=(Term(device="a"), Term(device="a", minus=True)))),
        ("terms", Device(name="", terms=(Term(device=""),))),
    ],
)
def test_what_is_wrong_with_an_entry_by_itself(field: str, entry: Entry) -> None:
    key = f"{entry.__struct_config__.tag}/x"
    known = {"group/a": DeviceGroup(name="A")}
    assert faults({key: entry}, known) == [f"{key}: {field}"]


def test_what_is_right_is_taken() -> None:
    site = Site(name="Lindenhof", zone="Europe/Berlin", currency="EUR", latitude=-90.0,
                holidays=("DE", "DE-BE", "IT", "2026-12-24"))  # fmt: skip
    device = Device(name="Wärmepumpe №1", site="l", labels={"tenant.no-1": "x y"},
                    channels={"energy_register_kwh": ChannelFacts(scale="0.001", digits=6,
                              length="30 minutes", cadence="PT15M", stamp="end")})  # fmt: skip
    assert faults({"device/a/b": device, "site/l": site}) == []  # in any order


def test_an_entry_fits_into_a_record() -> None:
    labels = {f"label{n}": "😀" * 500 for n in range(26)}
    assert faults({"device/x": Device(name="", labels=labels)}) == ["device/x: "]


@pytest.mark.parametrize(
    "key", ["site/a/b", "group/..", "device/ x", "site/x\x00", f"site/{201 * 'x'}"]
)
def test_ids_stand_in_addresses(key: str) -> None:
    entry: Entry = Site(name="") if key.startswith("site") else DeviceGroup(name="")
    entry = Device(name="") if key.startswith("device") else entry
    assert faults({key: entry}) == [f"{key}: id"]


def test_nothing_is_part_of_itself() -> None:
    known: dict[str, Entry] = {
        "site/a": Site(name=""),
        "site/b": Site(name="", parent="a"),
        "device/x": Device(name=""),
        "device/y": Device(name="", terms=(Term(device="x"),)),
    }
    assert faults({"site/a": Site(name="", parent="b")}, known) == ["site/a: parent"]
    assert faults({"site/a": Site(name="", parent="a")}, known) == ["site/a: parent"]
    assert faults({"device/x": Device(name="", terms=(Term(device="y"),))}, known) == [
        "device/x: terms"
    ]
    deep: dict[str, Entry | None] = {
        f"site/{n}": Site(name="", parent=str(n - 1) if n else "") for n in range(17)
    }
    assert faults(deep) == ["site/16: parent"]


def test_sums_of_sums_are_as_deep_as_they_count() -> None:
    """Whichever of them is entered last; what was too deep before may have another name."""
    chain: dict[str, Entry] = {
        f"device/v{n}": Device(name="", terms=(Term(device=f"v{n + 1}"),)) for n in range(9)
    }
    eight = {key: entry for key, entry in chain.items() if key != "device/v8"}
    assert faults(dict(eight)) == []
    for n in (0, 4, 8):
        key = f"device/v{n}"
        known = {other: entry for other, entry in chain.items() if other != key}
        assert faults({key: chain[key]}, known) == [f"{key}: terms"]
    ninth = chain["device/v8"]
    assert isinstance(ninth, Device)
    assert faults({"device/v8": msgspec.structs.replace(ninth, name="Cellar")}, chain) == []
    assert faults({"device/v8": Device(name="", terms=())}, chain) == []


def test_what_others_stand_in_stays() -> None:
    known: dict[str, Entry] = {
        "site/a": Site(name=""),
        "group/g": DeviceGroup(name=""),
        "device/x": Device(name="", site="a", groups=("g",)),
        "device/y": Device(name="", terms=(Term(device="x"),)),
    }
    for key in ("site/a", "group/g", "device/x"):
        assert faults({key: None}, known) == [f"{key}: "]
    alone = {"device/x": Device(name=""), "device/y": None}
    assert faults({"site/a": None, "group/g": None, **alone}, known) == []


def test_a_scale_that_would_count_nowhere_is_refused_with_the_place_to_say_it() -> None:
    device = Device(name="", channels={"temperature_c": ChannelFacts(scale="0.1")})
    (fault,) = PlannedCatalogue(Catalogue(), {"device/t": device}).faults()
    assert "a scale counts for energy_kwh, energy_register_kwh, power_kw" in str(fault)
    assert "say it where readings come in" in str(fault)
