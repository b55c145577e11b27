"""The catalogue as files: what is read is what was written, and every fault has its line."""

from __future__ import annotations

import string
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.catalogue import Catalogue
from energyguard.catalogue.files import read_changes, write_csv, write_toml
from energyguard.errors import Malformed
from energyguard.model.catalogue import (
    ChannelFacts,
    Device,
    DeviceGroup,
    Entry,
    Site,
    Term,
    parts_of,
)
from tests.thorough import examples

HOUSE: Mapping[str, Entry] = {
    "site/l12": Site(name="Lindenhof 12", zone="Europe/Berlin", latitude=52.5, holidays=("DE-BE",)),
    "site/f 2": Site(name='Floor "2"', parent="l12", kind="floor"),
    "group/pumps": DeviceGroup(name="Heat pumps", about="all; of them"),
    "device/H001": Device(
        name="Oven, new",
        site="f 2",
        groups=("pumps",),
        kind="meter",
        labels={"floor": "2", "tenant.no": "007"},
        channels={"power_kw": ChannelFacts(scale="0.001", unit="W", max_power_kw=11.5)},
        rating_kw=9.25,
    ),
    "device/H002": Device(name="", retired_ms=1_793_491_200_001, replaced_by="H001"),
    "device/house": Device(
        name="House", terms=(Term(device="H001"), Term(device="pump", minus=True))
    ),
}
TOML = """\
[site."f 2"]
name = "Floor \\"2\\""
parent = "l12"
kind = "floor"

[site.l12]
name = "Lindenhof 12"
zone = "Europe/Berlin"
holidays = ["DE-BE"]
latitude = 52.5

[group.pumps]
name = "Heat pumps"
about = "all; of them"

[device.H001]
name = "Oven, new"
site = "f 2"
groups = ["pumps"]
kind = "meter"
labels = { floor = "2", "tenant.no" = "007" }
channels = { power_kw = { unit = "W", scale = "0.001", max_power_kw = 11.5 } }
rating_kw = 9.25

[device.H002]
name = ""
replaced_by = "H001"
retired = 2026-11-01T00:00:00.001Z

[device.house]
name = "House"
terms = ["+H001", "-pump"]
"""
CSV = """\
id,name,site,groups,kind,rating_kw,terms,retired,replaced_by,label.floor,label.tenant.no,\
channel.power_kw.unit,channel.power_kw.scale,channel.power_kw.max_power_kw
H001,"Oven, new",f 2,pumps,meter,9.25,,,,2,007,W,0.001,11.5
H002,,,,,,,2026-11-01T00:00:00.001Z,H001,,,,,
house,House,,,,,+H001;-pump,,,,,,,
"""


def holding(entries: Mapping[str, Entry]) -> Catalogue:
    """A catalogue that has entries."""
    catalogue = Catalogue()
    for key, entry in entries.items():
        catalogue.see(key, entry, "test")
    return catalogue


def devices(entries: Mapping[str, Entry]) -> dict[str, Device]:
    """The devices of entries."""
    return {parts_of(k)[1]: entry for k, entry in entries.items() if isinstance(entry, Device)}


def faults(text: str, name: str, catalogue: Catalogue | None = None) -> list[str]:
    """What is wrong in a file."""
    return read_changes(text.encode(), name, catalogue or holding(HOUSE)).faults


def test_a_file_is_as_people_would_write_it() -> None:
    assert write_toml(HOUSE) == TOML
    assert write_csv(devices(HOUSE)) == CSV


def test_what_was_written_is_read_again() -> None:
    read = read_changes(TOML.encode(), "house.toml", Catalogue())
    assert (read.entries, read.faults) == (HOUSE, [])
    assert set(read.new) == set(HOUSE)
    places = {key: entry for key, entry in HOUSE.items() if not isinstance(entry, Device)}
    read = read_changes(b"\xef\xbb\xbf" + CSV.encode(), "house.CSV", holding(places))
    assert read.entries == {key: entry for key, entry in HOUSE.items() if key not in places}
    again = read_changes(CSV.replace("\n", "\r\n").encode(), "house.csv", holding(HOUSE))
    assert (again.entries, again.same, again.faults) == ({}, 3, [])


def test_what_a_file_does_not_name_stays() -> None:
    text = "id;name;labels.floor\r\nH001;Stove;\r\nH003;Fridge;1\r\nH004;;\r\n"
    read = read_changes(text.encode(), "names.csv", holding(HOUSE))
    stove = read.entries["device/H001"]
    assert isinstance(stove, Device)
    assert (stove.name, stove.rating_kw, stove.labels) == ("Stove", 9.25, {"tenant.no": "007"})
    assert (read.new, read.same) == (["device/H003"], 1)  # of H004 the file says nothing


