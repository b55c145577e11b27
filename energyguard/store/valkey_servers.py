"""Whom to ask on Valkey, how long, and how many disks said that they have it.

A cluster's slots are learnt from any of its servers. While a fail-over lasts, what could not be
asked is asked again, until the patience ends: who asks must not mind that it is done twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any, Final, NamedTuple

from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError, DiskFull, EnergyGuardError, Unauthorized, Unavailable
from energyguard.telemetry import logger

try:
    from valkey import exceptions as theirs
    from valkey.asyncio import BlockingConnectionPool, Valkey
    from valkey.asyncio.connection import parse_url
    from valkey.crc import key_slot
except ImportError as error:
    raise ConfigError(
        "a store on Valkey needs the extra `valkey`: pip install 'energyguard[valkey]'"
    ) from error

PATIENCE_S: Final = 5.0
"""How long a server may be away before whoever asks is told."""
CONFIRM_S: Final = 3.0
"""How long disks may take to confirm; servers that sync once a second need up to two."""
ANSWER_S: Final = CONFIRM_S + 1.0
CONNECT_S: Final = 1.0
RETRY_S: Final = 0.05
CONNECTIONS: Final = 64
"""To each server."""

_SOON: Final = ("CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "UNBLOCKED", "NOREPLICAS", "BUSY")
_DENIED: Final = (theirs.AuthenticationError, theirs.NoPermissionError)
_AWAY: Final = (theirs.ConnectionError, theirs.TimeoutError, OSError)
_NO_FILE: Final = ("appendonly is disabled", "unknown command 'WAITAOF'")

_log = logger(__name__)


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Command(NamedTuple):
    """What to ask the server that has a key."""

    key: bytes
    words: tuple[bytes | str | int, ...]


class Replies(NamedTuple):
    """One reply per command."""

    of: list[Any]
    once: bool  # no command was sent twice


class Servers:
    """One server, or all of a cluster; for one event loop."""

    def __init__(self, address: str, *, cluster: bool, patience_s: float = PATIENCE_S) -> None:
        """Nothing is asked yet.

        Args:
            address: ``[user:password@]host:port``; of a cluster several, with commas between.
            cluster: they are servers of a cluster.
            patience_s: how long a server may be away.

        Raises:
            ConfigError: the address cannot be read.
        """
        parts = [_parsed(part) for part in address.split(",")]
        self._seeds = [Address(part["host"], part.get("port", 6379)) for part in parts]
        login = {name: parts[0].get(name) for name in ("username", "password")}
        self._login: dict[str, Any] = login | {"db": parts[0].get("db", 0)}
        self._cluster, self._patience_s, self._closed = cluster, patience_s, False
        self._clients: dict[Address, Valkey] = {}
        self._masters: dict[int, Address] = {}  # by slot
        self._known = deque(self._seeds)
        self._learning, self._learnt_s = asyncio.Lock(), 0.0
        self._moving: dict[bytes, Address] = {}  # keys that are on their way to another server
        self._without_file: set[Address] = set()
        self._fault = "no server answers"  # the last one
        self.place = ",".join(map(str, self._seeds))

    async def ask(self, commands: Sequence[Command], copies: int = 0) -> Replies:
        """Ask the master of each key, again while one is away.

        Args:
            commands: each may be done twice.
            copies: disks that have to confirm what the commands have written; 0: they only read.

        Raises:
            Unavailable: a server is away, or too few disks have confirmed.
            DiskFull: a server has no room left.
            Unauthorized: the server refuses the log-in.
            ConfigError: the server is part of a cluster, or is not, or keeps nothing on its disk.
        """
        if self._cluster and not self._masters:
            await self._learn()
        replies: dict[int, Any] = {}
        until, rounds = SYSTEM.monotonic() + self._patience_s, 0
        while len(replies) < len(commands):
            if rounds and SYSTEM.monotonic() > until:
                raise self._gave_up(copies)
            if rounds:
                await self._pause()
            rounds += 1
            left = [(n, c) for n, c in enumerate(commands) if n not in replies]
            for part in await asyncio.gather(*self._asked(left, copies)):
                replies |= part
        return Replies([replies[n] for n in range(len(commands))], rounds < 2)

    async def close(self) -> None:
        """Let go of connections."""
        self._closed = True
        for client in self._clients.values():
            await client.aclose()

    def _asked(self, commands: Iterable[tuple[int, Command]], copies: int) -> list[Any]:
        """Each server's part of a round; a key whose slot nobody has is in none."""
        groups: dict[tuple[Address, bool], dict[int, Command]] = {}
        for n, command in commands:
            there = self._moving.get(command.key)
            address = there or self._master(command.key)
            if address is not None:
                groups.setdefault((address, there is not None), {})[n] = command
        self._moving = {}
        return [self._part(*at, group, copies) for at, group in groups.items()]

    async def _part(
        self, address: Address, asking: bool, commands: dict[int, Command], copies: int
    ) -> dict[int, Any]:
        """One server's replies; commands that have none have to go again."""
        pipeline = self._client(address).pipeline(transaction=False)
        for command in commands.values():
            if asking:
                pipeline.execute_command("ASKING")
            pipeline.execute_command(*command.words)
        if copies:
            wait = ("WAIT",) if address in self._without_file else ("WAITAOF", 1)
            pipeline.execute_command(*wait, copies - 1, int(CONFIRM_S * 1000))
        try:
            said = await pipeline.execute(raise_on_error=False)
        except _DENIED as fault:
            raise _our_error(fault, address) from fault
        except _AWAY as fault:
            self._fault = str(fault)
            return {}
        confirmed = said.pop() if copies else None
        told = zip(commands.items(), said[1::2] if asking else said, strict=True)
        done = {n: reply for (n, c), reply in told if not self._again(c, reply, address)}
        if done and copies and not self._confirmed(confirmed, copies, address):
            return {}
        return done

    def _again(self, command: Command, reply: Any, address: Address) -> bool:
        """Whether a command has to be sent again, here or elsewhere."""
        if not isinstance(reply, Exception):
            return False
        code, *rest = str(reply).split(" ")
        if code in ("MOVED", "ASK"):
            if not self._cluster:
                raise ConfigError(f"{address} is part of a cluster: use valkey-cluster://")
            host, _, port = rest[1].rpartition(":")
            there = Address(host or address.host, int(port))
            if code == "ASK":
                self._moving[command.key] = there
            else:
                self._masters[int(rest[0])] = there
        elif not _passes(reply):
            raise _our_error(reply, address) from reply
        self._fault = str(reply)
        return True

    def _confirmed(self, said: Any, copies: int, address: Address) -> bool:
        """Whether enough disks have it; false: to be asked again."""
        if isinstance(said, Exception):
            if any(text in str(said) for text in _NO_FILE):
                self._note_without_file(address, copies)
            elif not _passes(said):
                raise _our_error(said, address) from said
            return False
        disks = 1 + said if isinstance(said, int) else sum(said)
        if disks < copies:
            raise Unavailable(
                f"{address}: {disks} of {copies} disks have confirmed within {CONFIRM_S:g} s; "
                "it may have been done: are its replicas up, and have all an append-only file?"
            )
        return True

    def _gave_up(self, copies: int) -> Unavailable:
        doubt = "; what was to be written may have been done" if copies else ""
        return Unavailable(
            f"{self.place}: no answer for {self._patience_s:g} s{doubt} ({self._fault})"
        )

    def _note_without_file(self, address: Address, copies: int) -> None:
        if copies == 1:
            raise ConfigError(
                f"{address} keeps nothing on its disk: set `appendonly yes` (Valkey 7.2 or later)"
            )
        self._without_file.add(address)
        _log.warning(
            "no append-only file: writes are in the memory of servers", server=str(address)
        )

    def _master(self, key: bytes) -> Address | None:
        return self._masters.get(key_slot(key)) if self._cluster else self._seeds[0]

    def _client(self, address: Address) -> Any:
        if self._closed:
            raise Unavailable(f"{self.place}: it is closed")
        if address not in self._clients:
            pool = BlockingConnectionPool(
                max_connections=CONNECTIONS,
                timeout=ceil(self._patience_s),
                socket_timeout=ANSWER_S,
                socket_connect_timeout=CONNECT_S,
                **address._asdict(),
                **self._login,
            )
            self._clients[address] = Valkey.from_pool(pool)
        return self._clients[address]

    async def _pause(self) -> None:
        await asyncio.sleep(RETRY_S)
        if self._cluster:
            await self._learn()

    async def _learn(self) -> None:
        """Who has which slots; another server is asked each time, for one may be wrong."""
        async with self._learning:
            if SYSTEM.monotonic() - self._learnt_s < RETRY_S:
                return
            for _ in range(len(self._known)):
                self._known.rotate(-1)
                if slots := await self._slots(self._known[0]):
                    self._masters = slots
                    masters = dict.fromkeys(slots.values())
                    self._known = deque(dict.fromkeys([*self._seeds, *self._known, *masters]))
                    break
            self._learnt_s = SYSTEM.monotonic()

    async def _slots(self, address: Address) -> dict[int, Address]:
        """What a server knows of its cluster; nothing if it does not answer."""
        try:
            async with asyncio.timeout(CONNECT_S):
                found = await self._client(address).execute_command("CLUSTER SLOTS")
        except _DENIED as fault:
            raise _our_error(fault, address) from fault
        except _AWAY:
            return {}
        except theirs.ResponseError as fault:
            if "cluster support disabled" in str(fault):
                raise ConfigError(f"{address} is no cluster: use valkey://") from fault
            raise _our_error(fault, address) from fault
        return {
            slot: Address(host.decode() or address.host, port)
            for begin, end, (host, port, *_), *_ in found
            for slot in range(begin, end + 1)
        }


def _parsed(address: str) -> dict[str, Any]:
    try:
        return {"host": "localhost", **parse_url(f"valkey://{address}")}
    except ValueError as fault:
        raise ConfigError(f"store: {address!r} is no host:port ({fault})") from fault


def _passes(error: Exception) -> bool:
    """Whether a server will be able to answer in a moment."""
    return isinstance(error, theirs.ReadOnlyError) or str(error).startswith(_SOON)


def _our_error(error: Exception, address: Address) -> EnergyGuardError:
    """An error of Valkey as one of our tree."""
    if isinstance(error, _DENIED):
        return Unauthorized(f"{address}: the server refuses the log-in ({error})")
    if isinstance(error, theirs.OutOfMemoryError) or str(error).startswith("MISCONF"):
        return DiskFull(f"{address}: no room ({error})")
    return Unavailable(f"{address}: Valkey does not answer as it should ({error})")
