"""How fast messages go from a sender through a real Mosquitto into the log on disk.

    python -m benchmarks.mqtt_broker --messages 200000

Three processes: a sender of prebuilt packets (QoS 1), Mosquitto as it is installed but with a queue
without a limit, and the role ``mqtt`` as people run it, with a session that is kept. *live*: from
the sender's first byte until the log has the last message. *backlog*: the role comes back to all of
them waiting at the broker; from its connection on. After either the broker must have nothing more
for us: all was acknowledged. A line has the rate by the clock, and the processor's time of each
process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from threading import Event
from typing import Final

from benchmarks.mqtt import publish_packet, shelly, tasmota
from energyguard.clock import SYSTEM
from energyguard.codecs.records import read_records
from energyguard.log import EARLIEST, Log, open_log
from energyguard.model.topics import METER_READINGS
from energyguard.mqtt import packets
from energyguard.mqtt.packets import OLD_VERSION, Session, Will
from energyguard.mqtt.subscriber import Subscriber
from energyguard.settings.layers import load
from energyguard.settings.tree import Settings
from tests.e2e.processes import Role, roles
from tests.mqtt.brokers import Broker, broker_in
from tests.waiting import until

READINGS: Final = {tasmota: 4, shelly: 2}
"""Of a message."""
UNANSWERED: Final = 2_000
"""So many messages the sender has on their way to the broker."""
SETTLED_S: Final = 0.3
"""For so long nothing comes: all has come."""
_PIECE: Final = 2**16
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
Make = Callable[[int], tuple[str, bytes]]


def sent_packets(make: Make, count: int) -> list[bytes]:
    """PUBLISH packets of 3.1.1, as devices send them; in parts of ``UNANSWERED`` // 4."""
    found = [publish_packet(number, *make(number)) for number in range(count)]
    size = UNANSWERED // 4
    return [b"".join(found[at : at + size]) for at in range(0, count, size)]


def publish(port: int, parts: list[bytes], count: int, spent: SimpleQueue[float]) -> None:
    """Have the broker take all of it; puts the processor's time that it cost, s."""
    began_s, size = time.process_time(), UNANSWERED // 4
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session, will = Session("sender", 0), Will("sender", b"gone")
        line.sendall(packets.connect(session, "", None, 60, will, OLD_VERSION))
        line.recv(4)
        answered = 0  # bytes: an acknowledgement is four
        for number, part in enumerate(parts, 1):
            line.sendall(part)
            while answered // 4 < number * size - UNANSWERED:
                answered += len(line.recv(_PIECE))
        while answered < 4 * count:
            answered += len(line.recv(_PIECE))
        line.sendall(packets.GOODBYE)
    spent.put(time.process_time() - began_s)


class LogCount:
    """Counts the readings that a log has, those that it has not counted yet.

    Args:
        log: which.
    """

    def __init__(self, log: Log) -> None:
        self._log, self.readings = log, 0
        self._at = dict(log.positions(METER_READINGS.name, EARLIEST))

    def count(self) -> int:
        """How many there are by now."""
        for at in self._at:
            while fetched := self._log.read({at: self._at[at]}, 1_000, wait=0.0):
                for part in fetched:
                    self.readings += read_records(part.values).readings.num_rows
                    self._at[at] = part.next_offset
        return self.readings


def processor_s(pid: int) -> float:
    """What a process has used of the processor, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run took, s; ``sender_s`` is 0 where nothing was sent meanwhile."""

    wall_s: float
    sender_s: float
    broker_s: float
    role_s: float

    def line(self, what: str, count: int) -> str:
        """It as people read it."""
        spent = (("sender", self.sender_s), ("Mosquitto", self.broker_s), ("ours", self.role_s))
        each = ", ".join(f"{name} {1e6 * s / count:.1f}" for name, s in spent if s)
        return (
            f"{what:16} {count / self.wall_s / 1e3:6.1f} k messages/s by the clock, "
            f"{count / self.role_s / 1e3:6.1f} k/s of our processor; us of a processor each: {each}"
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """A broker and a data folder, and what is sent."""

    broker: Broker
    settings: Settings
    count: int
    readings: int
    parts: list[bytes]

    def live(self) -> Measured:
        """Messages go through while they are sent."""
        with self._role() as (role,), self._log() as log:
            until(lambda: "connected" in role.said())
            time.sleep(SETTLED_S)
            return self._measured(role, log, sends=True)

    def backlog(self) -> Measured:
        """Messages wait at the broker, and then somebody comes."""
        with self._log() as log:
            with closing(Subscriber(log, self.settings, Event())) as subscriber:
                until(lambda: subscriber.step(SETTLED_S) == 0)
            self._sending().get()
            with self._role() as (role,):
                until(lambda: "connected" in role.said())
                return self._measured(role, log, sends=False)

    def _role(self) -> AbstractContextManager[list[Role]]:
        more = f"mqtt.url={self.settings.mqtt.url}", "mqtt.zone=UTC"
        return roles(self.settings.data_dir, "mqtt", more=more)

    def _log(self) -> AbstractContextManager[Log]:
        return closing(open_log(self.settings.log_url, SYSTEM))

    def _sending(self) -> SimpleQueue[float]:
        """A sender that has begun; what it cost, when it has done."""
        context = multiprocessing.get_context("fork")
        spent: SimpleQueue[float] = context.SimpleQueue()
        given = self.broker.port, self.parts, self.count, spent
        context.Process(target=publish, args=given, daemon=True).start()
        return spent

    def _measured(self, role: Role, log: Log, *, sends: bool) -> Measured:
        """What it takes until the log has all, and the broker nothing more for us."""
        counted, pids = LogCount(log), (self.broker.process.pid, role.process.pid)
        before = [processor_s(pid) for pid in pids]
        began_s = time.perf_counter()
        spent = self._sending() if sends else None
        while counted.count() < self.count * self.readings:
            assert role.process.poll() is None, role.said()
            time.sleep(0.02)
        wall_s = time.perf_counter() - began_s
        broker_s, role_s = (processor_s(pid) - s for pid, s in zip(pids, before, strict=True))
        role.stop()
        with closing(Subscriber(log, self.settings, Event())) as again:
            assert not any(again.step(SETTLED_S) for _ in range(3)), "it is not acknowledged"
        return Measured(wall_s, spent.get() if spent else 0.0, broker_s, role_s)


def main(count: int, runs: int) -> None:
    """Prints a line per dialect, way and run."""
    for make, readings in READINGS.items():
        parts = sent_packets(make, count)
        for way in (Bench.live, Bench.backlog) * runs:
            with (
                tempfile.TemporaryDirectory() as name,
                broker_in(Path(name) / "broker") as broker,
            ):
                data = Path(name) / "data"
                data.mkdir()
                settings = load((f"data_dir={data}", f"mqtt.url={broker.url}")).settings
                bench = Bench(broker, settings, count, readings, parts)
                print(way(bench).line(f"{make.__name__} {way.__name__}", count), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    main(given.messages, given.runs)
