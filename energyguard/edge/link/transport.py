"""Frames over NNG with TLS: an edge's line, and the port where the cloud has those of all edges.

Both ends use NNG's pattern *pair*, at the cloud in its form for many peers: a frame is sent when
there is one, in either direction, and any number may be under way (decision 0025 has what was
measured). NNG alone frames, encrypts and checks certificates; who a peer is says its certificate.

A line may lose frames (where a peer takes none, its newest are dropped), and is gone at any time;
the two ends know how to live with that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from energyguard.edge.link.identity import SCHEME, SERVER_NAME, Bundle, Identity
from energyguard.edge.link.nng import (
    address_of,
    close,
    common_name,
    dialler,
    frames_of,
    messages,
    pair,
    received,
)
from energyguard.edge.link.port_guard import PortGuard
from energyguard.errors import ConfigError
from energyguard.telemetry import logger

if TYPE_CHECKING:
    import pynng

CONNECT_S = 10.0
"""A connection that is not made within this time is given up."""
MAX_EDGES = 1024
"""Lines at once."""

_log = logger(__name__)


class Happened(StrEnum):
    """What happened on a line."""

    CONNECTED = "connected"
    FRAME = "frame"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class LineEvent:
    """What happened, on whose line; ``identity`` is the common name of the peer's certificate."""

    what: Happened
    peer: int
    identity: str = ""
    frame: bytes = b""


class EdgeLine:
    """An edge's line to its cloud: made when it is asked for, by a thread of its own."""

    def __init__(self, bundle: Bundle, cloud: str, max_frame: int) -> None:
        """Have no line yet.

        Args:
            bundle: who this edge is, and whom it trusts.
            cloud: the address of the cloud.
            max_frame: a longer frame of the cloud's is the end of a line, bytes.
        """
        self._bundle, self._cloud, self._max_frame = bundle, cloud, max_frame
        self._events: SimpleQueue[LineEvent] = SimpleQueue()
        self._dialled, self._ended, self._closing = Event(), Event(), False
        self.fault = ""
        """Why the last attempt made no line, for people; empty where it made one."""
        self._pipe: Any = None
        self._peer = 0
        # one socket for all lines: NNG may crash where sockets come and go
        self._socket = pair(bundle, max_frame, is_server=False)
        self._socket.reconnect_time_min = 3_600_000  # a line that is gone is made anew, here
        self._socket.add_post_pipe_connect_cb(self._came)
        self._socket.add_post_pipe_remove_cb(self._went)
        self._thread = Thread(target=self._run, name="line", daemon=True)
        self._thread.start()

    def dial(self) -> None:
        """Make a line. The next event is that it is there, or that it is lost: see ``fault``."""
        self._ended.clear()
        self._dialled.set()

    def wait(self, seconds: float) -> list[LineEvent]:
        """What has happened since, waiting for something up to ``seconds``."""
        events = _drained(self._events)
        if self._pipe is None and not events and seconds > 0:
            try:
                return [self._events.get(timeout=seconds), *_drained(self._events)]
            except Empty:
                return []
        for peer, message in received(self._socket, 0 if events else seconds):
            events += _drained(self._events)
            if self._pipe is not None and peer == self._pipe.id:
                events += (LineEvent(Happened.FRAME, self._peer, "", f) for f in frames_of(message))
        return events + _drained(self._events)

    def send(self, frames: Sequence[bytes]) -> bool:
        """Send frames; false where some were dropped: there is no line, or it takes no more now."""
        import pynng

        try:
            for message in messages(frames):
                if self._pipe is None:
                    return False
                self._socket.send(message, block=False)
        except pynng.NNGException:
            return False
        return True

    def drop(self) -> None:
        """End the line that there is; the next event is that it is lost."""
        self._ended.set()

    def close(self) -> None:
        """End for good."""
        self._closing = True
        self._ended.set()
        self._dialled.set()
        self._thread.join(CONNECT_S + 1)

    def _came(self, pipe: Any) -> None:
        self._pipe = pipe

    def _went(self, pipe: Any) -> None:
        if self._pipe is pipe:
            self._ended.set()

    def _run(self) -> None:
        import pynng

        while True:
            self._dialled.wait()
            self._dialled.clear()
            if self._closing:
                self._socket.close()
                return
            self._peer += 1
            try:
                with dialler(self._socket, self._cloud, CONNECT_S):
                    self.fault = ""
                    self._events.put(LineEvent(Happened.CONNECTED, self._peer, SERVER_NAME))
                    self._ended.wait()
            except pynng.NNGException as error:
                self.fault = self._sentence(error)
            close(self._pipe)
            self._pipe = None
            self._events.put(LineEvent(Happened.LOST, self._peer))

    def _sentence(self, error: pynng.NNGException) -> str:
        """What keeps us from the cloud, and what to do."""
        import pynng

        if isinstance(error, pynng.CryptoError | pynng.AuthenticationError):
            return (
                f"{self._cloud}: no TLS: either it does not know the certificate of this edge, or "
                "it is not the cloud that enrolled it; `energyguard edge enroll "
                f"{self._bundle.edge}` there makes a new bundle"
            )
        if isinstance(error, pynng.Closed | pynng.Canceled | pynng.Timeout):
            return f"{self._cloud}: no answer within {CONNECT_S:.0f} s"
        if isinstance(error, pynng.AddressInvalid):
            return f"{self._cloud}: there is no such host"
        return f"{self._cloud}: {str(error).lower()}"


