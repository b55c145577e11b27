"""What every store promises. Backends inherit it; none of them adds to it or leaves one out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from itertools import count, permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energyguard.clock import ManualClock
from energyguard.errors import ConfigError, Conflict, Malformed
from energyguard.store import Key, Row, Store, open_store
from energyguard.store.row import LARGEST_VALUE, MAX_SERIES, OWN_KEY, latest, newest_versions
from energyguard.store.version import DRIFT_MS, Version
from tests.thorough import examples

NOON = 1_757_160_000_000
NOON_US = 1_000 * NOON
MINUTE_US = 60_000_000
END_US = 2**62

Opened = Callable[[], Store]


def fact(minute: int, value: bytes | None = b"1", sequence: int = 0, series: str = "H1") -> Row:
    return Row(series, NOON_US + MINUTE_US * minute, Version(1, sequence), value)


def own(value: bytes | None, minor: int = 0, series: str = "limit", major: int = NOON) -> Row:
    return Row(series, OWN_KEY, Version(major, minor, "a"), value)


async def everything(store: Store, series: str = "H1") -> list[Row]:
    return await store.scan(series, OWN_KEY, END_US, 100_000, every=True)


class StoreContract:
    """The contract. A backend gives ``opened``: another client of the same, empty store."""

    @pytest.fixture
    def store(self, opened: Opened) -> Store:
        return opened()

    async def test_nothing_is_there_at_first(self, store: Store) -> None:
        assert await store.read("H1") is None
        assert await store.read("H1", None) is None
        assert await store.scan("H1", OWN_KEY, END_US, 10, every=True) == []
        assert await store.names() == []

    async def test_what_was_written_is_read_back_whole(self, store: Store) -> None:
        values = (b"", bytes(range(256)), b"\0\0", b"1")
        facts = [fact(n, value) for n, value in enumerate(values)]
        kept = Row("limit", OWN_KEY, Version(NOON, 3, "a\0ü\0"), b"\0", NOON + 1)
        await store.write([*facts, kept])
        assert [await store.read("H1", row.at) for row in facts] == facts
        assert await store.read("limit") == kept
        assert await everything(store) == facts

    async def test_what_one_has_written_all_see(self, opened: Opened) -> None:
        one, other = opened(), opened()
        await one.write([fact(0), own(b"1")])
        row = await other.change(Key("limit"), b"2")
        assert await other.read("H1", None) == fact(0)
        assert await one.read("limit") == row
        await one.close()
        assert await opened().read("limit") == row

    async def test_an_empty_write_changes_nothing(self, store: Store) -> None:
        await store.write([])
        assert await store.names() == []

    async def test_a_row_written_twice_is_there_once(self, store: Store) -> None:
        for _ in range(2):
            await store.write([fact(0), fact(0), own(b"1"), own(b"1")])
        assert await everything(store) == [fact(0)]
        assert await everything(store, "limit") == [own(b"1")]

    @pytest.mark.parametrize("at", [OWN_KEY, NOON_US])
    async def test_the_highest_version_wins_in_whatever_order(self, store: Store, at: int) -> None:
        versions = [(9, 0, ""), (10, 0, "a"), (10, 0, "a\0"), (10, 0, "ä"), (300, 1, "")]
        for n, order in enumerate(permutations(versions)):
            if n % 12 == 0:
                rows = [Row(f"s{n}", at, Version(*version), b"%d" % n) for version in order]
                for row in rows:
                    await store.write([row])
                assert await store.read(f"s{n}", at) == max(rows, key=lambda row: row.version)

    @pytest.mark.parametrize("at", [OWN_KEY, NOON_US])
    async def test_of_two_values_with_one_version_the_same_wins_everywhere(
        self, store: Store, at: int
    ) -> None:
        rows = [Row("one way", at, Version(1, 1), value) for value in (b"a", b"b", None)]
        back = [Row("one way", at, Version(1, 1), row.value) for row in reversed(rows)]
        found = []
        for order in (rows, back):
            await store.write(order)
            found.append(await store.read("one way", at))
        best = max(rows, key=lambda row: row.rank)
        assert found == [best if best.value is not None else None] * 2

    async def test_a_second_ingest_wins_and_the_first_stays(self, store: Store) -> None:
        first, second = fact(0, b"1"), fact(0, b"2", sequence=1)
        await store.write([first])
        await store.write([second])
        assert await store.read("H1", first.at) == second
        assert await store.scan("H1", 1, END_US, 10) == [second]
        assert await store.scan("H1", 1, END_US, 10, every=True) == [first, second]

    async def test_of_a_users_own_key_only_the_newest_stays(self, store: Store) -> None:
        for minor in (3, 1, 5, 4):
            await store.write([own(b"%d" % minor, minor)])
        await store.write([own(b"2", 2), own(b"6", 6), own(b"0", 0)])
        assert await store.read("limit") == own(b"6", 6)
        assert await everything(store, "limit") == [own(b"6", 6)]

    async def test_a_key_may_have_measurements_and_a_value_of_its_own(self, store: Store) -> None:
        mine = own(b"mine", series="H1")
        await store.write([fact(0), mine, fact(1)])
        await store.write([own(b"more", 1, series="H1")])
        assert await everything(store) == [own(b"more", 1, series="H1"), fact(0), fact(1)]
        assert await store.read("H1", None) == fact(1)
        assert await store.scan("H1", 1, END_US, 10) == [fact(0), fact(1)]

    # Ranges

    async def test_a_range_is_half_open_and_counts_times(self, store: Store) -> None:
        rows = [fact(n, sequence=s) for n in range(5) for s in range(3)]
        await store.write(random.Random(7).sample(rows, len(rows)))
        begin, end = fact(1).at, fact(4).at
        assert await store.scan("H1", begin, end, 10, every=True) == rows[3:12]
        assert await store.scan("H1", begin, end, 10) == [fact(n, sequence=2) for n in (1, 2, 3)]
        assert await store.scan("H1", begin, end, 2, every=True) == rows[3:9]
        assert await store.scan("H1", begin + 1, end + 1, 1) == [fact(2, sequence=2)]
        assert await store.scan("H1", begin, begin, 10) == []
        assert await store.scan("H1", begin, end, 0) == []

    async def test_a_range_after_10_000_rows_and_after_deletions(self, store: Store) -> None:
        await store.write([fact(minute) for minute in range(10_000)])
        begin, end = fact(0).at, fact(10_000).at
        found = await store.scan("H1", begin, end, 20_000)
        assert found == [fact(minute) for minute in range(10_000)]
        await store.write([fact(minute, None, 1) for minute in range(0, 10_000, 2)])
        found = await store.scan("H1", begin, end, 20_000)
        assert found == [fact(minute) for minute in range(1, 10_000, 2)]
        middle = await store.scan("H1", fact(4_000).at, end, 10)
        assert middle == [fact(minute) for minute in range(4_001, 4_010, 2)]
        assert len(await everything(store)) == 15_000
        assert await store.read("H1", None) == fact(9_999)

    async def test_the_latest_is_behind_what_is_deleted(self, store: Store) -> None:
        await store.write([fact(minute) for minute in range(100)])
        await store.write([fact(minute, None, 1) for minute in range(1, 100)])
        assert await store.read("H1", None) == fact(0)
        await store.write([fact(50, b"again", 2)])
        assert await store.read("H1", None) == fact(50, b"again", 2)
        await store.write([fact(50, None, 3), fact(0, None, 3)])
        assert await store.read("H1", None) is None

    # Deletions, time to live

    @pytest.mark.parametrize("at", [OWN_KEY, NOON_US])
    async def test_what_is_deleted_does_not_come_back(self, store: Store, at: int) -> None:
        versions = [Version(1, minor) for minor in range(4)]
        await store.write([Row("s", at, versions[1], b"1")])
        await store.write([Row("s", at, versions[3], None)])
        assert await store.read("s", at) is None
        await store.write([Row("s", at, versions[n], b"old") for n in (0, 1, 2)])
        assert await store.read("s", at) is None
        assert await store.read("s", None) is None
        assert await store.scan("s", 1, END_US, 10) == []
        assert (await everything(store, "s"))[-1] == Row("s", at, versions[3], None)
        assert await store.names() == ["s"]

    async def test_a_change_deletes_and_another_brings_back(self, store: Store) -> None:
        key = Key("limit")
        rows = [await store.change(key, value) for value in (b"1", None, b"2")]
        assert await store.read("limit") == rows[2]
        gone = await store.change(key, None)
        assert gone.value is None
        assert await store.read("limit") is None

    async def test_a_time_to_live_ends(self, store: Store, clock: ManualClock) -> None:
        soon = fact(1).at
        kept = await store.change(Key("limit"), b"1", NOON + 100)
        await store.write([fact(0), Row("H1", soon, Version(1, 0), b"1", NOON + 100)])
        clock.sleep(0.099)
        assert await store.read("limit") == kept
        latest_row = await store.read("H1", None)
        assert latest_row is not None and latest_row.at == soon
        clock.sleep(0.001)
        assert await store.read("limit") is None
        assert await store.read("H1", soon) is None
        assert await store.read("H1", None) == fact(0)
        assert await store.scan("H1", 1, END_US, 10) == [fact(0)]
        assert len(await everything(store)) == 2
        assert (await store.change(Key("limit"), b"2")).version > kept.version

    # Changes

    @pytest.mark.parametrize("key", [Key("limit"), Key("H1", NOON_US)])
    async def test_a_change_goes_above_whatever_is_there(self, store: Store, key: Key) -> None:
        for version in (Version(5, 5), Version(NOON + 200, 7, "z"), Version(NOON + 200, 9, "a")):
            await store.write([Row(*key, version, b"theirs")])
            row = await store.change(key, b"ours")
            assert (*row.key, row.value) == (*key, b"ours")
            assert row.version > version
            assert await store.read(*key) == row

    async def test_a_change_goes_above_what_others_have_changed(self, opened: Opened) -> None:
        stores = [opened(), opened(), opened()]
        versions = []
        for n in range(12):
            row = await stores[n % 3].change(Key("limit"), b"%d" % n)
            versions.append(row.version)
            assert await stores[(n + 1) % 3].read("limit") == row
        assert versions == sorted(set(versions))

    async def test_a_version_far_ahead_is_a_conflict(self, store: Store) -> None:
        ahead = own(b"1", major=NOON + DRIFT_MS + 1)
        await store.write([ahead])
        with pytest.raises(Conflict, match="clock"):
            await store.change(Key("limit"), b"2")
        assert await store.read("limit") == ahead

    async def test_changes_at_once_are_one_after_another(self, opened: Opened) -> None:
        stores = [opened(), opened(), opened()]
        asked = [s.change(Key("limit"), b"%d" % n) for n in range(10) for s in stores]
        rows = await asyncio.gather(*asked)
        assert len({row.version for row in rows}) == len(rows)
        newest = max(rows, key=lambda row: row.rank)
        assert [await store.read("limit") for store in stores] == [newest] * 3

    async def test_who_reads_again_never_sees_what_is_older(self, opened: Opened) -> None:
        writer, reader = opened(), opened()
        seen: list[tuple[int, Version]] = []
        done = asyncio.Event()

        async def read() -> None:
            while not done.is_set():
                await asyncio.sleep(0)  # a store may answer without waiting for anything
                rows = (await reader.read("limit"), await reader.read("H1", None))
                seen.append(
                    (rows[1].at if rows[1] else 0, rows[0].version if rows[0] else Version(0, 0))
                )

        async def write() -> None:
            for n in range(30):
                await writer.change(Key("limit"), b"%d" % n)
                await writer.write([fact(n)])
            done.set()

        await asyncio.gather(read(), write())
        for column in zip(*seen, strict=True):
            assert list(column) == sorted(column)
        assert len({at for at, _ in seen}) > 2

    # Names

    async def test_names_come_in_order_and_in_pages(self, store: Store) -> None:
        names = [f"H{n:03d}" for n in range(250)]
        for part in (names[1::2], names[::2]):
            await store.write([fact(0, series=name) for name in random.Random(7).sample(part, 125)])
        assert await store.names() == names
        pages, above = [], ""
        while page := await store.names(above, 60):
            pages.append(page)
            above = page[-1]
        assert [len(page) for page in pages] == [60, 60, 60, 60, 10]
        assert [name for page in pages for name in page] == names
        assert await store.names("H1", 2) == ["H100", "H101"]

    async def test_names_may_be_any_text(self, store: Store) -> None:
        names = ["a", "A/b", "a b:c", "{a}b", "}{", "ü/ö", "zählér😀", "energy:p1", "\t", "é" * 512]
        for name in names:
            await store.write([fact(0, name.encode(), series=name)])
            await store.change(Key(name), b"own")
        for name in names:
            assert await store.read(name, None) == fact(0, name.encode(), series=name)
            row = await store.read(name)
            assert row is not None and row.value == b"own"
        assert await store.names() == sorted(names)

    # What is refused

    async def test_what_is_too_large_is_refused_and_nothing_taken(self, store: Store) -> None:
        large = bytes(LARGEST_VALUE + 1)
        with pytest.raises(Malformed, match="1,000,000 bytes"):
            await store.write([fact(0), fact(1, large)])
        with pytest.raises(Malformed, match="1,000,000 bytes"):
            await store.change(Key("limit"), large)
        for name in ("", "x" * (MAX_SERIES + 1), "ü" * MAX_SERIES):
            with pytest.raises(Malformed, match="1024 bytes"):
                await store.write([fact(0), fact(0, series=name)])
            with pytest.raises(Malformed, match="1024 bytes"):
                await store.change(Key(name), b"1")
        assert await store.names() == []
        await store.write([fact(0, large[:-1]), fact(0, series="x" * MAX_SERIES)])
        assert await store.read("H1", None) == fact(0, large[:-1])

    # Any sequence

    @settings(
        max_examples=examples(10, 30),
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,  # each example has series of its own
            HealthCheck.differing_executors,  # backends inherit this
        ],
    )
    @given(data=st.data())
    async def test_any_sequence_is_answered_as_a_dict_would(
        self, store: Store, clock: ManualClock, data: st.DataObject
    ) -> None:
        model = Model(clock, f"{next(EXAMPLES):06d}/")
        for _ in range(data.draw(st.integers(1, 8))):
            step = data.draw(st.sampled_from([written, changed, slept]))
            await step(store, model, data)
            await agree(store, model)


EXAMPLES = count()
SERIES = ("H1", "a/b ü", "limit")
TIMES = (OWN_KEY, *(NOON_US + MINUTE_US * n for n in range(4)))
values = st.none() | st.binary(max_size=3)
spans_ms = st.sampled_from([0, 0, 1, 1_000])
versions = st.builds(
    Version, st.integers(1, 2), st.integers(0, 2), st.sampled_from(["", "n\0", "ü"])
)


class Model:
    """A store as a set of rows: what wins is reckoned anew for each answer."""

    def __init__(self, clock: ManualClock, prefix: str) -> None:
        self.clock, self.series = clock, tuple(prefix + name for name in SERIES)
        self.prefix, self.rows = prefix, set[Row]()

    def put(self, rows: list[Row]) -> None:
        told = self.rows | set(rows)
        mine = newest_versions(row for row in told if row.at == OWN_KEY)
        self.rows = {row for row in told if row.at != OWN_KEY} | set(mine)

    def all_of(self, series: str) -> list[Row]:
        return sorted((r for r in self.rows if r.series == series), key=lambda r: (r.at, r.rank))

    def at(self, series: str, at: int) -> Row | None:
        row = next(iter(newest_versions(row for row in self.all_of(series) if row.at == at)), None)
        return row if row and row.is_there(self.clock.now_ms()) else None


async def written(store: Store, model: Model, data: st.DataObject) -> None:
    now_ms = model.clock.now_ms()
    row = st.builds(
        lambda series, at, version, value, span_ms: Row(
            series, at, version, value, now_ms + span_ms if span_ms else 0
        ),
        *(st.sampled_from(model.series), st.sampled_from(TIMES), versions, values, spans_ms),
    )
    rows = data.draw(st.lists(row, max_size=6))
    await store.write(rows)
    model.put(rows)


async def changed(store: Store, model: Model, data: st.DataObject) -> None:
    key = Key(data.draw(st.sampled_from(model.series)), data.draw(st.sampled_from(TIMES)))
    span_ms = data.draw(spans_ms)
    before = [row.version for row in model.all_of(key.series) if row.at == key.at]
    expires_ms = model.clock.now_ms() + span_ms if span_ms else 0
    row = await store.change(key, data.draw(values), expires_ms)
    assert all(row.version > version for version in before)
    model.put([row])


async def slept(store: Store, model: Model, data: st.DataObject) -> None:
    model.clock.sleep(data.draw(st.sampled_from([0.001, 0.5, 2.0])))


async def agree(store: Store, model: Model) -> None:
    now_ms = model.clock.now_ms()
    for series in model.series:
        rows = model.all_of(series)
        facts = [row for row in rows if row.at != OWN_KEY]
        there = [row for row in newest_versions(facts) if row.is_there(now_ms)]
        assert await everything(store, series) == rows
        assert await store.scan(series, 1, END_US, 100) == there
        assert await store.read(series, None) == latest(facts, now_ms)
        assert [await store.read(series, at) for at in TIMES] == [
            model.at(series, t) for t in TIMES
        ]
    names = [name for name in await store.names(model.prefix, 10) if name.startswith(model.prefix)]
    assert names == sorted({row.series for row in model.rows})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


class TestLocalStore(StoreContract):
    @pytest.fixture
    async def opened(self, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Opened]:
        made: list[Store] = []

        def another() -> Store:
            made.append(open_store(f"sqlite://{tmp_path}/store.db", clock))
            return made[-1]

        yield another
        for store in made:
            await store.close()


def test_an_unknown_scheme_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no backend 'redis'.*sqlite.*valkey"):
        open_store("redis://127.0.0.1:6379")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("energyguard.store.valkey")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "valkey", None)
    for scheme in ("valkey", "valkey-cluster"):
        with pytest.raises(ConfigError, match=r"pip install 'energyguard\[valkey\]'"):
            open_store(f"{scheme}://127.0.0.1:6379")
