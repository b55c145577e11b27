"""What late signals make of records: on the log, and in the history, which keeps the newest."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from energyguard.clock import ManualClock
from energyguard.codecs.seconds import text_of
from energyguard.domains.charging.codec import signal
from energyguard.domains.charging.records.exact_tables import make_exact
from energyguard.domains.charging.records.results import CHARGES_TABLE, STAYS_TABLE
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.topics import (
    FULL_SESSIONS,
    RESTATED,
    RESULTS,
    TRANSACTION_PROFIT,
    VIOLATIONS,
    restated_topic,
)
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import EARLIEST, Fetched, Log
from energyguard.records.registry import RECORDS
from energyguard.settings.charging import ChargingSettings
from energyguard.sinks.archive import Archive
from energyguard.sinks.record_rows import tables_of
from tests.domains.charging.test_session_worker import STREAM, opened, quiet, send, work
from tests.history.charging import EUR
from tests.sinks.test_archive import drain

CASES = Path(__file__).parents[2] / "cases" / "charging"
SETTINGS = ChargingSettings(hour="1h", before="10m", after="6m")
DAY = {"start_ms": 1_716_076_800_000, "end_ms": 1_716_163_200_000}


def late_queue(log: Log, clock: ManualClock, charging: ChargingSettings) -> None:
    """The end of a stay comes, time goes on, and then its beginning."""
    told = [signal(line) for line in (CASES / "s10_rfid.jsonl").read_bytes().splitlines()]
    worker = session_worker(log, charging, STREAM, clock)
    for part in (told[2:], told[:2]):
        send(log, part)
        work(worker)
        quiet(clock, 12, worker)
    worker.drain()


def read(log: Log, topic: str) -> list[tuple[bytes, dict[str, bytes]]]:
    at, found = dict(log.positions(topic, EARLIEST)), []
    while fetched := log.read(at, 1_000, 0):
        for part in fetched:
            pairs = zip(part.values, part.headers, strict=True)
            found += [(value or b"", dict(headers)) for value, headers in pairs]
            at[part.at] = part.next_offset
    return found


@pytest.mark.parametrize("restate", ["apart", "append"])
def test_a_record_is_told_again_with_its_id_and_a_revision(tmp_path: Path, restate: str) -> None:
    charging = SETTINGS.model_copy(update={"restate": restate})
    clock = ManualClock(1_716_120_000_000)
    with opened(tmp_path / "log.db", clock) as log:
        late_queue(log, clock, charging)
        first, *more = read(log, FULL_SESSIONS.name)
        apart = read(log, restated_topic(FULL_SESSIONS.name))
        assert b'"start_parking":"2024-05-19 10:00:10"' in first[0]
        assert "revision" not in first[1]
        every = sorted([*more, *apart], key=lambda record: int(record[1]["revision"]))
        assert {record[1]["id"] for record in every} == {first[1]["id"]}
        assert [int(record[1]["revision"]) for record in every] == [*range(2, len(every) + 2)]
        assert b'"start_parking":"2024-05-19 10:00:00"' in every[-1][0]
        assert every[-1][1]["quality"] == b"complete"
        assert all("withdrawn" in headers for _, headers in apart) == (restate == "append")
        assert bool(more) == (restate == "append")
        (bill,) = read(log, TRANSACTION_PROFIT.name)  # it was right at once
        assert b'"profit":5.50' in bill[0]
        assert not read(log, VIOLATIONS.name)


def test_the_history_keeps_the_newest_revision(
    tmp_path: Path, history: ChdbHistory, people: People
) -> None:
    clock = ManualClock(1_716_120_000_000)
    with opened(tmp_path / "log.db", clock) as log:
        late_queue(log, clock, SETTINGS)
        archive = Archive(history, log, 0.0, people)
        drain(archive)
        archive.settle()
        archive.close()
    found = history.query(
        "station_day", station="charger-7", charger="", n=50, **EUR, **DAY
    ).to_pylist()
    assert [(row["what"], row["start"].isoformat()[11:19], row["eur"]) for row in found] == [
        ("stay", "10:00:00", None),
        ("charge", "10:00:10", 5.5),
    ]
    (rolled,) = history.query("station_stays", station="charger-7", **DAY).to_pylist()
    assert (rolled["sessions"], rolled["mean_stay_s"]) == (1, 1_860)


def test_the_only_charger_is_billed_after_hours_without_a_signal(tmp_path: Path) -> None:
    """Beyond an hour its clock might be wrong: there is nobody else to ask, and nothing follows."""
    told = [signal(line) for line in (CASES / "s08_tariff_change.jsonl").read_bytes().splitlines()]
    clock = ManualClock(1_716_120_000_000)
    with opened(tmp_path / "log.db", clock) as log:
        strict = SETTINGS.model_copy(update={"before": "20s"})
        worker = session_worker(log, strict, STREAM, clock)
        send(log, told)
        work(worker)
        quiet(clock, 12, worker)
        ((bill, _),) = read(log, TRANSACTION_PROFIT.name)
        assert b'"total_energy_delivered":44,"profit":13.20' in bill
        ((stay, _),) = read(log, FULL_SESSIONS.name)
        assert b'"end_parking":"2024-05-20 01:01:00"' in stay
        send(log, [replace(told[0], second=told[-1].second + 300)])  # time has gone on from there
        work(worker)
        quiet(clock, 32, worker)
        ((violation, _),) = read(log, VIOLATIONS.name)
        assert b"Long parking before recharging" in violation


def test_rows_that_come_in_any_order_come_to_the_same(
    tmp_path: Path, history: ChdbHistory, people: People
) -> None:
    clock = ManualClock(1_716_120_000_000)
    parts: list[Fetched] = []
    with opened(tmp_path / "log.db", clock) as log:
        late_queue(log, clock, SETTINGS)
        for topic in (*RESULTS, *RESTATED):
            parts += log.read(dict(log.positions(topic.name, EARLIEST)), 1_000, 0)
    answers = set()
    for seed in range(4):
        rows = [
            (table, found.slice(i, 1))
            for part in parts
            for table, found in tables_of(part, RECORDS[part.topic], people).items()
            for i in range(found.num_rows)
        ]
        Random(seed).shuffle(rows)
        for table in ("stays", "charges"):
            history.execute(f"TRUNCATE TABLE {table}")
        for table, row in rows:
            history.insert(table, row)
        answers.add(
            history.ask("SELECT * FROM stays FINAL", "TSV", {})
            + history.ask("SELECT * FROM charges FINAL", "TSV", {})
        )
    (answer,) = answers
    assert answer.count(b"\n") == 2
    assert b"2024-05-19 10:00:00" in answer


def test_tables_of_before_are_copied_once(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    before = ChdbHistory(folder)
    start = text_of(1_716_112_800)
    for name, columns, row in (
        (
            "signals",
            "topic String, charger String, time DateTime('UTC'), partition Int32, offset Int64, "
            "kind LowCardinality(String), who String, amount Int64, register Nullable(Int64)",
            "('t', 'c', '{0}', 0, 1, 'connect', 'u', 5500, NULL), "
            "('t', 'c', '{0}', 0, 2, 'start', '', 22, 7)",
        ),
        (
            "charges",
            "id String, stay String, source LowCardinality(String), charger String, user String, "
            "start DateTime('UTC'), end Nullable(DateTime('UTC')), energy Int64, cents Int64",
            "('a', 's', 'charger-station-signals', 'c', 'u', '{0}', '{0}', 11000000000, 550), "
            "('b', 's', 'dundee', 'c', 'u', '{0}', NULL, 1, 2)",
        ),
    ):
        before.execute(f"DROP TABLE {name}")
        before.execute(f"CREATE TABLE {name} ({columns}) ENGINE = ReplacingMergeTree ORDER BY "
                       + ("offset" if name == "signals" else "id"))  # fmt: skip
        before.execute(f"INSERT INTO {name} VALUES {row.format(start)}")
    before.close()
    history = ChdbHistory(folder)  # it has the columns of now, empty
    history.execute(
        "INSERT INTO charges (id, stay, source, charger, user, start, energy, cents, revision)"
        f" VALUES ('c', 's', 'charger-station-signals', 'c', 'u', '{start}', 1, 7, 3)"
    )
    for _ in range(2):
        make_exact(history)
        found = history.ask("SELECT kind, value, register FROM signals ORDER BY offset", "TSV", {})
        assert found == b"connect\t550000000\t\\N\nstart\t22000000000\t7\n"
        found = history.ask(
            "SELECT id, cents, revision, withdrawn FROM charges ORDER BY id", "TSV", {}
        )
        assert found == b"a\t550\t1\t0\nb\t2\t0\t0\nc\t7\t3\t0\n"
    for table in (STAYS_TABLE, CHARGES_TABLE):
        made = history.ask(f"SHOW CREATE TABLE {table.name}", "TSVRaw", {}).decode()
        assert "ReplacingMergeTree(revision, withdrawn)" in made
    history.close()
