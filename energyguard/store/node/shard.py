"""A node as a process: its state machine, its disk, its links to the others."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import EnergyGuardError
from energyguard.store.coordinator import clearing
from energyguard.store.local import LocalStore
from energyguard.store.node.cache import CachedStorage
from energyguard.store.node.member import Member
from energyguard.store.ring.effects import Effect, Save, Send
from energyguard.store.ring.messages import Accepted, Failed, Message, NodeState, Pause
from energyguard.store.ring.transport import Links, peer_address
from energyguard.store.row import Row
from energyguard.telemetry import logger

TICK_S = 0.02
MAX_CACHE_ITEMS = 20_000
LIVES_APART = 1 << 40  # between the first request ids of two lives of a node
CLOSED = None

_log = logger(__name__)
_encode_state = msgspec.msgpack.Encoder().encode
_decode_state = msgspec.msgpack.Decoder(NodeState).decode


class ShardSettings(NamedTuple):
    """How a node runs."""

    node: str  # its HTTP address, which is its name
    folder: Path
    secret: str = ""  # that all nodes and coordinators of a cluster share
    max_cache_items: int = MAX_CACHE_ITEMS
    fault_injection: bool = False  # whether it may be paused from outside


class Shard:
    """A node of the cluster; for one event loop."""

    def __init__(self, settings: ShardSettings, clock: Clock = SYSTEM) -> None:
        """Open the node's file.

        Raises:
            ConfigError: its address is none.
            Unavailable: the file cannot be opened.
        """
        self.settings, self._clock = settings, clock
        self._address = peer_address(settings.node)
        self.path = settings.folder / "rows.sqlite"
        self.storage = CachedStorage(self.path, clock, settings.max_cache_items)
        self.links = Links(settings.node, self._receive, settings.secret)
        self.member = Member(settings.node, self.storage, *self._memory())
        self.paused = False
        self._saves: queue.SimpleQueue[Save | None] = queue.SimpleQueue()
        self._changed: dict[Row, int] = {}  # what was expired, and when; of the writer's thread
        self._keeping: set[tuple[str, int]] = set()  # who asked for what is being written
        self._writer = threading.Thread(target=self._write, name="shard-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking: asyncio.Task[None] | None = None

    def _memory(self) -> tuple[NodeState | None, int]:
        state, lives = self.storage.remembered("state"), self.storage.remembered("lives")
        life = int.from_bytes(lives or b"", "big") + 1
        self.storage.remember("lives", life.to_bytes(8, "big"))
        return _decode_state(state) if state else None, life * LIVES_APART

    async def start(self) -> None:
        """Listen to others, and begin to repair.

        Raises:
            OSError: the port is taken.
        """
        self._loop = asyncio.get_running_loop()
        await self.links.listen(*self._address)
        self._writer.start()
        self._ticking = self._loop.create_task(self._tick())

    async def stop(self) -> None:
        """Write what has come, and let go."""
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
        await self.links.close()
        if self._writer.is_alive():
            self._saves.put(CLOSED)
            await asyncio.to_thread(self._writer.join)
        self.storage.close()

    def stats(self) -> dict[str, object]:
        """What an operator asks a node: system A's fields, and the cache's counters."""
        cache = self.storage
        return {
            "db_path": str(self.path),
            "keys_in_db": sum(found.rows for found in cache.slots().values()),
            "cache_enabled": cache.max_items > 0,
            "cache_items": cache.items,
            "max_cache_items": cache.max_items,
            "hits": cache.hits,
            "misses": cache.misses,
        }

    def _receive(self, sender: str, message: Message) -> None:
        if isinstance(message, Pause):
            self.links.send(sender, self._pause(message))
        elif not self.paused:
            try:
                self._do(self.member.receive(self._now_ms(), sender, message))
            except EnergyGuardError as error:
                self.links.send(sender, Failed(message.id, str(error)))

    def _now_ms(self) -> int:
        return int(SYSTEM.monotonic() * 1000)

    def _pause(self, request: Pause) -> Message:
        if not self.settings.fault_injection:
            return Failed(request.id, f"{self.settings.node}: fault injection is off here")
        self.paused = request.paused
        return Accepted(request.id)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if not self.paused:
                try:
                    self._do(self.member.tick(self._now_ms()))
                except EnergyGuardError as error:
                    _log.error("repair waits", error=str(error))

    def _do(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.links.send(effect.to, effect.message)
            elif isinstance(effect, Save) and self._is_new(effect):
                self._saves.put(effect)

    def _is_new(self, save: Save) -> bool:
        """Whether it is not on its way to the disk already: whoever has waited long asks again."""
        if save.then is None:
            return True
        save_id = save.then.to, save.then.message.id
        is_new = save_id not in self._keeping
        self._keeping.add(save_id)
        return is_new

    def _write(self) -> None:
        """The writer's thread: what waits shares a transaction, in the order in which it came."""
        assert self._loop is not None
        closed = False
        while not closed:
            saves = [self._saves.get()]
            with suppress(queue.Empty):
                while True:
                    saves.append(self._saves.get_nowait())
            closed = CLOSED in saves
            found = [save for save in saves if save is not None]
            for alone, group in groupby(found, key=_stands_alone):
                together = list(group)
                for some in [[save] for save in together] if alone else [together]:
                    done, error = self._save(some)
                    with suppress(RuntimeError):  # the loop has ended
                        self._loop.call_soon_threadsafe(self._saved, done, error)

    def _save(self, saves: Sequence[Save]) -> tuple[Sequence[Save], EnergyGuardError | None]:
        """Write what may share a transaction, or what stands alone."""
        try:
            if rows := [row for save in saves for row in save.rows]:
                self.storage.put(rows)
            for save in saves:
                if save.expire:
                    saves = [save._replace(changed=self._expire(save.expire))]
                if save.forget:
                    self.storage.forget(save.forget)
                if save.state is not None:
                    self.storage.remember("state", _encode_state(save.state), save.drop)
        except EnergyGuardError as error:
            _log.error("could not be written", error=str(error))
            return saves, error
        return saves, None

    def _expire(self, rows: Sequence[Row]) -> int:
        """In how many places something was changed, now or within the wait between two rounds.

        The reply that said so may be lost, or have gone to another coordinator: nobody may take
        from the next one that nothing is on its way any more.
        """
        now_ms, changed = self._now_ms(), self.storage.expire(rows)
        since_ms = now_ms - clearing.WAIT_MS
        self._changed = {row: ms for row, ms in self._changed.items() if ms > since_ms}
        if changed:
            self._changed |= dict.fromkeys(rows, now_ms)
        return sum(row in self._changed for row in rows)

    def _saved(self, saves: Sequence[Save], error: EnergyGuardError | None) -> None:
        for save in saves:
            if save.then is not None:
                self._keeping.discard((save.then.to, save.then.message.id))
            if error is not None:
                if save.then is not None:
                    refusal = Failed(save.then.message.id, str(error))
                    self.links.send(save.then.to, refusal)
                continue
            self.storage.written([*save.rows, *save.expire, *save.forget])
            if save.drop:
                self.storage.clear()
            if not self.paused:
                self._do(self.member.saved(self._now_ms(), save))


def _stands_alone(save: Save) -> bool:
    return bool(save.expire or save.forget) or save.state is not None


class OwnStore(LocalStore):
    """A ``Store`` on one node's own rows; what is written here reaches the other owners by repair.

    Its shard opens and closes the file.
    """

    def __init__(self, shard: Shard, clock: Clock = SYSTEM) -> None:
        self._begin(shard.storage, clock)
        self._cache = shard.storage

    async def close(self) -> None:
        """Nothing to let go of."""

    def _put(self, rows: Sequence[Row]) -> None:
        self._storage.put(rows)  # what is over, all owners have to know

    def _written(self, rows: Sequence[Row]) -> None:
        self._cache.written(rows)
