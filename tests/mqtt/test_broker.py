"""A real broker and the role's own process: killed, cut, behind TLS; nothing lost, none doubled."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from energyguard.clock import SYSTEM
from energyguard.edge.link.certificates import certificate_of, key_of, signed
from energyguard.errors import ConfigError, Conflict, Unavailable
from energyguard.log import Log, open_log
from energyguard.log.compacted import CompactedTable
from energyguard.model.quantities import NANO
from energyguard.mqtt.connection import STATUS, BrokerConnection
from energyguard.mqtt.packets import OLD_VERSION
from energyguard.mqtt.subscriber import Subscriber
from energyguard.records.senders import SENDER, Sender
from energyguard.settings.layers import load
from energyguard.settings.mqtt import MqttSettings
from energyguard.settings.tree import Settings
from tests.e2e.processes import roles
from tests.mqtt.brokers import Broker, broker_in, needs_broker, old_door, send, sender_to
from tests.mqtt.taken import in_log
from tests.waiting import until

pytestmark = needs_broker
BEGIN_MS = 1_795_860_000_000


def own(number: int, *, timed: bool = True) -> tuple[str, bytes]:
    """A reading that can be told from every other by its value."""
    time = f',"time":{BEGIN_MS + number}' if timed else ""
    return "energyguard/l/b/energy_register_kwh", b'{"value":%d%b}' % (number, time.encode())


def values(log: Log) -> list[int]:
    return [value // NANO for _, _, value, _ in in_log(log)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with broker_in(tmp_path / "broker") as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, broker: Broker) -> Settings:
    return load((f"data_dir={tmp_path / 'data'}", f"mqtt.url={broker.url}")).settings


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    settings.data_dir.mkdir()
    with closing(open_log(settings.log_url, SYSTEM)) as opened:
        yield opened


def subscriber_of(settings: Settings, log: Log) -> Subscriber:
    made = Subscriber(log, settings, Event())
    until(lambda: made.step(0.2) == 0)  # it has subscribed
    return made


def test_what_came_while_nobody_was_there_is_taken_and_the_broker_knows_who_is_there(
    settings: Settings, log: Log, broker: Broker
) -> None:
    heard = list[bytes]()
    with sender_to(broker.port) as watcher:
        watcher.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
        watcher.subscribe(STATUS, qos=1)
        with closing(subscriber_of(settings, log)):
            until(lambda: heard == [b"online"])
            with pytest.raises(Conflict, match="another process"):
                Subscriber(log, settings, Event())
        until(lambda: heard == [b"online", b"offline"])
    send(broker.port, [own(number) for number in range(50)])
    with closing(subscriber_of(settings, log)) as again:
        until(lambda: again.step(0.05) or len(values(log)) == 50)
        until(lambda: len(values(log)) == 50)
    assert sorted(values(log)) == list(range(50))


def test_a_message_that_the_log_has_and_the_broker_does_not_know_of_is_the_same_reading(
    settings: Settings, log: Log, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(subscriber_of(settings, log)) as first:
        send(broker.port, [own(number, timed=False) for number in range(5)])

        def killed(_: object) -> None:
            raise KeyboardInterrupt

        assert first._kept.line is not None
        monkeypatch.setattr(first._kept.line, "acknowledge", killed)
        with pytest.raises(KeyboardInterrupt):
            until(lambda: first.step(0.05) < 0)
        first._kept.line._line.close()  # as the system does with that of a killed process
    before = in_log(log)
    assert before
    with closing(subscriber_of(settings, log)) as again:
        until(lambda: len({*in_log(log)}) == 5 and again.step(0.05) == 0)
        repeated = in_log(log)
        assert len(repeated) >= len(before) + len({*before})  # they did come again
        assert sorted({value // NANO for _, _, value, _ in repeated}) == list(range(5))
        assert len({*repeated}) == 5  # each with the time that it had


@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
def test_a_broker_without_version_5_keeps_what_comes_as_well(
    settings: Settings, log: Log, broker: Broker, answer: bytes
) -> None:
    with old_door(broker, answer) as port:
        old = load((f"data_dir={settings.data_dir}", f"mqtt.url=mqtt://127.0.0.1:{port}")).settings
        with closing(subscriber_of(old, log)) as first:
            assert first._kept.line is not None
            assert first._kept.line.version == OLD_VERSION
        send(broker.port, [own(number, timed=False) for number in range(30)])
        with closing(subscriber_of(old, log)) as again:
            until(lambda: again.step(0.05) or len(values(log)) == 30)
            until(lambda: again.step(0.05) == 0)
        with closing(subscriber_of(old, log)) as last:
            assert last.step(0.2) == 0  # the broker knows that it has been taken
    assert sorted(values(log)) == list(range(30))


def test_a_role_that_is_killed_and_a_broker_that_begins_again_lose_nothing(
    settings: Settings, log: Log, broker: Broker
) -> None:
    done, sent = threading.Event(), list[int]()
    acknowledged = threading.Semaphore(0)

    def keep_sending() -> None:  # without a line, the client keeps it for when there is one
        while not done.is_set():
            client.publish(*own(len(sent)), qos=1)
            if not acknowledged.acquire(timeout=60):
                return
            sent.append(len(sent))

    def takes_more() -> None:
        before = len({*values(log)})
        until(lambda: len({*values(log)}) > before + 20)

    with (
        roles(settings.data_dir, "mqtt", more=(f"mqtt.url={broker.url}",)) as (role,),
        sender_to(broker.port) as client,
    ):
        client.on_publish = lambda *_: acknowledged.release()
        until(lambda: "connected" in role.said())
        sending = threading.Thread(target=keep_sending)
        sending.start()
        takes_more()
        role.kill()
        role.start_again()
        takes_more()
        broker.stop()
        broker.start()
        takes_more()
        done.set()
        sending.join(90)
        until(lambda: len({*values(log)}) == len(sent))
        role.stop()
    found = {*in_log(log)}
    assert sorted(value // NANO for _, _, value, _ in found) == sent
    assert len(found) == len(sent)  # what came twice has the same time: it is one reading


def test_a_line_is_encrypted_and_only_with_the_broker_that_was_meant(tmp_path: Path) -> None:
    authority, key = signed("authority", "localhost", None)
    issuer = (certificate_of(authority), key_of(key))
    certificate, secret = signed("localhost", "localhost", issuer)
    files = {"broker.pem": certificate, "broker.key": secret}
    files |= {"authority.pem": authority, "other.pem": signed("other", "localhost", None)[0]}
    files |= {"right": "a secret\n", "wrong": "another\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    passwords = tmp_path / "passwords"
    making = ["mosquitto_passwd", "-b", "-c", str(passwords), "meters", "a secret"]
    subprocess.run(making, check=True, capture_output=True)
    more = [f"certfile {tmp_path / 'broker.pem'}", f"keyfile {tmp_path / 'broker.key'}"]
    more += ["allow_anonymous false", f"password_file {passwords}"]
    with broker_in(tmp_path / "broker", more) as broker:

        def line(authority: str, password: str, host: str = "localhost") -> BrokerConnection:
            settings = MqttSettings(
                url=f"mqtts://meters@{host}:{broker.port}",
                ca_file=tmp_path / authority,
                password_file=tmp_path / password,
            )
            return BrokerConnection(settings, "me")

        with closing(line("authority.pem", "right")) as good:
            good.subscribe([STATUS])
            found = until(lambda: good.receive(0.05))
            assert [(one.topic, one.payload) for one in found] == [(STATUS, b"online")]
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            line("other.pem", "right")
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            line("authority.pem", "right", "127.0.0.1")  # the certificate is of another name
        with pytest.raises(Unavailable, match="the user or the password is wrong"):
            line("authority.pem", "wrong")
        with pytest.raises(ConfigError, match=r"mqtt\.password_file"):
            line("authority.pem", "missing")


def test_what_home_assistant_discovers_is_subscribed_to_and_known_after_a_restart(
    settings: Settings, log: Log, broker: Broker
) -> None:
    config = (
        b'{"stat_t":"pump/w","name":"Power","unit_of_meas":"W","dev":{"ids":"p","name":"Pump"}}'
    )
    send(broker.port, [("homeassistant/sensor/pump/config", config)], retain=True)
    names = CompactedTable(log, SENDER)
    with closing(subscriber_of(settings, log)) as first:
        until(lambda: first.step(0.05) or names.refresh())
    send(broker.port, [("pump/w", b"2500")])  # it waits at the broker
    with closing(subscriber_of(settings, log)) as again:
        until(lambda: again.step(0.05) == 0 and in_log(log))
    assert [row[:2] for row in in_log(log)] == [("p", "power_kw")]
    names.refresh()
    assert names.rows == {"p": Sender(name="Pump")}


def test_while_the_log_takes_nothing_the_broker_keeps_what_comes(
    settings: Settings, log: Log, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(subscriber_of(settings, log)) as one:
        failures, append = iter([Unavailable("full", retry_after=0.01)] * 3), log.append

        def sometimes(*arguments: object) -> object:
            if failure := next(failures, None):
                raise failure
            return append(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(log, "append", sometimes)
        send(broker.port, [own(1)])
        until(lambda: one.step(0.05))
    assert values(log) == [1]
