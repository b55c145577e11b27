"""Chargers on a real broker: a topic for a city, and partitions that are added while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from energyguard.clock import SYSTEM
from energyguard.domains.charging.codec import message
from energyguard.domains.charging.intake import post_signals
from energyguard.domains.charging.model import Signal, SignalKind
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.topics import FULL_SESSIONS, SIGNALS, signals_topic
from energyguard.errors import Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, LATEST, Log, open_log
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import StreamSettings

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

PATIENCE_S = 90.0
USER = "0123456789ABCDEF"


@pytest.fixture
def log(kafka: Cluster) -> Iterator[Log]:
    made = open_log(f"kafka://{kafka.bootstrap}")
    yield made
    made.close()


def stay(charger: str, start: int) -> list[Signal]:
    """A whole stay, and a signal long after it, so that it is over."""
    car = Signal(charger, start, SignalKind.ARRIVE, "AB12CD34")
    told = Signal(charger, start + 2, SignalKind.CONNECT, USER, 550_000_000)
    end = start + 30
    return [
        car,
        told,
        Signal(charger, start + 4, SignalKind.START, amount=22_000_000_000),
        Signal(charger, end, SignalKind.STOP),
        replace(told, second=end, kind=SignalKind.DISCONNECT),
        replace(car, second=end + 3, kind=SignalKind.LEAVE),
        replace(car, second=end + 60),
    ]


def send(log: Log, topic: str, charger: str, start: int) -> None:
    told = [(one.charger.encode(), message(one)) for one in stay(charger, start)]
    end = SYSTEM.monotonic() + PATIENCE_S
    while SYSTEM.monotonic() < end:
        with suppress(Unavailable):  # a topic that is being made; what comes twice changes nothing
            post_signals(Gateway(log), told, topic)
            return
    raise AssertionError(f"{topic} takes nothing")


def closed(log: Log) -> set[str]:
    """Chargers of which a stay is over."""
    at, found = dict(log.positions(FULL_SESSIONS.name, EARLIEST)), set[str]()
    while fetched := log.read(at, 1_000, 0.2):
        for part in fetched:
            found |= {(key or b"").decode() for key in part.keys}
            at[part.at] = part.next_offset
    return found


def add_partitions(servers: str, topic: str, many: int) -> None:
    from confluent_kafka.admin import AdminClient, NewPartitions

    admin = AdminClient({"bootstrap.servers": servers})
    for asked in admin.create_partitions([NewPartitions(topic, many)]).values():
        asked.result(30)


def test_a_city_has_a_topic_and_partitions_are_added(log: Log, kafka: Cluster) -> None:
    city, now = signals_topic("milan"), SYSTEM.now_ms() // 1000 - 600
    stop = Event()

    def work() -> None:
        other = open_log(f"kafka://{kafka.bootstrap}")
        while not stop.is_set():
            with suppress(Unavailable):  # a leader moves: it begins again, as its role does
                session_worker(other, ChargingSettings(), StreamSettings()).run(stop)
        other.close()

    thread = Thread(target=work)
    thread.start()
    try:
        send(log, city, "charger-7", now)
        send(log, SIGNALS.name, "charger-8", now)
        until(log, {"charger-7", "charger-8"})
        before = len(log.positions(city, LATEST))
        add_partitions(kafka.bootstrap, city, before + 4)
        send(log, city, "charger-9", now)
        send(log, city, "charger-7", now + 200)  # where it was, in its order
        until(log, {"charger-7", "charger-8", "charger-9"})
        assert len(log.positions(city, LATEST)) == before + 4
    finally:
        stop.set()
        thread.join(60)
    places = {at.partition for at, end in log.positions(city, LATEST).items() if end}
    assert places == {7, 9}


def until(log: Log, chargers: set[str]) -> None:
    end = SYSTEM.monotonic() + PATIENCE_S
    while not closed(log) >= chargers:
        assert SYSTEM.monotonic() < end, closed(log)
        SYSTEM.sleep(0.5)
