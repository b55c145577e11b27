"""Whom to ask on Valkey, and how long.

A cluster's slots are learnt from any of its servers. While a fail-over lasts, what could not be
asked is asked again, until the patience ends: who asks must not mind that it is done twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from valkey import exceptions as theirs
from valkey.crc import key_slot

from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError, Unavailable
from energyguard.store.valkey.client import (
    AWAY,
    CONNECT_S,
    DENIED,
    PATIENCE_S,
    Address,
    confirmed,
    connect,
    lacks_file,
    our_error,
    parsed,
    passes,
    waits,
)
from energyguard.store.valkey.commands import Command
from energyguard.telemetry import logger

RETRY_S: Final = 0.05

_log = logger(__name__)


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
        parts = [parsed(part) for part in address.split(",")]
        self._seeds, self._login = [place for place, _ in parts], parts[0][1]
        self._cluster, self._patience_s, self._closed = cluster, patience_s, False
        self._clients: dict[Address, Any] = {}
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
            for part in await asyncio.gather(*self._requests(left, copies)):
                replies |= part
        return Replies([replies[n] for n in range(len(commands))], rounds < 2)

    async def close(self) -> None:
        """Let go of connections."""
        self._closed = True
        for client in self._clients.values():
            await client.aclose()

    def _requests(self, commands: Iterable[tuple[int, Command]], copies: int) -> list[Any]:
        """Each server's part of a round; a key whose slot nobody has is in none."""
        groups: dict[tuple[Address, bool], dict[int, Command]] = {}
        for n, command in commands:
            there = self._moving.pop(command.key, None)
            address = there or self._master(command.key)
            if address is not None:
                groups.setdefault((address, there is not None), {})[n] = command
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
        last = waits(copies, with_file=address not in self._without_file)
        for words in last:
            pipeline.execute_command(*words)
        try:
            replies_of = await pipeline.execute(raise_on_error=False)
        except DENIED as fault:
            raise our_error(fault, address) from fault
        except AWAY as fault:
            self._fault = str(fault)
            return {}
        replies = replies_of[: len(replies_of) - len(last)]
        pairs = zip(commands.items(), replies[1::2] if asking else replies, strict=True)
        done = {n: reply for (n, c), reply in pairs if not self._again(c, reply, address)}
        if done and last and not self._is_confirmed(replies_of[-1], copies, address):
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
            if code == "ASK":
                host, _, port = rest[1].rpartition(":")
                self._moving[command.key] = Address(host or address.host, int(port))
        elif not passes(reply):
            raise our_error(reply, address) from reply
        self._fault = str(reply)
        return True

    def _is_confirmed(self, replies_of: Any, copies: int, address: Address) -> bool:
        """Whether enough disks have it; false: to be asked again."""
        if not isinstance(replies_of, Exception):
            confirmed(replies_of, copies, address)
            return True
        if lacks_file(replies_of):
            self._note_without_file(address, copies)
        elif not passes(replies_of):
            raise our_error(replies_of, address) from replies_of
        return False

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
            self._clients[address] = connect(address, self._login, self._patience_s)
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
                if found := await self._slots(self._known[0]):
                    self._masters = {slot: of[0] for slots, of in found for slot in slots}
                    nodes = {*self._seeds, *(node for _, of in found for node in of)}
                    known = [node for node in self._known if node in nodes]
                    self._known = deque(dict.fromkeys([*known, *sorted(nodes)]))
                    break
            self._learnt_s = SYSTEM.monotonic()

    async def _slots(self, address: Address) -> list[tuple[range, list[Address]]]:
        """Who has which slots as one server sees it, masters first; nothing if it is away."""
        try:
            async with asyncio.timeout(CONNECT_S):
                found = await self._client(address).execute_command("CLUSTER SLOTS")
        except DENIED as fault:
            raise our_error(fault, address) from fault
        except AWAY as fault:
            self._fault = str(fault)
            return []
        except theirs.ResponseError as fault:
            raise our_error(fault, address) from fault
        return [
            (range(begin, end + 1), [Address(n[0].decode() or address.host, n[1]) for n in nodes])
            for begin, end, *nodes in found
        ]
