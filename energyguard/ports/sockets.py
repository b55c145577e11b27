"""Listening sockets, and how many connections a process can have."""

from __future__ import annotations

import resource
import socket
from pathlib import Path
from typing import NamedTuple

from energyguard.errors import ConfigError
from energyguard.limits import ACCEPTED_AT_ONCE, FILES_KEPT_FREE, STUCK_S

QUEUE = 1_024
"""Connections that wait to be accepted."""
_MIN = 8


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
        listening.listen(QUEUE)
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


class Room(NamedTuple):
    """How many connections a process takes."""

    connections: int
    files: int
    """A connection whose number is as high leaves too few files for everything else."""


def room_for(connections: int) -> Room:
    """The room for so many connections, or for fewer: the process may open so many files."""
    kept = FILES_KEPT_FREE + 4 * ACCEPTED_AT_ONCE  # of those accepted, some are not closed yet
    needed = len(list(Path("/proc/self/fd").iterdir())) + kept
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Room(connections, 2**31)
    if soft < needed + connections:
        wanted = needed + connections
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return Room(max(_MIN, min(connections, soft - needed)), max(needed, soft - kept))
