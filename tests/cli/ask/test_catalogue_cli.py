"""Sites, groups and devices in a terminal, over a log whose catalogue has its owner."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from energyguard.catalogue import role
from energyguard.settings.tree import Settings
from tests.cli.conftest import Terminal


@contextmanager
def owned(data_dir: Path) -> Iterator[None]:
    """The owner of the catalogue, in a thread."""
    stop = Event()
    owner = Thread(target=role.run, args=(Settings(data_dir=data_dir), stop))
    owner.start()
    try:
        yield
    finally:
        stop.set()
        owner.join()


@pytest.fixture
def house(terminal: Terminal, data_dir: Path) -> Iterator[Terminal]:
    """A building with a floor, from a file."""
    file = data_dir.parent / "house.toml"
    file.write_text(
        '[site.l12]\nname = "Lindenhof 12"\nzone = "Europe/Berlin"\n\n'
        '[site.f2]\nname = "Floor 2"\nparent = "l12"\n\n[group.pumps]\nname = "Heat pumps"\n'
    )
    with owned(data_dir):
        done = terminal("devices", "import", file)
        assert done.out == "3 new, 0 changed, 0 the same\n", done.err
        yield terminal


def test_a_device_is_named_placed_and_found(house: Terminal) -> None:
    words = ("name=Oven", "site=f2", "groups=pumps", "label.tenant=Müller", "rating_kw=3.5")
    assert house("devices", "set", "H001", *words).code == 0
    (row,) = house("devices", "find", "müller", "--site", "l12", "--json").rows
    assert (row["device"], row["where"]) == ("H001", "Lindenhof 12 > Floor 2")
    shown = house("devices", "show", "H001", "--json").json
    assert shown["device"]["rating_kw"] == 3.5
    assert [line.split()[:1] for line in house("sites").out.splitlines()[1:]] == [["l12"], ["f2"]]
    house("devices", "set", "H001", "name=Stove", "label.tenant=")
    (last, first) = house("devices", "history", "H001", "--json").rows
    assert [change["field"] for change in last["fields"]] == ["name", "labels.tenant"]
    assert first["what"] == "entered"


def test_a_file_comes_back_as_it_was(house: Terminal, data_dir: Path) -> None:
    bad, good = data_dir.parent / "bad.csv", data_dir.parent / "devices.csv"
    bad.write_text("id,site\nH001,gone\nH002,f2\n")
    refused = house("devices", "import", bad)
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.endswith(
        "bad.csv:2: device/H001: site: there is no site 'gone': enter it first\n"
    )
    assert (
        house("devices", "import", bad, "--skip").out == "1 new, 0 changed, 0 the same, 1 faults\n"
    )
    assert house("devices", "export", good).code == 0
    assert good.read_text() == "id,name,site,groups,kind\nH002,,f2,,\n"
    preview = house("devices", "import", good, "--preview", "--json").json
    assert (preview["same"], preview["written"]) == (1, 0)
    everything = house("devices", "export").out
    assert everything.startswith('[site.f2]\nname = "Floor 2"\nparent = "l12"\n')


def test_what_a_channel_means_is_set_field_by_field(house: Terminal) -> None:
    place = "channels.energy_register_kwh."
    words = (f"{place}max_power_kw=17", "channel.power_kw.scale=0.001", "labels.tenant=Müller")
    assert house("devices", "set", "fridge", *words).code == 0
    house("devices", "set", "fridge", f"{place}digits=6", "channel.power_kw.scale=")
    shown = house("devices", "show", "fridge", "--json").json["device"]
    assert shown["channels"] == {"energy_register_kwh": {"max_power_kw": 17.0, "digits": 6}}
    assert shown["labels"] == {"tenant": "Müller"}
    for fault, word in (
        (f"{place}largest_power_kw: a channel has no such field; there are unit, scale", "17"),
        (f"{place}max_power_kw: 'much' is no number", "much"),
        (f"{place}sign: 'up' is none of import, export, net", "up"),
    ):
        refused = house("devices", "set", "fridge", f"{fault.partition(':')[0]}={word}")
        assert (refused.code, fault in refused.err) == (3, True), refused.err
    refused = house("devices", "set", "fridge", "channels.power_kw=3")
    assert "channels.power_kw: write channel.power_kw.FIELD" in refused.err


def test_what_cannot_be_is_said(house: Terminal) -> None:
    for line, code, words in (
        ("name: write it as field=value", 2, ("sites", "set", "x", "name")),
        ("'colour' is no field of a site", 3, ("sites", "set", "x", "colour=red")),
        ("latitude: 'north' is no number", 3, ("sites", "set", "l12", "latitude=north")),
        ("site/l12: in it are site/f2: move them first", 3, ("sites", "remove", "l12")),
        ("write new, named, retired", 2, ("devices", "find", "--state", "old")),
        ("no device 'nobody'", 4, ("devices", "show", "nobody")),
    ):
        refused = house(*words)
        assert (refused.code, line in refused.err) == (code, True), refused.err


def test_the_document_s_examples_run(terminal: Terminal, data_dir: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "catalogue.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    with owned(data_dir):
        for line in "".join(blocks).splitlines():
            done = terminal(*shlex.split(line)[1:])
            assert done.code == 0, (line, done.err)
        assert "H002" in terminal("devices", "find", "heat pump").out
        for kind in ("toml", "csv"):
            (example,) = re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)
            file = data_dir.parent / f"example.{kind}"
            file.write_text(example)
            assert terminal("devices", "import", file).err == ""


def test_devices_are_listed_as_before(terminal: Terminal) -> None:
    assert terminal("devices", "H001").err == terminal("devices", "list", "H001").err != ""
    assert "no device 'H001' has sent" in terminal("devices", "H001").err
    assert terminal("devices", "--sort", "colour").code == 2
