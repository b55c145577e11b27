"""The tables in memory answer and keep what those of the engine do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from energyguard.history import NO_SEQUENCE, Tables
from energyguard.history.chdb import ChdbHistory
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.history.reading_buckets import LEVELS
from energyguard.history.rollups import RollUps
from energyguard.ledger.channels import EnergyChannel
from energyguard.log import Fetched
from energyguard.model.channels import Kind
from energyguard.model.topics import CORRECTIONS
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.records.readings import READINGS_TABLE
from energyguard.sinks.corrector import Corrector
from tests.simulation.counting.meters import Sent, Weather, readings
from tests.simulation.counting.tables import MemoryTables

BUCKETS = ("rollup_1m", *(coarse for _, coarse, _ in LEVELS))
QUARTERLY = EnergyChannel(Kind.INTERVAL, length_ms=900_000)
COLUMNS = (
    "device", "channel", "bucket", "topic", "kwh", "counted", "first_ms", "last_ms", "first",
    "last", "lowest", "highest", "total",
)  # fmt: skip


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("tables"))
    yield opened
    opened.close()


def table_of(sent: list[Sent], first: int) -> pa.Table:
    """Rows of ``readings``, in log order from a position on."""
    columns = [[row[i] for row in sent] for i in (2, 3, 4, 5)]
    n = len(sent)
    versions = [2**64 - 1 - first - i for i in range(n)]
    rows = [*columns, [NO_SEQUENCE] * n, [row.topic for row in sent], versions]
    fields = READINGS_TABLE.schema
    cells = [
        pa.array(row, _plain(f.type)).cast(f.type) for row, f in zip(rows, fields, strict=True)
    ]
    return pa.table(cells, fields)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return pa.string()
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def said(about: Sent, value: str) -> Fetched:
    """Somebody says something of an hour of a meter."""
    made = Correction(
        id=f"c{value}", at_ms=0, by="me", device=about.device, channel=about.channel,
        start_ms=about.time_ms, end_ms=about.time_ms + 3_600_000, new_value=value,
    )  # fmt: skip
    return Fetched(CORRECTIONS.name, 0, [0], [b""], [CORRECTION.encode(made)], [()], [0])


def fill(history: Tables, sent: list[Sent], seed: int) -> None:
    """Insert and roll up in some pieces; another process goes on, and people say something."""
    chance, rollups = random.Random(seed), RollUps(history)
    corrector, about = Corrector(history, CorrectionBook()), sent[len(sent) // 3]
    cuts = sorted(chance.sample(range(1, len(sent)), 6))
    for number, (low, high) in enumerate(zip([0, *cuts], [*cuts, len(sent)], strict=True)):
        rows = corrector.divert(table_of(sent[low:high], low))
        history.insert("readings", rows)
        rollups.mark("readings", rows)
        if number == 3:
            corrector.take(said(about, ""))
        if number == 5:
            corrector.take(said(about, "0.5"))
        for corrected in corrector.apply():
            rollups.mark("readings", corrected)
        if number == 2:
            rollups.describe({("M0", "energy_kwh"): QUARTERLY})
        if number == 4:
            rollups.settle()
            rollups = RollUps(history)
        if number % 2:
            rollups.settle()
    rollups.settle()


def kept(history: ChdbHistory, table: str, columns: tuple[str, ...]) -> set[tuple[Any, ...]]:
    texts = ("device", "channel", "topic")
    names = [
        f"toString({name}) AS {name}" if name in texts
        else f"toInt64(toUnixTimestamp({name})) AS {name}" if name in ("bucket", "day")
        else name
        for name in columns
    ]  # fmt: skip
    rows = history.answer(f"SELECT {', '.join(names)} FROM {table} FINAL", {}).to_pylist()
    return {tuple(row[name] for name in columns) for row in rows}


@pytest.mark.parametrize("seed", [1, 3])
def test_both_keep_the_same(history: ChdbHistory, seed: int) -> None:
    for table in ("readings", "sent_readings", "long_entries", "energy_channels", *BUCKETS):
        history.execute(f"TRUNCATE TABLE {table}")
    sent = readings(random.Random(seed), Weather(again=0.2, other=0.1, late=0.1, past=True))
    memory = MemoryTables()
    fill(memory, sent, seed)
    fill(history, sent, seed)
    long = ("device", "channel", "day", "stamp_ms", "start_ms", "end_ms", "energy", "length")
    for table, columns in (*((name, COLUMNS) for name in BUCKETS), ("long_entries", long)):
        found = {tuple(row[name] for name in columns) for row in memory.all(table)}
        assert found == kept(history, table, columns), table
    assert any(row["counted"] for row in memory.all("rollup_1d"))
