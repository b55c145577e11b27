"""Listens, and serves an ASGI application until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import uvicorn
from starlette.types import ASGIApp

from energyguard.errors import ConfigError
from energyguard.limits import (
    ACCEPTED_AT_ONCE,
    CONNECTIONS,
    FILES_KEPT_FREE,
    KEEP_ALIVE_S,
    SOCKET_MESSAGE_BYTES,
    STUCK_S,
)
from energyguard.ports.connections import Connection, Crowd

DRAIN_S = 3
"""Open requests get this long to end when the server stops; live streams are cut then."""
_QUEUE = 1_024
_LEAST = 8


def listen(host: str, port: int, hint: str) -> socket.socket:
    """A listening socket, whose connections end when the network confirms nothing.

    Args:
        host: the address.
        port: the port; 0 takes a free one.
        hint: what to do when it is taken, for people.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio: no Nagle
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with_keep_alive(listening)
    try:
        listening.bind((host, port))
        listening.listen(_QUEUE)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"cannot listen on {host}:{port}: {reason}; {hint}") from error
    return listening


def with_keep_alive(connection: socket.socket) -> None:
    """Let the system end connections whose other end is gone; who accepts inherits it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(STUCK_S))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STUCK_S * 1000))


def connections_at_most(wanted: int) -> int:
    """How many connections the process can have: it may open so many files, and needs some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = len(list(Path("/proc/self/fd").iterdir())) + FILES_KEPT_FREE + ACCEPTED_AT_ONCE
    if soft != resource.RLIM_INFINITY and soft < needed + wanted:
        soft = needed + wanted if hard == resource.RLIM_INFINITY else min(hard, needed + wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(_LEAST, min(wanted, soft - needed))


async def serve(
    app: ASGIApp,
    listening: socket.socket,
    stop: threading.Event,
    ready: Callable[[], None],
    connections: int = CONNECTIONS,
    lifespan: Literal["on", "off"] = "on",
) -> None:
    """Answer on a socket until told to stop; say ``ready`` when the first request can come."""
    crowd = Crowd(connections_at_most(connections))
    protocol: Any = partial(Connection, crowd)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="websockets-sansio",
        ws_max_size=SOCKET_MESSAGE_BYTES,
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        server_header=False,
        backlog=ACCEPTED_AT_ONCE,
        timeout_keep_alive=int(KEEP_ALIVE_S),
        timeout_graceful_shutdown=DRAIN_S,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    sweeping = asyncio.create_task(crowd.sweep())
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        listening.listen(_QUEUE)  # accepted a few at a time, all the same
        ready()
    while not stop.is_set() and not serving.done():
        await asyncio.sleep(0.05)
    server.should_exit = True
    sweeping.cancel()
    await serving


class _Server(uvicorn.Server):
    """Leaves signals to the role's process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Background:
    """A server in a thread of its own, for processes that do something else."""

    def __init__(
        self, app: ASGIApp, listening: socket.socket, name: str, connections: int = CONNECTIONS
    ) -> None:
        """Serve from now on; returns when it answers."""
        self._stop, ready = threading.Event(), threading.Event()
        serving = partial(serve, app, listening, self._stop, ready.set, connections, "off")
        self._thread = threading.Thread(
            target=lambda: asyncio.run(serving()), name=name, daemon=True
        )
        self._listening = listening
        self._thread.start()
        while not ready.wait(0.05) and self._thread.is_alive():
            pass

    def close(self) -> None:
        """Stop listening, after what is under way."""
        self._stop.set()
        self._thread.join()
        self._listening.close()
