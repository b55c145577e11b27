"""Which addresses of the network may be called: those that all the world reaches, or any.

    with only_outside(allow_inside=False):
        call(url)  # a connection inside the network raises InsideNetwork

The system's own event of each connection is looked at, whoever makes it in this thread: a library,
a redirect, a name that leads elsewhere since it was looked up. A name is resolved before that, so
nothing is connected to that was not looked at.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import local
from typing import Any

from energyguard.errors import Faulty, Unavailable

Address = IPv4Address | IPv6Address
_IPV4_AT_ITS_END = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""Mapped, translated by a gateway (NAT64), and of old."""
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_CONNECTS = frozenset({"socket.connect", "socket.sendto"})


class InsideNetwork(Faulty):
    """An address inside the network, where none may be called."""


class _Thread(local):
    is_guarded = False


_this_thread = _Thread()


def is_outside(address: Address) -> bool:
    """Whether all the world reaches it."""
    if isinstance(address, IPv6Address):
        if address.is_site_local or address in _LOCAL_NAT64:
            return False
        address = _translated(address) or address
    return address.is_global and not address.is_multicast


def _translated(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a network makes of one, if it does."""
    if any(address in network for network in _IPV4_AT_ITS_END):
        return IPv4Address(address.packed[-4:])
    return address.sixtofour


def addresses_of(host: str, port: int) -> list[Address]:
    """The addresses of a name, which the system looks up.

    Raises:
        Unavailable: the name is not known now.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{host} is not known: {error}") from error
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


@contextmanager
def only_outside(*, allow_inside: bool = False) -> Iterator[None]:
    """Let this thread connect to nothing inside the network while the block runs.

    Args:
        allow_inside: true: to all, after all.
    """
    _listen()
    before, _this_thread.is_guarded = _this_thread.is_guarded, not allow_inside
    try:
        yield
    finally:
        _this_thread.is_guarded = before


@cache
def _listen() -> None:
    """Hear of each connection of this process, from the first use on."""
    sys.addaudithook(_check)


def _check(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _CONNECTS or not _this_thread.is_guarded:
        return
    to = arguments[1]
    host = str(to[0]) if isinstance(to, tuple) and to else str(to)  # else a file's: UNIX
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        raise InsideNetwork(f"{host} is no address that was looked up") from None
    if not is_outside(address):
        raise InsideNetwork(f"it leads inside the network ({address})")
