"""A domain's own roll-ups go the history's way: made, kept for a fault, read by queries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.domain import Domain
from energyguard.history import Tables, planner, rollups
from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollup_kind import BUCKET, RollUpKind
from energyguard.history.sources import Level, Source
from energyguard.records.tables import TIME, HistoryTable, TableColumn
from tests.history.made import T0

VISITS = HistoryTable(
    "visits", "Raw.", (TableColumn("time", TIME), TableColumn("gate", "String")), "(time, gate)"
)
HOURLY = HistoryTable(
    "visits_1h", "Of an hour.", (BUCKET, TableColumn("visits", "UInt64")), "bucket"
)
CALL = (
    "SELECT sum(visits) AS n FROM visits_in("
    "start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 3600000)"
)
broken = False


def marks(table: str, rows: pa.Table) -> pa.Table:
    return pa.table({"hour": pa.array(rows["time"].cast(pa.int64()).to_numpy() // 3600)})


def in_range(history: Tables, lo_ms: int, hi_ms: int) -> Iterator[pa.Table]:
    yield marks("visits", history.answer("SELECT time FROM visits FINAL", {}))


def make(history: Tables, marked: pa.Table) -> None:
    if broken:
        raise OSError("no room")
    for hour in sorted(set(marked["hour"].to_pylist())):
        history.execute(
            "INSERT INTO visits_1h SELECT toStartOfHour(time) AS bucket, count() FROM visits FINAL "
            f"WHERE toStartOfHour(time) = toDateTime({hour * 3600}, 'UTC') GROUP BY bucket"
        )


KIND = RollUpKind(
    name="visits",
    raw=("visits",),
    tables=(HOURLY,),
    working=(),
    sources={
        "visits": Source(
            (Level("visits_1h", 3600),),
            "bucket, visits",
            "time AS bucket, toUInt64(1) AS visits",
            "time",
            "visits",
            "",
        )
    },
    marks=marks,
    in_range=in_range,
    replace=lambda history: partial(make, history),
    max_marks=3,
)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChdbHistory]:
    gates = Domain(name="gates", rollups=f"{__name__}:KIND")
    caches = (rollups.rollup_kinds, planner._sources, planner._call)
    monkeypatch.setattr(rollups, "installed", lambda: (gates,))
    for made in caches:
        made.cache_clear()
    opened = ChdbHistory(tmp_path)
    for table in (VISITS, HOURLY):
        opened.execute(table.ddl)
    yield opened
    opened.close()
    for made in caches:
        made.cache_clear()


def visits(*minutes: int) -> pa.Table:
    times = pa.array([T0 // 1000 + 60 * at for at in minutes]).cast(pa.timestamp("s", "UTC"))
    return pa.table({"time": times, "gate": ["A"] * len(minutes)})


def count(history: ChdbHistory, from_minute: int, to_minute: int) -> int:
    bound = {
        name: str(T0 + 60_000 * at)
        for name, at in (("start_ms", from_minute), ("end_ms", to_minute))
    }
    found: int = history.answer(planner.with_rollups(CALL, bound), {})["n"][0].as_py()
    return found


def test_what_a_domain_sums_up_is_marked_made_and_read(history: ChdbHistory) -> None:
    made = rollups.RollUps(history)
    rows = visits(10, 20, 70, 130)
    history.insert("visits", rows)
    assert made.mark("visits", rows)
    assert not made.mark("doors", rows)
    assert made.full
    assert made.readings == 0
    made.settle()
    assert not made.full
    assert history.answer("SELECT visits FROM visits_1h FINAL ORDER BY bucket", {})[
        "visits"
    ].to_pylist() == [2, 1, 1]
    history.execute("TRUNCATE TABLE visits_1h")
    history.execute(f"INSERT INTO visits_1h VALUES (toDateTime({T0 // 1000 + 3600}, 'UTC'), 7)")
    assert count(history, 15, 120) == 1 + 7  # a raw row at the edge, a whole hour from its bucket


def test_what_could_not_be_made_is_marked_still(
    history: ChdbHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rollups.RollUps(history)
    history.insert("visits", visits(10))
    made.mark_range(T0, T0 + 86_400_000)
    with monkeypatch.context() as fault:
        fault.setattr(f"{__name__}.broken", True)
        with pytest.raises(OSError, match="no room"):
            made.settle()
    made.settle()
    assert history.answer("SELECT visits FROM visits_1h FINAL", {})["visits"].to_pylist() == [1]
