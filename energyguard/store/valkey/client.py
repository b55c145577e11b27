"""Connections, Valkey's errors as ours, and how disks are asked to confirm."""

from __future__ import annotations

from math import ceil
from typing import Any, Final, NamedTuple

from energyguard.errors import ConfigError, DiskFull, EnergyGuardError, Unauthorized, Unavailable

try:
    from valkey import exceptions as theirs
    from valkey.asyncio import BlockingConnectionPool, Valkey
    from valkey.asyncio.connection import parse_url
except ImportError as error:
    raise ConfigError(
        "a store on Valkey needs the extra `valkey`: pip install 'energyguard[valkey]'"
    ) from error

PATIENCE_S: Final = 5.0
"""How long a server may be away before whoever asks is told."""
CONFIRM_S: Final = 3.0
"""How long disks may take to confirm; servers that sync once a second need up to two."""
FIRST_MS: Final = 500
"""How long replicas may take to have rows in memory; if they take longer, disks confirm later."""
ANSWER_S: Final = CONFIRM_S + 1.0
CONNECT_S: Final = 1.0
CONNECTIONS: Final = 64
"""To each server."""

DENIED: Final = (theirs.AuthenticationError, theirs.NoPermissionError)
AWAY: Final = (theirs.ConnectionError, theirs.TimeoutError, OSError)
_SOON: Final = ("CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "UNBLOCKED", "NOREPLICAS", "BUSY")
_NO_FILE: Final = ("appendonly is disabled", "unknown command 'WAITAOF'")


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Login(NamedTuple):
    """Who asks, and which of the numbered databases of one server."""

    username: str | None = None
    password: str | None = None
    db: int = 0


def parsed(text: str) -> tuple[Address, Login]:
    """What ``[user:password@]host:port`` says.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        found = parse_url(f"valkey://{text}")
    except ValueError as fault:
        raise ConfigError(f"store: the address is no host:port ({fault})") from fault
    login = Login(found.get("username"), found.get("password"), found.get("db", 0))
    return Address(found.get("host", "localhost"), found.get("port", 6379)), login


def connect(address: Address, login: Login, patience_s: float) -> Any:
    """A client of one server, ``Valkey``; it connects when it is first used."""
    pool = BlockingConnectionPool(
        max_connections=CONNECTIONS,
        timeout=ceil(patience_s),
        socket_timeout=ANSWER_S,
        socket_connect_timeout=CONNECT_S,
        **address._asdict(),
        **login._asdict(),
    )
    return Valkey.from_pool(pool)


def waits(copies: int, *, with_file: bool) -> list[tuple[str | int, ...]]:
    """What to send after writes, so that the last reply says how many disks have them.

    A replica says once a second how far its disk is, or when it is asked: WAITAOF asks as soon as
    the rows are sent, too early for their sync. The second time it has done it.

    Args:
        copies: disks that have to confirm; 0: there was nothing to write.
        with_file: whether the server has an append-only file, as far as known.
    """
    patience_ms = int(CONFIRM_S * 1000)
    if not copies:
        return []
    if copies > 1 and not with_file:
        return [("WAIT", copies - 1, patience_ms)]
    first = [("WAIT", copies - 1, FIRST_MS)] if copies > 1 else []
    return [*first, ("WAITAOF", 1, copies - 1, patience_ms)]


def confirmed(reply: Any, copies: int, address: Address) -> None:
    """Take the last reply to ``waits``.

    Raises:
        Unavailable: too few disks have confirmed.
    """
    disks = 1 + reply if isinstance(reply, int) else sum(reply)
    if disks < copies:
        raise Unavailable(
            f"{address}: {disks} of {copies} disks have confirmed within {CONFIRM_S:g} s; "
            "it may have been done: are its replicas up, and have all an append-only file?"
        )


def lacks_file(error: Exception) -> bool:
    """Whether a server said that it has no append-only file, or is too old to wait for it."""
    return any(text in str(error) for text in _NO_FILE)


def passes(error: Exception) -> bool:
    """Whether a server will be able to answer in a moment."""
    return isinstance(error, theirs.ReadOnlyError) or str(error).startswith(_SOON)


def our_error(error: Exception, address: Address) -> EnergyGuardError:
    """An error of Valkey as one of our tree."""
    if isinstance(error, DENIED):
        return Unauthorized(f"{address}: the server refuses the log-in ({error})")
    if isinstance(error, theirs.OutOfMemoryError) or str(error).startswith("MISCONF"):
        return DiskFull(f"{address}: no room ({error})")
    if "cluster support disabled" in str(error):
        return ConfigError(f"{address} is no cluster: use valkey://")
    return Unavailable(f"{address}: Valkey does not answer as it should ({error})")
