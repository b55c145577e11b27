"""Connections that keep to their time: a head, a body, a pause, an answer that is not taken.

uvicorn's protocol over httptools, which says where a request's parts begin and end; a sweep each
second closes those who are over their time (``limits.py``). At the cap of connections the one goes
that has waited longest for its client, so that connections on which nobody speaks stop nothing.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from energyguard.limits import (
    BODY_BYTES_A_SECOND,
    BODY_S,
    HEAD_BYTES,
    HEAD_S,
    HEADERS,
    KEEP_ALIVE_S,
    PIPELINED,
    STUCK_S,
)
from energyguard.ports.sockets import Room
from energyguard.telemetry import METRICS, logger

SWEEP_S = 1.0
SLICE = 16_384
"""So much is parsed at once where a head may begin: what is in it is counted in between."""

_log = logger(__name__)


class Phase(Enum):
    """What a connection waits for."""

    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    IDLE = "idle"


class Connection(HttpToolsProtocol):
    """One client's connection."""

    def __init__(self, crowd: Crowd, **given: Any) -> None:
        super().__init__(**given)
        self._crowd = crowd
        self.phase, self.since, self.received = Phase.HEAD, self.loop.time(), 0
        self.is_socket = False
        self._unsent, self._unsent_since = 0, self.since

    @property
    def waits_for_client(self) -> bool:
        """Whether nothing is under way but the client's turn to begin a request."""
        answered = self.cycle is None or self.cycle.response_complete
        return not self.is_socket and answered and self.phase in (Phase.HEAD, Phase.IDLE)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there is room."""
        super().connection_made(transport)
        self._crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, in slices where heads may be in it."""
        if self.phase is Phase.BODY or len(data) <= SLICE:
            self._parse(data)
            return
        for start in range(0, len(data), SLICE):
            if self.transport.is_closing() or self.is_socket:
                return
            self._parse(data[start : start + SLICE])

    def _parse(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)
        if self.phase is Phase.HEAD and self.received > HEAD_BYTES and not self.is_socket:
            self.refuse(431, "Request Header Fields Too Large")
        elif len(self.pipeline) > PIPELINED:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """The first byte of a request is there."""
        self._enter(Phase.HEAD)
        self.received = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is whole.

        Raises:
            ValueError: there are too many headers: the parser answers 400, and closes.
        """
        if len(self.headers) > HEADERS:
            raise ValueError("too many headers")
        self._enter(Phase.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there."""
        super().on_message_complete()
        answered = self.cycle is not None and self.cycle.response_complete
        self._enter(Phase.IDLE if answered else Phase.ANSWER)

    def on_response_complete(self) -> None:
        """An answer is on its way."""
        super().on_response_complete()
        if self.phase is Phase.ANSWER and self.cycle.response_complete:
            self._enter(Phase.IDLE)

    def handle_websocket_upgrade(self) -> None:
        """From now on it is a websocket's, which has pings; the sweep still sees what is stuck."""
        self.is_socket = True
        super().handle_websocket_upgrade()

    def _enter(self, phase: Phase) -> None:
        self.phase, self.since, self.received = phase, self.loop.time(), 0

    def check(self, now: float) -> None:
        """Close if the client is over its time."""
        if self._is_stuck(now):
            METRICS["connections_closed"].labels("stuck").inc()
            self.transport.abort()
        elif not self.is_socket and not self.transport.is_closing():
            self._check_client(now)

    def _is_stuck(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent < self._unsent:
            self._unsent_since = now
        self._unsent = unsent
        return now - self._unsent_since > STUCK_S

    def _check_client(self, now: float) -> None:
        waited = now - self.since
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.phase is Phase.IDLE and waited > KEEP_ALIVE_S:
            self.transport.close()
        elif self.phase is Phase.HEAD and answering:
            self.since = now  # of a request behind one that is answered still
        elif self.phase is Phase.HEAD and waited > HEAD_S:
            if self.received:
                self.refuse(408, "Request Timeout")
            else:
                METRICS["connections_closed"].labels("silent").inc()
                self.transport.close()
        elif self.phase is Phase.BODY and self.flow.read_paused:
            self.since += SWEEP_S  # it is we who do not read
        elif self.phase is Phase.BODY and waited > BODY_S + self.received / BODY_BYTES_A_SECOND:
            self.refuse(408, "Request Timeout")

    def refuse(self, status: int, reason: str) -> None:
        """Answer in a line, where nothing was answered yet, and close."""
        METRICS["connections_closed"].labels(str(status)).inc()
        begun = self.cycle is not None and (
            self.cycle.response_started and not self.cycle.response_complete
        )
        if begun:
            self.transport.abort()
            return
        head = f"HTTP/1.1 {status} {reason}\r\n"
        head += f"content-type: text/plain\r\ncontent-length: {len(reason) + 1}\r\n"
        head += f"retry-after: 1\r\nconnection: close\r\n\r\n{reason}\n"
        self.transport.write(head.encode())
        self.transport.close()


class Crowd:
    """All connections of one listening socket."""

    def __init__(self, room: Room) -> None:
        """Begin without any; so many may be at once."""
        self._all: set[Connection] = set()
        self._room = room
        self._full_since: float | None = None

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, new: Connection) -> None:
        """Take a connection in; at the cap, another one that only waits goes for it."""
        self._all.add(new)
        number = new.transport.get_extra_info("socket").fileno()
        if len(self._all) <= self._room.connections and number < self._room.files:
            return
        if self._full_since is None:
            self._full_since = new.since
            _log.warning(
                "no room for more connections: those that say nothing go",
                connections=len(self._all),
            )
        waiting = (
            connection
            for connection in self._all
            if connection is not new and connection.waits_for_client
        )
        longest = min(waiting, key=lambda connection: connection.since, default=None)
        if longest is None:
            self.leave(new)
            new.refuse(503, "Service Unavailable")
        else:
            METRICS["connections_closed"].labels("crowded out").inc()
            self.leave(longest)
            longest.transport.abort()

    def leave(self, gone: Connection) -> None:
        """Forget a connection."""
        self._all.discard(gone)

    async def sweep(self) -> None:
        """Look at all connections each second, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            for connection in list(self._all):
                if connection.is_socket and connection.transport.is_closing():
                    self._forget_socket(connection, now)
                else:
                    connection.check(now)
            if len(self._all) < self._room.connections // 2:
                self._full_since = None

    def _forget_socket(self, connection: Connection, now: float) -> None:
        """A websocket's end is not reported here; what it has not sent yet is waited for."""
        if connection.transport.get_write_buffer_size():
            connection.check(now)
        else:
            self.leave(connection)
