"""Shards for tests: in this process, or each in one of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from energyguard.clock import SYSTEM, Clock
from energyguard.store.node.shard import Shard, ShardSettings
from energyguard.store.ring.transport import PORTS_APART
from tests.forking import Forked

FIRST_PORT = 11_000
LAST_PORT = 22_000  # with those that nodes call, below what the system gives to clients


def free_nodes(number: int) -> list[str]:
    """Addresses whose port, and the one that nodes call, are free."""
    found: list[str] = []
    port = FIRST_PORT + os.getpid() * 37 % (LAST_PORT - FIRST_PORT)
    while len(found) < number:
        port = port + 1 if port < LAST_PORT else FIRST_PORT
        if is_free(port):
            found.append(f"http://127.0.0.1:{port}")
    return found


def is_free(port: int) -> bool:
    """Whether a node can have this port, and the one that nodes call."""
    return _listens(port) and _listens(port + PORTS_APART)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@asynccontextmanager
async def shards(
    folder: Path, nodes: list[str], clock: Clock = SYSTEM, max_cache_items: int = 100
) -> AsyncIterator[list[Shard]]:
    """Nodes in this process; their folders outlive them."""
    async with AsyncExitStack() as stack:
        found = []
        for node in nodes:
            own = folder / node.rpartition(":")[2]
            settings = ShardSettings(node, own, "secret", max_cache_items, fault_injection=True)
            found.append(Shard(settings, clock))
            await found[-1].start()
            stack.push_async_callback(found[-1].stop)
        yield found


class Process:
    """A command of EnergyGuard, which can be killed, held, and started again."""

    def __init__(self, folder: Path, *arguments: str, inside: Sequence[str] = ()) -> None:
        self._inside = inside
        self._arguments = ["-m", "energyguard", *arguments]
        self._arguments += ["--data-dir", str(folder)]
        if "--host" not in arguments:  # on loopback
            self._arguments.append("--no-auth")
        self._log = folder.with_suffix(".log")
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._log.write_bytes(b"")
        with self._log.open("ab") as log:
            if self._inside:
                words = [*self._inside, sys.executable, *self._arguments]
                self._process = subprocess.Popen(words, stdout=log, stderr=log)
            else:
                self._process = Forked(self._arguments, stdout=log, stderr=log)
        deadline = time.monotonic() + 120  # where many tests run beside it
        while b"ready: http" not in self._log.read_bytes():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    @property
    def log(self) -> str:
        """What it said since it was started."""
        return self._log.read_text()

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hold(self, seconds: float) -> None:
        """SIGSTOP, and on after a while."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(20)
        self._process = None
        return code


@contextmanager
def cluster(folder: Path, number: int = 3) -> Iterator[tuple[list[Process], list[str]]]:
    """Shards as processes."""
    nodes = free_nodes(number)
    found = [
        Process(folder / f"s{n}", "shard", "--port", node.rpartition(":")[2], "--fault-injection")
        for n, node in enumerate(nodes)
    ]
    try:
        for process in found:
            process.start()
        yield found, nodes
    finally:
        for process in found:
            process.kill()
