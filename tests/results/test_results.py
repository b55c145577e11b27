"""Results on a real broker: said once, said again where they change, and never taken in again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError
from energyguard.history.chdb import ChdbHistory
from energyguard.log import open_log
from energyguard.mqtt import kept_line
from energyguard.mqtt.dialect import MqttMessage
from energyguard.mqtt.subscriber import Subscriber
from energyguard.results import publisher
from energyguard.results.measured import MeasuredResult, MeasuredResults
from energyguard.results.messages import config_of, state_of
from energyguard.results.publisher import ResultPublisher
from energyguard.service.service import EnergyService
from energyguard.settings.layers import load
from energyguard.settings.tree import Settings
from tests.application.catalogue import OwnedLog
from tests.mqtt.brokers import Broker, broker_in, needs_broker, send, sender_to
from tests.mqtt.taken import decoded, in_log, reasons, rows, taker
from tests.waiting import until

PREFIX = "energyguard-results"
BOILER = MeasuredResult("Boiler", 1850, 4.25, False)
RESULTS = {"device/boiler": BOILER, "device/home/plug #1": MeasuredResult("Plug", None, None, True)}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with broker_in(tmp_path / "broker") as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, broker: Broker) -> Settings:
    given = (f"data_dir={tmp_path / 'data'}", f"mqtt.url={broker.url}", f"mqtt.results={PREFIX}")
    made = load(given).settings
    made.data_dir.mkdir()
    return made


@needs_broker
def test_results_are_retained_said_when_they_change_and_offline_when_the_line_is_lost(
    settings: Settings, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(ResultPublisher(settings, Event())) as made:
        assert made.step(RESULTS, 0.05) == 4
        assert made.step(RESULTS, 0.05) == 0
        monkeypatch.setattr(publisher, "MESSAGES_AT_ONCE", 1)
        changed = {name: result._replace(power_w=7) for name, result in RESULTS.items()}
        assert [made.step(changed, 0.05) for _ in range(3)] == [1, 1, 0]
        found = dict[str, bytes]()
        with sender_to(broker.port) as watcher:
            watcher.on_message = lambda _client, _data, message: found.update(
                {message.topic: bytes(message.payload)}
            )
            watcher.subscribe([(f"{PREFIX}/#", 1), ("homeassistant/#", 1)])
            until(lambda: len(found) == 5)
            assert found[f"{PREFIX}/status"] == b"online"
            assert json.loads(found[f"{PREFIX}/home%2Fplug%20%231/state"]) == {
                "power_w": 7, "energy_today_kwh": None, "alert": "ON",
            }  # fmt: skip
            assert made._kept.line is not None
            made._kept.line._line.close()  # as the system does with that of a killed process
            until(lambda: found[f"{PREFIX}/status"] == b"offline")
            monkeypatch.setattr(kept_line, "FIRST_PAUSE_S", 0.01)
            made._kept._pause_s = 0.01
            assert made.step(changed, 0.05) == 0
            until(lambda: made.step(changed, 0.05) and found[f"{PREFIX}/status"] == b"online")


@needs_broker
def test_what_was_published_is_never_a_reading(settings: Settings, broker: Broker) -> None:
    everything = settings.mqtt.model_copy(update={"topics": ("#",)})
    settings = settings.model_copy(update={"mqtt": everything})
    with (
        closing(open_log(settings.log_url, SYSTEM)) as log,
        closing(Subscriber(log, settings, Event())) as subscriber,
        closing(ResultPublisher(settings, Event())) as made,
    ):
        until(lambda: subscriber.step(0.05) == 0)
        assert made.step(RESULTS, 0.05) == 4
        mine = [
            (f"{PREFIX}/sensor/power_w/state", b"5"),
            ("tele/boiler/SENSOR", b'{"ENERGY":{"Power":5}}'),
        ]
        send(broker.port, mine)
        until(lambda: subscriber.step(0.05) >= 0 and in_log(log))
        assert [row[:2] for row in in_log(log)] == [("boiler", "power_kw")]


def test_what_a_device_draws_and_used_is_asked_of_the_service(tmp_path: Path) -> None:
    now_ms, log = SYSTEM.now_ms(), OwnedLog()
    meter = "energyguard/home/boiler/"
    with (
        closing(ChdbHistory(tmp_path / "history")) as history,
        EnergyService(log, history, Settings(data_dir=tmp_path), SYSTEM) as service,
    ):
        measured = MeasuredResults(service)
        assert measured.now() == {}
        sent = [MqttMessage(f"{meter}power_w", b"1850", now_ms - back) for back in (1000, 0)]
        taker(log).take(sent)
        found = until(measured.now)
        boiler = MeasuredResult("home/boiler", 1850, None, False)
        assert found == {"device/home/boiler": boiler}
        put = service.catalogue.change
        put("site/home", "jan", {"name": "Home"})
        put("site/cellar", "jan", {"name": "Cellar", "parent": "home"})
        put("site/attic", "jan", {"name": "Attic", "parent": "home"})
        put("device/home/boiler", "jan", {"name": "Boiler", "site": "cellar"})
        found = until(lambda: now if len(now := measured.now()) == 3 else None)
        assert found == {
            "device/home/boiler": boiler._replace(name="Boiler"),
            "site/cellar": boiler._replace(name="Cellar"),
            "site/home": boiler._replace(name="Home"),
        }


def test_home_assistant_finds_a_device_with_three_sensors() -> None:
    topic, payload = config_of(PREFIX, "device/boiler", BOILER)
    config = json.loads(payload)
    assert topic == f"homeassistant/device/{config['dev']['ids'][0]}/config"
    assert config["dev"]["name"] == "Boiler"
    assert config["avty_t"] == f"{PREFIX}/status"
    assert [sensor["p"] for sensor in config["cmps"].values()] == [
        "sensor", "sensor", "binary_sensor",
    ]  # fmt: skip
    state = state_of(PREFIX, "device/boiler", BOILER)
    assert state[0] == config["stat_t"]
    assert json.loads(state[1]) == {"power_w": 1850, "energy_today_kwh": 4.25, "alert": "OFF"}
    ids = ("device/a b", "device/a_b", "device/a/b", f"device/{'ä' * 60}", "device/site/a",
           "device/site_a", "site/a")  # fmt: skip
    assert len({config_of(PREFIX, key, BOILER)[0] for key in ids}) == len(ids)
    assert len({state_of(PREFIX, key, BOILER)[0] for key in ids}) == len(ids)
    topic_of_site, about = config_of(PREFIX, "site/a b", BOILER)
    assert topic_of_site.startswith("homeassistant/device/energyguard_site_a_b_")
    assert json.loads(about)["stat_t"] == f"{PREFIX}/site/a%20b/state"
    assert json.loads(about)["dev"]["mdl"] == "Site"
    found = decoded([(topic, payload), state])  # another EnergyGuard sees it
    assert (rows(found), reasons(found)) == ([], [])


@pytest.mark.parametrize("prefix", ["energyguard", "energyguard/x", "a/#", "/a", "a//b", "$SYS"])
def test_a_prefix_that_cannot_be_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the prefix of results"):
        load(("mqtt.url=mqtt://b", f"mqtt.results={prefix}"))


def test_results_need_a_broker() -> None:
    with pytest.raises(ConfigError, match=r"name mqtt\.url"):
        load((f"mqtt.results={PREFIX}",))
