"""A real Mosquitto on loopback, which can be killed and started again with what it kept."""

from __future__ import annotations

import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.e2e.meters import free_port
from tests.waiting import until

NEEDED = "needs mosquitto (Debian: apt-get install mosquitto)"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason=NEEDED)


class Broker:
    """A broker with a folder of its own.

    Args:
        folder: what it keeps.
        more: lines of its configuration.
        port: where it listens; 0: any.
    """

    def __init__(self, folder: Path, more: Sequence[str] = (), port: int = 0) -> None:
        folder.mkdir(exist_ok=True)
        self.port = port or free_port()
        self._conf = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence true", "user root"]
        lines += [f"persistence_location {folder}/", "max_queued_messages 0"]
        lines += more or ["allow_anonymous true"]
        self._conf.write_text("\n".join(lines) + "\n")
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert MOSQUITTO is not None
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._listens)

    def stop(self) -> None:
        """End it as a machine does that shuts down: it keeps its sessions."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)

    def _listens(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def broker_in(folder: Path, more: Sequence[str] = ()) -> Iterator[Broker]:
    broker = Broker(folder, more)
    try:
        yield broker
    finally:
        broker.process.kill()
        broker.process.wait(10)


@contextmanager
def old_door(broker: Broker, answer: bytes) -> Iterator[int]:
    """A port of a broker that takes MQTT 3.1.1 alone: 5.0 gets ``answer``, and the line ends.

    What comes by 3.1.1 goes to the broker as it is, so all but the refusal is Mosquitto's.
    """

    def serve(line: socket.socket) -> None:
        with line, socket.create_connection(("127.0.0.1", broker.port)) as behind:
            first = line.recv(4_096)
            if first[8:9] == b"\x05":
                line.sendall(answer)
                return
            behind.sendall(first)
            poll, other = select.poll(), {line.fileno(): behind, behind.fileno(): line}
            ends = {line.fileno(): line, behind.fileno(): behind}
            for end in ends:
                poll.register(end, select.POLLIN)
            while True:
                for end, _ in poll.poll():
                    if not (piece := ends[end].recv(65_536)):
                        return
                    other[end].sendall(piece)

    def listen() -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            Thread(target=serve, args=(line,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=listen, daemon=True).start()
        try:
            yield door.getsockname()[1]
        finally:
            door.shutdown(socket.SHUT_RDWR)


@contextmanager
def sender_to(port: int) -> Iterator[Client]:
    """Somebody else's client.

    Its own loop goes by ``select``, which knows no file above 1,023; a long run of tests has more.
    """
    client, done = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5), Event()
    client.connect("127.0.0.1", port)
    serving = Thread(target=_serve, args=(client, done))
    serving.start()
    try:
        yield client
    finally:
        done.set()
        serving.join()
        client.disconnect()


def _serve(client: Client, done: Event) -> None:
    """Read and write for a client, and connect it again where its broker went away."""
    while not done.is_set():
        line = client.socket()
        if line is None:
            try:
                client.reconnect()
            except OSError:
                done.wait(0.1)
            continue
        poll = select.poll()
        poll.register(line, select.POLLIN | (select.POLLOUT if client.want_write() else 0))
        for _, event in poll.poll(20):
            if event & ~select.POLLOUT:
                client.loop_read()
            if event & select.POLLOUT:
                client.loop_write()
        client.loop_misc()


def send(port: int, messages: Sequence[tuple[str, bytes]], *, retain: bool = False) -> None:
    """Have a broker take messages, each at least once, in order."""
    with sender_to(port) as client:
        sent = [client.publish(topic, body, qos=1, retain=retain) for topic, body in messages]
        for one in sent:
            one.wait_for_publish(20)
