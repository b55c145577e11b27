"""kill -9 of each role under load, at random moments: nothing lost, nothing twice, same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from energyguard.codecs.records import pack, unpack
from energyguard.domains.household.homes import Homes
from energyguard.durable.connections import connect
from energyguard.errors import Unavailable
from energyguard.history.client import CARD, HistoryClient
from energyguard.log import LATEST, Log, open_log
from energyguard.model.topics import ENERGY_READINGS, METER_READINGS
from tests.e2e.meters import ENOUGH, Meters, free_port
from tests.e2e.processes import HOMES, START_MS, TICK_MS, Load, kill_often, roles, wait_for_worker
from tests.e2e.undisturbed import fetched, progress, readings, same_alerts
from tests.waiting import until

KILLS = pytest.mark.parametrize(
    "kills", [1, pytest.param(50, marks=pytest.mark.slow)], ids=lambda n: f"{n} kills"
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:///{tmp_path / 'data' / 'log.db'}")
    yield opened
    opened.close()


def history_has(data_dir: Path, load: Load, alerts: int) -> None:
    """The history counts every reading and alert, and their energy, exactly once."""
    client = HistoryClient(data_dir)
    span = {"start_ms": START_MS, "end_ms": START_MS + load.ticks * TICK_MS}
    wanted = {"readings": load.ticks * HOMES, "nano_kwh": load.nano_kwh, "window_alerts": alerts}
    got: dict[str, int] = {}

    def complete() -> bool:
        try:
            totals = client.query("totals", **span).to_pylist()[0]
            alerted = client.query("window_alerts", limit=10**6, **span).num_rows
        except Unavailable:
            return False
        got.update(readings=totals["readings"], nano_kwh=round((totals["kwh"] or 0) * 1e9))
        got["window_alerts"] = alerted
        return all(got[name] >= wanted[name] for name in wanted)

    until(complete)
    assert got == wanted
    client.close()


def owners(data_dir: Path) -> Counter[int]:
    """How many partitions of the readings each worker owns."""
    asked = (
        "SELECT member, count(*) FROM owner WHERE group_name = 'worker' AND topic = ? GROUP BY 1"
    )
    connection = connect(data_dir / "log.db")
    found = connection.execute(asked, (ENERGY_READINGS.name,)).fetchall()
    connection.close()
    return Counter(dict(found))


def card_of(data_dir: Path) -> bytes:
    """Where the history answers: written anew each time that its door opens."""
    card = data_dir / CARD
    return card.read_bytes() if card.exists() else b""


@pytest.mark.parametrize(
    ("victims", "kills"),
    [  # one stack for both, 50 times each by itself
        pytest.param(("history", "worker"), 1, id="both-1 kills"),
        pytest.param(("worker",), 50, id="worker-50 kills", marks=pytest.mark.slow),
        pytest.param(("history",), 50, id="history-50 kills", marks=pytest.mark.slow),
    ],
)
def test_kill_who_reads(victims: tuple[str, ...], kills: int, log: Log, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    load = Load(log)
    works = {
        "history": lambda: card_of(data_dir),
        "worker": lambda: log.positions(ENERGY_READINGS.name, "worker"),
    }
    with roles(data_dir, "worker", "history") as (worker, history):
        load.start()
        for victim in (history, worker):
            if victim.name in victims:
                kill_often(victim, kills, works[victim.name])
        load.stop()
        wait_for_worker(log)
        worker.stop()
        assert +progress(log, ENERGY_READINGS.name) == {"accepted": load.ticks * HOMES}
        history_has(data_dir, load, same_alerts(log, ENERGY_READINGS.name, tmp_path))
        history.stop()
    assert "Traceback" not in worker.said() + history.said()


@KILLS
def test_kill_the_simulator(kills: int, log: Log, tmp_path: Path) -> None:
    speed = ("simulate.sample=false", "simulate.speedup=900", "simulate.households=40")
    with roles(tmp_path / "data", "worker", "simulate", more=speed) as (worker, simulate):
        kill_often(simulate, kills, lambda: log.positions(ENERGY_READINGS.name, LATEST))
        simulate.stop()
        wait_for_worker(log)
        worker.stop()
    sent = readings(log, ENERGY_READINGS.name)
    times = sent.column("time").cast("int64").unique().to_numpy()
    every = range(times.min(), times.max() + TICK_MS, TICK_MS)
    homes = Homes(count=40, tick_seconds=15, jitter_pct=10.0, seed=1, profile="realistic")
    whole = homes.readings(np.asarray(every))
    undisturbed_log = [unpack([value])[0] for _, value in pack(whole, ENERGY_READINGS.partitions)]
    assert sent.equals(pa.Table.from_batches(undisturbed_log))
    assert +progress(log, ENERGY_READINGS.name) == {"accepted": sent.num_rows}
    same_alerts(log, ENERGY_READINGS.name, tmp_path)


@KILLS
def test_kill_who_serves(kills: int, log: Log, tmp_path: Path) -> None:
    port = free_port()
    with roles(tmp_path / "data", "worker", "serve", more=(f"serve.port={port}",)) as started:
        worker, serve = started
        meters = [Meters(f"M{name}", f"http://127.0.0.1:{port}/api/v1/readings") for name in "abc"]
        for one in meters:
            one.start()
        kill_often(serve, kills, lambda: [one.batches for one in meters])
        until(lambda: min(one.batches for one in meters) > ENOUGH)
        for one in meters:
            one.stop()
        stored = len(fetched(log, METER_READINGS.name))
        for one in meters:
            one.send_all_again()
        assert len(fetched(log, METER_READINGS.name)) == stored, "an answered key was taken again"
        wait_for_worker(log, METER_READINGS.name)
        worker.stop()
        serve.stop()
    sent = Counter(row for one in meters for row in one.answered())
    table = readings(log, METER_READINGS.name)
    columns = (table.column("device"), table.column("time").cast("int64"), table.column("value"))
    found = Counter(zip(*(column.to_pylist() for column in columns), strict=True))
    assert found.keys() == sent.keys()
    counts = progress(log, METER_READINGS.name)
    again = found.total() - len(found)  # killed between the append and the answer: sent again
    assert again <= kills * len(meters) * meters[0].homes
    assert +counts == +Counter(accepted=len(sent), duplicate=again)
    same_alerts(log, METER_READINGS.name, tmp_path)


def test_the_other_worker_takes_over(log: Log, tmp_path: Path) -> None:
    """Of two workers one is killed: the other takes its partitions; the same bytes come out."""
    load = Load(log)
    with roles(tmp_path / "data", "worker", "worker") as (one, other):
        one.wait_until_there()
        other.wait_until_there()
        load.start()
        until(lambda: sorted(owners(tmp_path / "data").values()) == [4, 4])
        one.kill()
        behind = load.ticks
        until(lambda: load.ticks > behind + 100)
        load.stop()
        wait_for_worker(log)
        assert list(owners(tmp_path / "data").values()) == [8]
        other.stop()
    assert +progress(log, ENERGY_READINGS.name) == {"accepted": load.ticks * HOMES}
    same_alerts(log, ENERGY_READINGS.name, tmp_path)
