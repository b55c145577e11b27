"""Add a device: each dialect of text is a way, and what it shows is taken."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
import yaml
from nicegui.testing import User, user_simulation

from energyguard.codecs.formats import decode
from energyguard.codecs.headers import known
from energyguard.model.access import AccessRole, Caller
from energyguard.mqtt.dialect import MqttMessage
from energyguard.mqtt.registry import dialects_of
from energyguard.page.devices.polled_ways import PolledWay, polled_ways
from energyguard.page.devices.topic_ways import TopicWay, topic_ways
from energyguard.page.devices.ways import PATH, HttpWay, Reached, http_ways
from energyguard.page.mount import add_pages
from energyguard.poll.targets import read_targets
from energyguard.processes.registry import present
from energyguard.service.intake.brokers import Broker, broker_of
from energyguard.service.intake.polled import Polling
from energyguard.settings.mqtt import MqttSettings
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.page.test_views import sees
from tests.poll.devices import http_device


def test_each_registered_dialect_of_text_is_a_way() -> None:
    shown = [way.name for way in http_ways()]
    text = re.compile(rb"[ -~\n]*")
    written = {dialect.name for dialect in known().all if text.fullmatch(dialect.example)}
    assert shown[:2] == ["csv", "json"]
    more = {"mapped", "homeassistant", "thingsboard", "volkszaehler"}  # than a token and a line
    assert set(shown) >= written - more > {"csv", "json", "influx", "prometheus-text"}
    assert "prometheus" in shown
    assert not {"arrow", *more} & set(shown)


@pytest.mark.parametrize("way", [w for w in http_ways() if w.example], ids=lambda way: way.name)
def test_its_example_is_taken_at_its_address(way: HttpWay) -> None:
    address = way.address("http://host/")
    query = {name: found[0] for name, found in parse_qs(address.partition("?")[2]).items()}
    shape = query.get("shape") if way.path == PATH else way.name
    device = query.get("device", "")
    _, decoded = decode(way.example.encode(), shape, device=device)
    assert decoded.batch.num_rows and not decoded.refused


def test_prometheus_is_configured_with_the_address_and_the_token() -> None:
    (way,) = [way for way in http_ways() if way.name == "prometheus"]
    (_address, address), (_words, text) = way.lines(Reached("http://host:8400/", "eg_1"))
    (sender,) = yaml.safe_load(text)["remote_write"]
    assert sender["url"] == address == "http://host:8400/api/v1/write"
    assert sender["authorization"] == {"credentials": "eg_1"}


@pytest.mark.parametrize("way", topic_ways(), ids=lambda way: way.name)
def test_a_message_that_is_shown_is_of_its_dialect(way: TopicWay) -> None:
    sender = way.sender
    (dialect,) = [known for known in dialects_of(ZoneInfo("UTC")) if known.name == sender.name]
    for example in filter(lambda example: dialect.teaches(example.topic), dialect.examples):
        dialect.learn(MqttMessage(example.topic, example.payload, 1_795_860_900_000))
    assert dialect.knows(sender.topic)
    message = MqttMessage(sender.topic, sender.payload.encode(), 1_795_860_900_000)
    assert list(dialect.read(message))


def test_a_plug_is_told_the_broker_as_it_is_reached_from_there() -> None:
    by_name = {way.name: way for way in topic_ways()}
    assert list(by_name)[:2] == ["mqtt-tasmota", "mqtt-shelly"]
    tasmota, page = by_name["mqtt-tasmota"], "http://energy.lan:8400/"
    here = Reached(page, broker=Broker("localhost", 1884, "jan", is_taken=True))
    lines = dict(tasmota.lines(here))
    assert lines["Configuration › Configure MQTT › Host"] == "energy.lan"
    assert lines["… › Port"] == "1884"
    assert "-h energy.lan -p 1884 -u jan" in lines["Try it"]
    assert tasmota.note(here)[0]
    there = Reached("http://127.0.0.1:8400/", broker=Broker("localhost"), network="10.0.0.5")
    assert dict(tasmota.lines(there))["Configuration › Configure MQTT › Host"] == "10.0.0.5"
    away = Reached(page, broker=Broker("broker.lan"))
    shelly = dict(by_name["mqtt-shelly"].lines(away))
    assert shelly["Settings › MQTT › Server"] == "broker.lan:1883"
    assert "the role mqtt does not run" in by_name["mqtt-shelly"].note(away)[1]
    works, note = tasmota.note(Reached(page))
    assert not works and "started without a broker" in note
    start = tasmota.lines(Reached(page))[0]
    assert start[1] == "energyguard up --mqtt mqtt://BROKER:1883"
    assert not tasmota.needs_token


def test_the_broker_is_the_one_that_this_was_started_with(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert broker_of(settings) == Broker()
    named = settings.model_copy(update={"mqtt": MqttSettings(url="mqtts://jan@broker.lan")})
    assert broker_of(named) == Broker("broker.lan", 8883, "jan", is_tls=True)
    with present(tmp_path, "mqtt"):
        assert broker_of(named).is_taken


@pytest.mark.parametrize("way", polled_ways(), ids=lambda way: way.name)
def test_the_lines_of_a_device_that_is_asked_can_be_used(way: PolledWay, tmp_path: Path) -> None:
    kind, file = way.kind, tmp_path / "devices.toml"
    typed = kind.example.partition("://")[2].replace("10.0.0.21", "boiler.lan") + "/"
    reached = Reached("http://h/", polling=Polling(str(file)), typed=kind.address(typed))
    entry, *beside = way.lines(reached)
    file.write_text(entry[1])
    for (_option, name, example), (_words, text) in zip(kind.beside, beside, strict=False):
        assert text == example
        (tmp_path / name).write_text(text)
    (target,) = read_targets(file)
    assert (target.name, target.kind) == ("boiler", kind.name)
    tried, start = (dict(way.lines(reached))[words] for words in (
        "Try it", "Start EnergyGuard again with the file"))  # fmt: skip
    assert tried == f"energyguard check poll {file}"
    assert start == f"energyguard up --poll {file}"
    assert not way.note(reached)[0]
    asking = Reached("http://h/", polling=Polling(str(file), is_asking=True))
    assert way.note(asking)[0]
    assert "Start" not in "".join(words for words, _ in way.lines(asking))
    assert kind.device("http://10.0.0.21") == f"{kind.name}-10.0.0.21"


async def test_a_device_is_asked_from_the_page_by_who_may_do_everything(user: User) -> None:
    plug = {"/rpc/Shelly.GetStatus": b'{"switch:0":{"apower":1500,"voltage":230}}'}
    async with http_device(plug) as address:
        await user.open("/add")
        user.find(marker="way").trigger("change", "poll-shelly")
        await sees(user, "EnergyGuard was started without a file of devices.")
        form = user.find(marker="asked")
        form.trigger("submit", {"address": "http://user:secret@h"})
        await sees(user, "a password does not stand here")
        form.trigger("submit", {"address": address.removeprefix("http://")})
        await sees(user, "Power: 1.50")
        await sees(user, f'address = "{address}"')
        form.trigger("submit", {"address": "127.0.0.1:1"})
        await sees(user, "It does not answer: ")
        user.find(marker="way").trigger("change", "poll-modbus")
        await sees(user, "Put it into the lines")


@pytest.mark.parametrize(
    "caller",
    [Caller("operator", AccessRole.OPERATE, ()), Caller("janitor", AccessRole.ADMIN, ("home",))],
)
async def test_nobody_else_has_an_address_asked(caller: Caller) -> None:
    async with user_simulation() as user:
        add_pages(MadeUpService(), stranger=caller)
        await user.open("/add")
        user.find(marker="way").trigger("change", "poll-shelly")
        await sees(user, "Put it into the lines")
        user.find(marker="asked").trigger("submit", {"address": "127.0.0.1:1"})
        await sees(user, 'address = "http://127.0.0.1:1"')
        await user.should_not_see("It does not answer")


async def test_a_way_over_a_broker_asks_for_no_token(user: User) -> None:
    await user.open("/add")
    await sees(user, "TOKEN is its key.")
    user.find(marker="way").trigger("change", "mqtt-tasmota")
    await sees(user, "EnergyGuard was started without a broker.")
    await sees(user, "Configuration › Configure MQTT › Host")
    await user.should_not_see("TOKEN is its key.")
    user.find(marker="way").trigger("change", "prometheus")
    await sees(user, "write_relabel_configs")
    await sees(user, "TOKEN is its key.")
