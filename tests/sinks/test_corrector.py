"""Corrections in the history: any order and any restart give what the corrected readings give."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import Log, Records
from energyguard.model.readings import batch_of
from energyguard.model.topics import CORRECTIONS
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.sinks.archive import Archive
from energyguard.testing import MemoryLog
from tests.history.made import DAY, T0
from tests.thorough import first_of

MINUTE = 60_000
Sent = tuple[str, int, float]


def send(log: Log, rows: Sequence[Sent], channel: str = "energy_kwh", import_id: str = "") -> None:
    """Append readings (device, minute, a hundred times the value) as the border does."""
    devices, minutes, values = zip(*rows, strict=True)
    times = T0 + np.array(minutes) * MINUTE
    batch = batch_of(list(devices), channel, times, np.round(np.array(values) * 1e7).astype(int))
    partitions, packed = zip(*pack(batch, 8), strict=True)
    headers = (("import", import_id.encode()),) if import_id else ()
    n = len(packed)
    log.append("meter_readings", Records([None] * n, packed, [headers] * n, (), partitions))


def correct(log: Log, *corrections: Correction) -> None:
    """Append corrections."""
    keys = [correction.device.encode() for correction in corrections]
    log.append(CORRECTIONS.name, Records(keys, [CORRECTION.encode(c) for c in corrections]))


def of(
    name: str,
    device: str,
    minute: int,
    value: str = "",
    until: int = 0,
    channel: str = "energy_kwh",
) -> Correction:
    """A correction of a device's energy from one minute on, up to another."""
    start_ms, end_ms = T0 + minute * MINUTE, T0 + (until or minute + 1) * MINUTE
    return Correction(
        id=name, at_ms=T0, by="mara", why="typo", device=device, channel=channel,
        start_ms=start_ms, end_ms=end_ms, new_value=value and str(float(value) / 100),
    )  # fmt: skip


def undo(name: str, undoes: str) -> Correction:
    return Correction(id=name, at_ms=T0, by="mara", undoes=undoes)


