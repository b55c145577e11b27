"""Serves an ASGI application on a listening socket, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import uvicorn
from starlette.types import ASGIApp

from energyguard.limits import ACCEPTED_AT_ONCE, CONNECTIONS, KEEP_ALIVE_S, SOCKET_MESSAGE_BYTES
from energyguard.ports.connections import Connection, Crowd
from energyguard.ports.sockets import QUEUE, room_for

DRAIN_S = 3
"""Open requests get this long to end when the server stops; live streams are cut then."""


async def serve(
    app: ASGIApp,
    listening: socket.socket,
    stop: threading.Event,
    ready: Callable[[], None],
    connections: int = CONNECTIONS,
    lifespan: Literal["on", "off"] = "on",
) -> None:
    """Answer on a socket until told to stop; say ``ready`` when the first request can come."""
    crowd = Crowd(room_for(connections))
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
        listening.listen(QUEUE)  # accepted a few at a time, all the same
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
