"""NNG as the two ends of a line need it: its sockets, frames, and the certificates of peers.

All frames for a peer that are there at once go as one message of NNG, each behind its length (four
bytes, big-endian): of a socket for many peers NNG holds but two messages for each, and drops more.
The binding is loaded by the first socket.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Timer
from typing import Any

from energyguard.deferred import deferred
from energyguard.edge.link.identity import SERVER_NAME, Identity

MESSAGES_AT_ONCE = 64
WAITING_MESSAGES = 128
"""Messages that NNG holds for one end, in either direction."""
MESSAGE_BYTES = 2**20
"""Frames are put together up to about this length."""
_LENGTH = 4
_RECENT: deque[Any] = deque(maxlen=64)
"""Sockets, and what they were made with: NNG's threads call back for a while after they closed."""
REFUSED = ("auth", "timeout", "proto", "other", "rcv_max")
"""Statistics of a listener: connections that it ended, and why."""


def pair(identity: Identity, max_frame: int, *, is_server: bool) -> Any:
    """A socket of the pattern *pair*, which speaks to nobody without a certificate."""
    with deferred("asyncio"):  # 10 MB, for its asynchronous methods alone
        from pynng import Pair1, TLSConfig

    config = _lasting(TLSConfig)(
        TLSConfig.MODE_SERVER if is_server else TLSConfig.MODE_CLIENT,
        server_name=None if is_server else SERVER_NAME,
        ca_string=identity.ca,
        own_cert_string=identity.certificate,
        own_key_string=identity.key,
        auth_mode=TLSConfig.AUTH_MODE_REQUIRED,
    )
    socket = Pair1(
        polyamorous=is_server,
        tls_config=config,
        recv_max_size=max_frame + MESSAGE_BYTES,
        recv_buffer_size=WAITING_MESSAGES,
        send_buffer_size=WAITING_MESSAGES,
    )
    _RECENT.append((socket, config))
    socket.tcp_keepalive = True
    return socket


@cache
def _lasting(kind: Any) -> Any:
    """A configuration that may outlive the binding: at the end of a process that is gone first."""

    class Lasting(kind):  # type: ignore[misc]
        def __del__(self) -> None:
            try:  # noqa: SIM105  (what a module names is gone by then)
                super().__del__()
            except AttributeError:
                pass

    return Lasting


@contextmanager
def dialler(socket: Any, address: str, seconds: float) -> Iterator[None]:
    """A line from a socket to an address, which is let go when the block ends.

    Raises:
        pynng.NNGException: there is none, or none within ``seconds``.
    """
    from pynng import check_err, ffi, lib

    made = ffi.new("nng_dialer *")
    check_err(lib.nng_dialer_create(made, socket.socket, address.encode()))
    watchdog = Timer(seconds, lib.nng_dialer_close, (made[0],))
    watchdog.daemon = True
    watchdog.start()
    try:
        try:
            check_err(lib.nng_dialer_start(made[0], 0))
        finally:
            watchdog.cancel()
            watchdog.join()  # two that close it at once would be one too many
        yield
    finally:
        lib.nng_dialer_close(made[0])


def messages(frames: Sequence[bytes]) -> Iterator[bytes]:
    """Frames as messages of NNG, in order."""
    parts: list[bytes] = []
    size = 0
    for frame in frames:
        if parts and size + len(frame) > MESSAGE_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
        parts += len(frame).to_bytes(_LENGTH, "big"), frame
        size += len(frame)
    if parts:
        yield b"".join(parts)


def frames_of(message: bytes) -> list[bytes]:
    """The frames of a message of NNG; one that has none is a frame itself, and will be refused."""
    frames, at = [], 0
    while at < len(message):
        end = at + _LENGTH + int.from_bytes(message[at : at + _LENGTH], "big")
        if end > len(message) or end < at + _LENGTH:
            return [message]
        frames.append(message[at + _LENGTH : end])
        at = end
    return frames


def received(socket: Any, seconds: float) -> Iterator[tuple[int, bytes]]:
    """Messages that are there, each with its peer, waiting for the first up to ``seconds``.

    The system waits, not NNG: its own wait was once seen not to end.
    """
    import pynng

    try:
        if seconds > 0:
            ready = select.poll()
            ready.register(socket.recv_fd, select.POLLIN)
            ready.poll(max(1, int(seconds * 1000)))
        for _ in range(MESSAGES_AT_ONCE):
            message = socket.recv_msg(block=False)
            yield (message.pipe.id if message.pipe is not None else 0), message.bytes
    except pynng.NNGException:  # nothing there, or the socket was closed meanwhile
        return


def common_name(pipe: Any) -> str:
    """The common name of a peer's certificate, which NNG has checked; empty where it has none."""
    import pynng

    try:
        return str(pynng.options._getopt_string(pipe, "tls-peer-cn"))
    except (pynng.NNGException, RuntimeError, UnicodeDecodeError):
        return ""


def address_of(pipe: Any) -> str:
    """Where a peer is; empty where its line is gone."""
    import pynng

    try:
        return str(pipe.remote_address)
    except pynng.NNGException:
        return ""


def close(pipe: Any) -> None:
    """End a line; nothing happens where there is none any more."""
    import pynng

    if pipe is not None:
        try:
            pipe.close()
        except pynng.NNGException:  # it is gone
            return


def refusals() -> dict[str, int]:
    """How many connections the listeners of this process have refused, by why."""
    from pynng import ffi, lib

    counted = dict.fromkeys(REFUSED, 0)
    found = ffi.new("nng_stat **")
    if lib.nng_stats_get(found):
        return counted
    try:
        scope = lib.nng_stat_child(found[0])
        while scope != ffi.NULL:
            if ffi.string(lib.nng_stat_name(scope)) == b"listener":
                row = lib.nng_stat_child(scope)
                while row != ffi.NULL:
                    name = ffi.string(lib.nng_stat_name(row)).decode()
                    if name in counted:
                        counted[name] += int(lib.nng_stat_value(row))
                    row = lib.nng_stat_next(row)
            scope = lib.nng_stat_next(scope)
    finally:
        lib.nng_stats_free(found[0])
    return counted
