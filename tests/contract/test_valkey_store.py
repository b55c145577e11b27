"""The contract of every store on real Valkey servers, and what happens when some of them die."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import count
from typing import TypeVar

import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.errors import ConfigError, DiskFull, Unauthorized, Unavailable
from energyguard.store import Key, Row, Store, open_store
from tests.contract.test_store import NOON, Opened, StoreContract, everything, fact, own
from tests.store.valkeys import Cluster, Server, is_master, is_whole, wait_for

pytest.importorskip("valkey", reason="the extra `valkey` is not installed")

from energyguard.store.valkey import ValkeyStore
from energyguard.store.valkey.commands import Command, add_names, keep_newest, rows_of
from energyguard.store.valkey.servers import Replies, Servers
from energyguard.store.version import Version


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server for the whole run."""
    server = Server(tmp_path_factory.mktemp("valkey"))
    yield server
    server.kill()


@pytest.fixture
def server(valkey_server: Server) -> Server:
    """The real server, empty."""
    valkey_server.ask("FLUSHALL")
    return valkey_server


@pytest.fixture(scope="session")
def valkey_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three real masters with a replica each. Their start takes 7 s."""
    cluster = Cluster(tmp_path_factory.mktemp("valkeys"))
    yield cluster
    cluster.kill()


@pytest.fixture
def cluster(valkey_cluster: Cluster) -> Cluster:
    """The real cluster, whole and empty."""
    valkey_cluster.clear()
    return valkey_cluster


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@asynccontextmanager
async def opening(make: Callable[[], Store]) -> AsyncIterator[Opened]:
    made: list[Store] = []

    def another() -> Store:
        made.append(make())
        return made[-1]

    yield another
    for store in made:
        await store.close()


class TestValkeyStore(StoreContract):
    @pytest.fixture
    async def opened(self, server: Server, clock: ManualClock) -> AsyncIterator[Opened]:
        url = f"valkey://{server.address}"
        async with opening(lambda: open_store(url, clock)) as opened:
            yield opened

    async def test_kill_9_loses_nothing_acknowledged(self, opened: Opened, server: Server) -> None:
        writer = Writer(opened(), "H1")
        for _ in range(3):
            await asyncio.sleep(0.2)
            server.kill()
            await asyncio.sleep(0.1)
            server.start()
        await writer.stop()
        assert len(writer.acknowledged) > 10
        assert writer.refused == 0  # it was away for less than the patience
        assert await everything(opened()) == writer.acknowledged

    async def test_who_is_away_is_named(self, server: Server) -> None:
        store = ValkeyStore("127.0.0.1:1", patience_s=0.2)
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1: .*may have been done.*connect"):
            await store.write([fact(0)])
        with pytest.raises(Unavailable) as error:
            await store.read("H1")
        assert "done" not in str(error.value)
        await store.close()

    async def test_a_server_that_keeps_nothing_is_refused(
        self, store: Store, server: Server
    ) -> None:
        with configured(server, "appendonly", "no", "yes"):
            with pytest.raises(ConfigError, match="appendonly yes"):
                await store.write([fact(0)])
            with pytest.raises(ConfigError, match="appendonly yes"):
                await store.change(Key("limit"), b"1")

    async def test_a_server_that_syncs_once_a_second_is_waited_for(
        self, store: Store, server: Server
    ) -> None:
        with configured(server, "appendfsync", "everysec", "always"):
            await store.write([fact(0)])
            assert await store.read("H1", None) == fact(0)

    async def test_no_room(self, store: Store, server: Server) -> None:
        with configured(server, "maxmemory", "1", "0"), pytest.raises(DiskFull, match="no room"):
            await store.write([fact(0)])
        assert await store.read("H1", None) is None

    async def test_a_password(self, server: Server) -> None:
        with configured(server, "requirepass", "secret", ""):
            for login in ("", "default:wrong@"):
                store = ValkeyStore(f"{login}{server.address}")
                with pytest.raises(Unauthorized, match="log-in") as error:
                    await store.write([fact(0)])
                assert "wrong" not in str(error.value)
                await store.close()
            store = ValkeyStore(f"default:secret@{server.address}")
            await store.write([fact(0)])
            await store.close()

    async def test_more_copies_than_there_are(self, store: Store) -> None:
        await unconfirmed(store.write([fact(0)], copies=2))

    async def test_one_server_is_no_cluster(self, server: Server) -> None:
        store = open_store(f"valkey-cluster://{server.address}")
        with pytest.raises(ConfigError, match="use valkey://"):
            await store.read("H1")
        await store.close()

    async def test_a_closed_store_says_so(self, store: Store) -> None:
        await store.write([fact(0)])
        await store.close()
        with pytest.raises(Unavailable, match="closed"):
            await store.read("H1")

    async def test_a_change_that_was_overtaken_goes_above(
        self, server: Server, clock: ManualClock
    ) -> None:
        """What came in between has a clock that is ahead."""
        ahead = open_store(f"valkey://{server.address}", ManualClock(NOON + 300))
        between: list[Row] = []

        class Slow(ValkeyStore):
            async def _newest(self, series: str, at: int) -> Row | None:
                row = await super()._newest(series, at)
                if not between:
                    between.append(await ahead.change(Key("limit"), b"theirs"))
                return row

        store = Slow(server.address, clock)
        row = await store.change(Key("limit"), b"ours")
        assert row.version > between[0].version
        assert await ahead.read("limit") == row
        for each in (store, ahead):
            await each.close()

    async def test_a_change_that_was_sent_twice_is_done_once(
        self, server: Server, clock: ManualClock
    ) -> None:
        """Its reply was lost, and others have seen it, and what followed."""
        other = open_store(f"valkey://{server.address}", ManualClock(NOON + 300))

        class Unlucky(Servers):
            async def ask(self, commands: Sequence[Command], copies: int = 0) -> Replies:
                replies = await super().ask(commands, copies)
                if not copies or theirs or replies.of == [None]:  # a read, or a name
                    return replies
                theirs.append(await other.change(KEY, b"theirs"))
                return Replies((await super().ask(commands, copies)).of, once=False)

        theirs: list[Row] = []
        store = ValkeyStore(server.address, clock)
        store._servers = Unlucky(server.address, cluster=False)
        ours = await store.change(KEY, b"ours")
        assert await everything(other) == [ours, *theirs]
        for each in (store, other):
            await each.close()

    async def test_who_gives_up_waiting_spoils_nothing_for_others(
        self, store: Store, server: Server
    ) -> None:
        """A connection on which a reply is under way must not be used again."""
        rows = [fact(n, b"%d" % n) for n in range(20)]
        mixed = random.Random(7).sample(rows, 20)
        await store.write(rows)

        def read(rows: Sequence[Row]) -> list[asyncio.Task[Row | None]]:
            return [asyncio.create_task(store.read("H1", row.at)) for row in rows]

        await asyncio.gather(*read(rows))
        with server.paused():
            given_up = read(rows)
            await asyncio.sleep(0.05)
            for task in given_up:
                task.cancel()
            await asyncio.gather(*given_up, return_exceptions=True)
            others = read(mixed)
            await asyncio.sleep(0.05)
        assert await asyncio.gather(*others) == mixed


@pytest.mark.parametrize("address", ["127.0.0.1:x", "[::1", "127.0.0.1:1,127.0.0.1:x"])
def test_an_address_that_cannot_be_read(address: str) -> None:
    with pytest.raises(ConfigError, match="host:port"):
        open_store(f"valkey-cluster://{address}")


@pytest.mark.slow  # the same commands as on one server, and what only a cluster does
class TestValkeyClusterStore(StoreContract):
    @pytest.fixture
    async def opened(self, cluster: Cluster, clock: ManualClock) -> AsyncIterator[Opened]:
        url = f"valkey-cluster://{cluster.address}"
        async with opening(lambda: open_store(url, clock)) as opened:
            yield opened

    async def test_every_master_has_a_share(self, store: Store, cluster: Cluster) -> None:
        await store.write([fact(0, series=f"H{n}") for n in range(100)])
        sizes = [s.ask("DBSIZE") for s in cluster.servers if is_master(s)]
        assert len(sizes) == 3
        assert min(sizes) > 15

    async def test_any_server_tells_where_the_others_are(self, cluster: Cluster) -> None:
        for address in (cluster.servers[-1].address, f"127.0.0.1:1,{cluster.servers[0].address}"):
            store = open_store(f"valkey-cluster://{address}")
            await store.write([fact(0, series=f"H{n}") for n in range(10)])
            assert len(await store.names()) == 10
            await store.close()

    async def test_a_server_of_a_cluster_is_not_one_valkey(self, cluster: Cluster) -> None:
        store = open_store(f"valkey://{cluster.servers[0].address}")
        with pytest.raises(ConfigError, match="use valkey-cluster://"):
            await store.write([fact(0, series=f"H{n}") for n in range(10)])
        await store.close()

    async def test_what_one_disk_has_is_not_acknowledged(
        self, opened: Opened, cluster: Cluster
    ) -> None:
        """Neither at once nor when it is written again, by whomever, and changes nothing."""
        store, named = opened(), opened()
        await named.write([fact(0)])
        with cluster.replica_of(cluster.master_of(ROWS)).paused():
            await store.write([fact(1)], copies=1)
            assert await store.read("H1", None) == fact(1)
            servers = Servers(cluster.address, cluster=True)
            overtaken = keep_newest(Row("H1", fact(1).at, Version(0, 0), b"1"))
            await asyncio.gather(
                unconfirmed(store.write([fact(1)])),
                unconfirmed(named.write([fact(1)])),
                unconfirmed(opened().write([fact(1)])),
                unconfirmed(opened().change(Key("H1"), b"1")),
                unconfirmed(servers.ask([overtaken], copies=2)),
            )
            await servers.close()
        await store.write([fact(1)])
        row = await store.read("H1")
        assert row is not None and row.value == b"1"

    async def test_a_name_comes_before_its_rows_and_on_as_many_disks(
        self, opened: Opened, cluster: Cluster
    ) -> None:
        name, names = next(
            (name, add_names([name])[0].key)
            for name in (f"H{n}" for n in range(100))
            if cluster.master_of(add_names([name])[0].key) is not cluster.master_of(rows_of(name))
        )
        with cluster.replica_of(cluster.master_of(names)).paused():
            await asyncio.gather(
                unconfirmed(opened().write([fact(0, series=name)])),
                unconfirmed(opened().change(Key(name), b"1")),
            )
            assert await everything(opened(), name) == []
            await opened().write([fact(0, series=name)], copies=1)
        await opened().write([fact(0, series=name)])
        assert await opened().names() == [name]

    async def test_kill_9_of_a_master_loses_nothing_acknowledged(
        self, opened: Opened, cluster: Cluster
    ) -> None:
        victim = cluster.master_of(ROWS)
        heir = cluster.replica_of(victim)
        writers = [Writer(opened(), name) for name in ("H1", *(f"H1/{n}" for n in range(11)))]
        await asyncio.sleep(1.0)
        victim.kill()
        await until(lambda: is_master(heir), "other master")
        await eventually(lambda: opened().write([fact(-1)], copies=1))
        await until(lambda: writers[0].refused > 0, "refusal: one disk is not enough")
        victim.start()
        await until(lambda: is_whole(victim), "whole cluster")
        await eventually(lambda: opened().write([fact(-2)]))
        store = opened()
        for writer in writers:
            await writer.stop()
            assert len(writer.acknowledged) > 10
            assert set(await everything(store, writer.series)) >= set(writer.acknowledged)
        assert await store.names() == sorted(writer.series for writer in writers)

    async def test_a_master_that_hangs_is_left(self, opened: Opened, cluster: Cluster) -> None:
        store, victim = opened(), cluster.master_of(ROWS)
        await store.write([fact(0)])
        with victim.paused():
            assert await eventually(lambda: store.read("H1", None)) == fact(0)
            await eventually(lambda: store.write([fact(1)], copies=1))
        await until(lambda: not is_master(victim) and is_whole(victim), "whole cluster")
        assert await opened().read("H1", None) == fact(1)

    async def test_slots_move_under_writes(self, opened: Opened, cluster: Cluster) -> None:
        masters = [server for server in cluster.servers if is_master(server)]
        source = cluster.master_of(ROWS)
        target = next(server for server in masters if server is not source)
        slot = source.ask("CLUSTER KEYSLOT", ROWS)
        writer = Writer(opened(), "H1")
        await asyncio.sleep(0.2)
        for one, other in ((source, target), (target, source)):
            other.ask("CLUSTER SETSLOT", slot, "IMPORTING", one.ask("CLUSTER MYID"))
            one.ask("CLUSTER SETSLOT", slot, "MIGRATING", other.ask("CLUSTER MYID"))
            await asyncio.sleep(0.1)
            one.ask("MIGRATE", "127.0.0.1", other.port, ROWS, 0, 5_000)
            before = len(writer.acknowledged)
            async with asyncio.timeout(30):  # it is there, and not the slot
                while len(writer.acknowledged) <= before + 2:
                    await asyncio.sleep(0.02)
            for server in (other, *masters):
                server.ask("CLUSTER SETSLOT", slot, "NODE", other.ask("CLUSTER MYID"))
            await asyncio.sleep(0.2)
        await writer.stop()
        assert writer.refused == 0
        assert await everything(opened()) == writer.acknowledged

    async def test_without_files_memory_counts_and_one_is_not_enough(
        self, store: Store, cluster: Cluster
    ) -> None:
        masters = [server for server in cluster.servers if is_master(server)]
        with ExitStack() as undo:
            for server in masters:
                undo.enter_context(configured(server, "appendonly", "no", "yes"))
            await store.write([fact(0)])
            with cluster.replica_of(cluster.master_of(ROWS)).paused():
                await unconfirmed(store.write([fact(0)]))
            with pytest.raises(ConfigError, match="appendonly yes"):
                await store.write([own(b"1")], copies=1)


ROWS = rows_of("H1")
KEY = Key("H1", fact(0).at)

T = TypeVar("T")


class Writer:
    """Writes row after row of a series until it is stopped."""

    def __init__(self, store: Store, series: str) -> None:
        self.series, self.acknowledged, self.refused = series, list[Row](), 0
        self._stopped = False
        self._task = asyncio.create_task(self._run(store))

    async def _run(self, store: Store) -> None:
        for n in count():
            if self._stopped:
                return
            row = fact(n, b"%d" % n, series=self.series)
            try:
                await store.write([row])
            except Unavailable:
                self.refused += 1
            else:
                self.acknowledged.append(row)

    async def stop(self) -> None:
        self._stopped = True
        await self._task


async def unconfirmed(write: Awaitable[object]) -> None:
    with pytest.raises(Unavailable, match=r"1 of 2 disks .* may have been done"):
        await write


async def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something while others go on."""
    await asyncio.to_thread(wait_for, is_so, what)


async def eventually(ask: Callable[[], Awaitable[T]], patience_s: float = 30.0) -> T:
    """What a store says once it can be reached."""
    last = SYSTEM.monotonic() + patience_s
    while True:
        try:
            return await ask()
        except Unavailable:
            if SYSTEM.monotonic() > last:
                raise


@contextmanager
def configured(server: Server, name: str, value: str, back: str) -> Iterator[None]:
    server.ask("CONFIG SET", name, value)
    try:
        yield
    finally:
        server.ask("CONFIG SET", name, back)