class CloudPort:
    """Where edges connect. Nobody gets a byte of an answer before showing a certificate."""

    def __init__(
        self, listen: str, identity: Identity, max_frame: int, max_edges: int = MAX_EDGES
    ) -> None:
        """Listen.

        Args:
            listen: ``HOST:PORT``.
            identity: the cloud's.
            max_frame: a longer frame is the end of its line, bytes.
            max_edges: lines at once.

        Raises:
            ConfigError: nothing can listen there.
        """
        import pynng

        self._events: SimpleQueue[LineEvent] = SimpleQueue()
        self._pipes: dict[int, Any] = {}
        self._names: dict[int, str] = {}
        self._addresses: dict[int, str] = {}
        self._lines: set[int] = set()  # those that `wait` has told of
        self._max_edges = max_edges
        self._socket = pair(identity, max_frame, is_server=True)
        self._socket.add_pre_pipe_connect_cb(self._came)
        self._socket.add_post_pipe_remove_cb(self._went)
        try:
            self._socket.listen(SCHEME + listen)
        except pynng.NNGException as error:
            self._socket.close()
            raise ConfigError(f"cloud.listen: {listen!r}: {str(error).lower()}") from error
        self._guard = PortGuard(int(listen.rpartition(":")[2]), self._welcome)

    def wait(self, seconds: float) -> list[LineEvent]:
        """What has happened since, waiting for something up to ``seconds``.

        Of each line the first is that it is there, the last that it is lost.
        """
        events = self._happened()
        for peer, message in received(self._socket, 0 if events else seconds):
            events += self._happened()
            if peer in self._lines:
                name = self._names.get(peer, "")
                events += (LineEvent(Happened.FRAME, peer, name, f) for f in frames_of(message))
        return events + self._happened()

    def send(self, peer: int, frames: Sequence[bytes]) -> bool:
        """Send frames to an edge; false where some were dropped."""
        import pynng

        pipe = self._pipes.get(peer)
        try:
            for message in messages(frames):
                if pipe is None:
                    return False
                self._socket.send_msg(pynng.Message(message, pipe), block=False)
        except pynng.NNGException:
            return False
        return True

    def drop(self, peer: int) -> None:
        """End a line."""
        close(self._pipes.get(peer))

    def close(self) -> None:
        """End all lines, and listen no more."""
        self._guard.close()
        self._socket.close()

    def _happened(self) -> list[LineEvent]:
        events = _drained(self._events)
        for event in events:
            (self._lines.add if event.what is Happened.CONNECTED else self._lines.discard)(
                event.peer
            )
        return events

    def _came(self, pipe: Any) -> None:
        """A line whose certificate was found good; NNG takes nothing of it before this returns."""
        name, address = common_name(pipe), address_of(pipe)
        if not address:  # it has gone meanwhile
            close(pipe)
            return
        if not name or len(self._pipes) >= self._max_edges:
            why = f"{self._max_edges} are connected" if name else "no common name"
            _log.warning("a line was refused", edge=name, peer=address, reason=why)
            close(pipe)
            return
        for peer, other in [*self._names.items()]:
            if other == name:  # it came back before we knew that it was gone
                close(self._pipes.get(peer))
        self._pipes[pipe.id], self._names[pipe.id] = pipe, name
        self._addresses[pipe.id] = address  # of a line that is gone NNG does not know it
        self._events.put(LineEvent(Happened.CONNECTED, pipe.id, name))

    def _went(self, pipe: Any) -> None:
        if self._pipes.pop(pipe.id, None) is not None:
            self._addresses.pop(pipe.id, None)
            self._events.put(LineEvent(Happened.LOST, pipe.id, self._names.pop(pipe.id, "")))

    def _welcome(self) -> set[str]:
        """Where those are who have shown a certificate."""
        return {*self._addresses.copy().values()}


def _drained(events: SimpleQueue[LineEvent]) -> list[LineEvent]:
    found = []
    while True:
        try:
            found.append(events.get_nowait())
        except Empty:
            return found