def test_every_fault_of_a_spreadsheet_has_its_line() -> None:
    text = (
        "id,name,site,rating_kw,label.floor\n"
        'H001,"two\nlines",,,\n'
        "H002,ok,gone,much,\n"
        ",nobody,,,\n"
        "H003,ok,f 2,-1,x\n"
        "H004,few\n"
        "H005,ok,gone,1,\n"
        "H005,again,,,\n"
    )
    assert faults(text, "m.csv") == [
        "m.csv:2: device/H001: name: has a character that cannot be seen, such as a line break",
        "m.csv:4: rating_kw: 'much' is no number",
        "m.csv:5: id: is empty",
        "m.csv:6: device/H003: rating_kw: -1.0 is no power above 0",
        "m.csv:7: 2 cells, and 5 columns",
        "m.csv:8: device/H005: site: there is no site 'gone': enter it first",
        "m.csv:9: device/H005: stands in line 8, too",
    ]
    assert "there is no column 'colour'" in faults("id,colour\nH1,red\n", "m.csv")[0]
    assert faults("", "m.csv") == ["m.csv:1: there is no header"]
    assert faults('id,name\nH1,"open\n', "m.csv") == ["m.csv:2: unexpected end of data"]
    assert read_changes(b"id\nH\xff\n", "m.csv", Catalogue()).faults == [
        "m.csv:2: is not UTF-8: save the file as CSV UTF-8"
    ]
    with pytest.raises(Malformed, match=r"m\.xls: a catalogue is \.csv or \.toml"):
        faults("", "m.xls")


def test_every_fault_of_a_table_has_its_line() -> None:
    text = """\
[site.a]
name = "A"
parent = "b"
[site.b]
parent = "a"
zone = "Europe/Berln"
[house.x]
[device."H 1"]
rating_kw = "much"
[device.H2]
colour = "red"
[device.H4.channels.power_kw]
largest_power_kw = 17
[device.H5]
channels = { power_kw = { digits = "six" }, energy_kwh = 3 }
[device.H3]
name = "fine"
terms = ["H1"]
"""
    assert faults(text, "h.toml", Catalogue()) == [
        "h.toml:3: site/a: parent: a site cannot be in itself: a in b in a",
        "h.toml:5: site/b: parent: a site cannot be in itself: b in a in b",
        "h.toml:6: site/b: zone: 'Europe/Berln': no time zone of this name, such as Europe/Berlin;"
        " did you mean Europe/Berlin?",
        "h.toml:7: 'house' is nothing that a catalogue has; write [tariff.ID], [site.ID],"
        " [group.ID], [device.ID]",
        "h.toml:9: device/H 1: rating_kw: Expected `float | null`, got `str`",
        "h.toml:11: device/H2: 'colour' is no field of a device; there are name, site, groups,"
        " kind, labels, channels, rating_kw, terms, retired_ms, replaced_by",
        "h.toml:12: device/H4: channels.power_kw.largest_power_kw: a channel has no such field;"
        " there are unit, scale, sign, stamp, length, digits, resolution, resets, max_power_kw,"
        " max_export_kw, cadence, delay",
        "h.toml:15: device/H5: channels.power_kw.digits: Expected `int`, got `str`",
        "h.toml:18: device/H3: terms: 'H1' is no device with its sign; write +main or -pump",
    ]
    assert faults("[site.a]\nname = 1 2\n", "h.toml") == [
        "h.toml:2: Expected newline or end of document after a statement"
    ]


def test_what_stands_in_something_wrong_is_wrong_too() -> None:
    text = '[site.a]\nname = "A"\nzone = "x"\n[device.H1]\nname = "H"\nsite = "a"\n'
    read = read_changes(text.encode(), "h.toml", Catalogue())
    assert [fault.split(": ")[0] for fault in read.faults] == ["h.toml:3", "h.toml:6"]
    assert read.entries == {}


WORDS = st.text(
    st.characters(blacklist_categories=("C", "Z")) | st.sampled_from(" ,;\"'\\[]=#\\"), max_size=8
).filter(lambda text: text == text.strip() and text.isprintable())
IDS = WORDS.filter(bool)
LABELS = st.dictionaries(st.text(string.ascii_letters + "_.-", min_size=1, max_size=4).map(
    lambda text: f"l{text}"), IDS, max_size=3)  # fmt: skip
DEVICES = st.builds(
    Device,
    name=WORDS,
    kind=WORDS,
    labels=LABELS,
    rating_kw=st.none() | st.floats(0.001, 1e6),
    retired_ms=st.none() | st.integers(946_684_800_000, 4_000_000_000_000),
    terms=st.lists(IDS, max_size=2, unique=True).map(
        lambda ids: tuple(Term(device=f"x{part}", minus=len(part) % 2 == 0) for part in ids)
    ),
    channels=st.dictionaries(
        st.sampled_from(["power_kw", "energy_kwh"]),
        st.builds(ChannelFacts, unit=IDS, digits=st.integers(1, 12)),
    ),
)


@given(st.dictionaries(IDS, DEVICES, max_size=4))
@settings(max_examples=examples(20, 60), deadline=None)
def test_any_devices_come_back_as_they_were(found: dict[str, Device]) -> None:
    entries = {f"device/{name}": device for name, device in found.items()}
    for name, text in (("d.toml", write_toml(entries)), ("d.csv", write_csv(found))):
        read = read_changes(text.encode(), name, Catalogue())
        kept = {k: d for k, d in entries.items() if d != Device(name="")}
        assert (read.entries, read.faults) == (kept, [])
