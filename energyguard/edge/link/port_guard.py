"""Ends connections that come to the cloud's port and show no certificate.

NNG gives a connection as long as it likes to begin TLS, and as many as come. Here each gets some
seconds, and so many may wait at once; the oldest go first. What NNG itself refused is counted in
its statistics, and logged.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from energyguard.clock import SYSTEM, Clock
from energyguard.edge.link.nng import refusals
from energyguard.telemetry import logger

HANDSHAKE_S = 10.0
MAX_HANDSHAKES = 64
LOOK_S = 0.2
DESCRIPTORS = Path("/proc/self/fd")

_log = logger(__name__)


class PortGuard:
    """Looks at the connections of a port of this process, in a thread of its own."""

    def __init__(self, port: int, welcome: Callable[[], set[str]], clock: Clock = SYSTEM) -> None:
        """Begin to look.

        Args:
            port: where this process listens.
            welcome: the addresses, ``HOST:PORT``, of those who have shown a certificate.
            clock: for how long the others have been there.
        """
        self._port, self._welcome, self._clock = port, welcome, clock
        self._since: dict[str, float] = {}
        self._refused = refusals()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="port-guard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            self.look()
            self._count()

    def look(self) -> None:
        """End what is over its time, and what is too many."""
        now = self._clock.monotonic()
        with _connections(self._port) as found:
            welcome = self._welcome()
            waiting = {peer: found[peer] for peer in found.keys() - welcome}
            self._since = {peer: self._since.get(peer, now) for peer in waiting}
            oldest = sorted(waiting, key=lambda peer: self._since[peer])
            too_many = oldest[: max(0, len(oldest) - MAX_HANDSHAKES)]
            late = [peer for peer in oldest if now - self._since[peer] > HANDSHAKE_S]
            for peer in {*too_many, *late}:
                with suppress(OSError):
                    waiting[peer].shutdown(socket.SHUT_RDWR)
            if too_many or late:
                _log.warning(
                    "connections without a certificate were ended",
                    late=len(late),
                    too_many=len(too_many),
                    one_of_them=(late or too_many)[0],
                )

    def _count(self) -> None:
        """Say what NNG refused: it does not say of whom."""
        before, self._refused = self._refused, refusals()
        new = {why: n - before[why] for why, n in self._refused.items() if n > before[why]}
        if new.pop("auth", 0):
            _log.warning("a connection was refused: no certificate of this cloud's authority")
        if new:
            _log.info("connections were ended by NNG", **new)


@contextmanager
def _connections(port: int) -> Iterator[dict[str, socket.socket]]:
    """The connections of a port of this process by the address of their peer."""
    found: dict[str, socket.socket] = {}
    try:
        for path in DESCRIPTORS.iterdir() if DESCRIPTORS.is_dir() else ():
            with suppress(OSError):
                if str(path.readlink()).startswith("socket:"):
                    _sort(socket.socket(fileno=os.dup(int(path.name))), port, found)
        yield found
    finally:
        for connection in found.values():
            connection.close()


def _sort(connection: socket.socket, port: int, found: dict[str, socket.socket]) -> None:
    """Keep a connection of the port, and let another go."""
    try:
        internet = connection.family in (socket.AF_INET, socket.AF_INET6)
        if internet and connection.getsockname()[1] == port:
            host, number = connection.getpeername()[:2]
            found[f"[{host}]:{number}" if ":" in host else f"{host}:{number}"] = connection
            return
    except OSError:  # the one that listens
        pass
    connection.close()