class Kept:
    """An archive that can be started again."""

    def __init__(self, log: Log, history: ChdbHistory, people: People) -> None:
        self.parts = (history, log, 0.0, people)
        self.history = history
        self.clock = ManualClock()
        self.archive = Archive(*self.parts, clock=self.clock)

    def settle(self) -> None:
        for _ in range(6):
            self.archive.step(0.0)
        self.archive.settle()

    def crash(self) -> None:
        """Stop in the middle: rows may be in, positions are not committed."""
        self.archive.step(0.0)
        self.archive.flush()
        for _ in self.archive.corrector.apply():
            break
        self.archive._roller.shutdown()
        self.archive.consumer.leave()
        self.archive = Archive(*self.parts, clock=self.clock)

    def total(self, device: str = "") -> dict[str, float]:
        rows = self.history.answer(
            "SELECT toString(device) AS d, sum(kwh) AS nano FROM rollup_1d FINAL GROUP BY d", {}
        ).to_pylist()
        return {row["d"]: row["nano"] / 1e7 for row in rows}

    def readings(self, channel: str = "energy_kwh") -> list[Sent]:
        rows = self.history.query("readings", device="", channel=channel, limit=1000, **DAY)
        found = [
            (row["device"], int(row["time"].timestamp() * 1000 - T0) // MINUTE, row["value"] * 100)
            for row in rows.to_pylist()
        ]
        return sorted(found)


@pytest.fixture
def memory_log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def kept(memory_log: MemoryLog, history: ChdbHistory, people: People) -> Kept:
    return Kept(memory_log, history, people)


def test_a_value_a_wrong_span_and_their_undo(memory_log: MemoryLog, kept: Kept) -> None:
    rows = [("H1", minute, 0.5) for minute in range(6)] + [("H2", 1, 1.0)]
    send(memory_log, rows)
    kept.settle()
    correct(memory_log, of("a", "H1", 2, "0.25"), of("b", "H1", 3, until=5))
    kept.settle()
    values = {(0, 0.5), (1, 0.5), (2, 0.25), (5, 0.5)}
    assert {row[1:] for row in kept.readings() if row[0] == "H1"} == values
    assert kept.total() == {"H1": 1.75, "H2": 1.0}
    correct(memory_log, undo("c", "a"), undo("d", "b"), undo("e", "d"))
    kept.settle()
    assert kept.total() == {"H1": 2.0, "H2": 1.0}
    correct(memory_log, of("f", "H1", 3, "1"))
    kept.settle()
    assert kept.total() == {"H1": 3.0, "H2": 1.0}, "the newest of a reading counts"


def test_who_learns_of_the_past_gets_corrected_readings_in_their_places(
    memory_log: MemoryLog, kept: Kept
) -> None:
    asked = {"topic": "meter_readings", "channels": "energy_kwh", **DAY}
    for minute in range(6):
        send(memory_log, [("H1", minute, 0.5)])
    kept.settle()
    before = kept.history.query("past_readings", **asked).to_pylist()
    correct(memory_log, of("a", "H1", 3, "0.25"))
    kept.settle()
    after = kept.history.query("past_readings", **asked).to_pylist()
    assert [row["place"] for row in after] == [row["place"] for row in before]
    assert [row["value"] for row in after] == [*[5_000_000] * 3, 2_500_000, *[5_000_000] * 2]


def test_what_comes_after_its_correction_counts_as_it_says(
    memory_log: MemoryLog, kept: Kept
) -> None:
    correct(memory_log, of("a", "H1", 2, "0.25"), of("b", "H1", 3))
    kept.settle()
    send(memory_log, [("H1", minute, 0.5) for minute in range(6)])
    send(memory_log, [("H1", 2, 9.0), ("H1", 3, 9.0), ("H1", 4, 9.0)])
    kept.settle()
    assert kept.total() == {"H1": 0.5 * 4 + 0.25}
    correct(memory_log, undo("c", "a"), undo("d", "b"))
    kept.settle()
    assert kept.total() == {"H1": 3.0}, "of two with one identity the first in the log counts"


def test_an_import_is_undone_as_a_whole_and_may_be_brought_again(
    memory_log: MemoryLog, kept: Kept
) -> None:
    send(memory_log, [("H1", 0, 0.5), ("H1", 1, 0.5)])
    send(memory_log, [("H1", minute, 5.0) for minute in range(4)] + [("H2", 0, 7.0)], import_id="i")
    kept.settle()
    assert kept.total() == {"H1": 11.0, "H2": 7.0}
    correct(memory_log, Correction(id="u", at_ms=T0, by="mara", import_id="i"))
    kept.settle()
    assert kept.total() == {"H1": 1.0, "H2": 0.0}, "what was there before stays"
    send(memory_log, [("H1", minute, 0.25) for minute in range(4)], import_id="j")
    kept.settle()
    assert kept.total() == {"H1": 1.5, "H2": 0.0}
    correct(memory_log, undo("v", "u"))
    kept.settle()
    assert kept.total() == {"H1": 11.0, "H2": 7.0}


def test_a_register_that_is_wrong_is_no_reset(memory_log: MemoryLog, kept: Kept) -> None:
    send(memory_log, [("R1", minute, 900.0 + minute) for minute in range(9)], "energy_register_kwh")
    kept.settle()
    correct(memory_log, of("a", "R1", 4, channel="energy_register_kwh"))
    kept.settle()
    assert kept.total() == {"R1": pytest.approx(8.0)}
    rows = kept.history.query("entries", device="R1", **DAY).to_pylist()
    assert sum(row["inside"] for row in rows) == pytest.approx(0.08)
    kinds = [row["kind"] for row in rows]
    assert sorted(set(kinds)) == ["correction", "difference", "first"]
    counted = kept.history.answer("SELECT sum(counted) AS n FROM rollup_1d FINAL", {})
    assert counted["n"].to_pylist() == [8]


def test_levels_follow_too(memory_log: MemoryLog, kept: Kept) -> None:
    send(memory_log, [("T1", minute, 20.0 + minute) for minute in range(3)], "temperature_c", "i")
    kept.settle()
    correct(memory_log, of("a", "T1", 2, channel="temperature_c"))
    kept.settle()
    sql = "SELECT sum(counted) AS n, sum(total) AS total, max(highest) AS top FROM {} FINAL"
    for table in ("rollup_1m", "rollup_15m", "rollup_1h", "rollup_1d"):
        found = kept.history.answer(sql.format(table), {}).to_pylist()
        assert found == [{"n": 2, "total": 41e7, "top": 210_000_000}], table


@pytest.mark.parametrize("seed", first_of(2))
def test_any_order_and_restarts_give_what_the_corrected_readings_give(
    memory_log: MemoryLog, kept: Kept, seed: int
) -> None:
    rng = random.Random(seed)
    sent: dict[tuple[str, int], float] = {}
    made: list[Correction] = []
    undone: set[str] = set()
    for step in range(8):
        minutes = rng.sample(range(60), 5)
        device = rng.choice(("H1", "H2"))
        rows = [(device, minute, float(rng.randrange(1, 9))) for minute in minutes]
        for name, minute, value in rows:
            sent.setdefault((name, minute), value)
        correction = of(
            f"c{step}", rng.choice(("H1", "H2")), minute := rng.randrange(60),
            rng.choice(("", "3", "0.5")), minute + rng.randrange(1, 9),
        )  # fmt: skip
        acts = [partial(send, memory_log, rows), partial(correct, memory_log, correction)]
        rng.shuffle(acts)
        for act in acts:
            act()
            rng.choice((lambda: None, kept.settle, kept.crash))()
        made.append(correction)
        again = rng.choice(made)
        if rng.random() < 0.4 and again.id not in undone:
            correct(memory_log, undo(f"u{step}", again.id))
            undone.add(again.id)
    kept.settle()
    expected = []
    for (device, minute), value in sent.items():
        ms = T0 + minute * MINUTE
        says = [
            c for c in made
            if c.id not in undone and c.device == device and c.start_ms <= ms < c.end_ms
        ]  # fmt: skip
        if not says or says[-1].new_value:
            expected.append((device, minute, 100 * float(says[-1].new_value) if says else value))
    found = kept.readings()
    assert [row[:2] for row in found] == [row[:2] for row in sorted(expected)]
    assert [r[2] for r in found] == pytest.approx([r[2] for r in sorted(expected)])
    for device in ("H1", "H2"):
        whole = sum(value for name, _, value in expected if name == device)
        assert kept.total().get(device, 0.0) == pytest.approx(whole, abs=1e-9)
