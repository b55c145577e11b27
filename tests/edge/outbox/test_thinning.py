"""An outbox that gets full: averages become minutes, their energy kept; what was sent does not."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.codecs.records import pack, unpack
from energyguard.edge.outbox.edge_log import EmbeddedLog
from energyguard.edge.outbox.outbox import READINGS, LogOutbox
from energyguard.edge.outbox.room import OutboxRoom
from energyguard.edge.outbox.thinning import merged_into_minutes
from energyguard.errors import Overloaded
from energyguard.log import Records
from energyguard.log.keeping import LOOK_S
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.readings import BACKFILL, batch_of
from energyguard.settings.edge import EdgeSettings
from energyguard.testing import MemoryLog

NOON = 1_757_160_000_000
KW = 10**9
Row = tuple[str, str, int, int]


def batch(rows: list[Row]) -> pa.RecordBatch:
    device, channel, time, value = map(list, zip(*rows, strict=True))
    return batch_of(device, pa.array(channel), [NOON + t for t in time], value)


def rows_of(readings: pa.RecordBatch) -> list[Row]:
    return [
        (r["device"], r["channel"], round(r["time"].timestamp() * 1000) - NOON, r["value"])
        for r in readings.to_pylist()
    ]


def test_energies_are_summed_and_powers_averaged_by_what_they_speak_for() -> None:
    rows: list[Row] = []
    for start, power, covered in ((0, 6, 5), (5000, 3, 1), (55_000, 0, 5), (60_000, 8, 5)):
        rows.append(("H1", "power_kw", start, power * KW))
        rows.append(("H1", "energy_kwh", start, power * covered * KW // 3600))
        if covered < 5:
            rows.append(("H1", "covered_s", start, covered * KW))
    rows += [("H1", "export_kwh", 5000, 7), ("H1", "export_kwh", 10_000, 8)]
    assert sorted(rows_of(merged_into_minutes(batch(rows), 5000))) == sorted(
        [
            ("H1", "power_kw", 0, 3 * KW),
            ("H1", "covered_s", 0, 11 * KW),
            ("H1", "energy_kwh", 0, 30 * KW // 3600 + 3 * KW // 3600),
            ("H1", "export_kwh", 5000, 15),
            ("H1", "power_kw", 60_000, 8 * KW),
            ("H1", "covered_s", 60_000, 5 * KW),
            ("H1", "energy_kwh", 60_000, 40 * KW // 3600),
        ]
    )


def test_what_is_no_average_stays_as_it_is() -> None:
    rows: list[Row] = [
        ("H1", "energy_register_kwh", 0, 5),
        ("H1", "energy_register_kwh", 5000, 6),
        ("H1", "voltage_v", 10_000, 230 * KW),
        ("H1", "power_kw", 4321, 7),
    ]
    assert sorted(rows_of(merged_into_minutes(batch(rows), 5000))) == sorted(rows)


def made(chance: random.Random, minutes: int, homes: int = 3) -> list[pa.RecordBatch]:
    """Averages of some homes, a record every 5 s, as the averaging flow writes them."""
    found = []
    for start in range(0, minutes * 60_000, 5000):
        rows: list[Row] = []
        for home in range(homes):
            power = chance.randrange(-KW, 5 * KW)
            covered = chance.choice([5000, 5000, 5000, chance.randrange(1, 5000)])
            rows.append((f"H{home}", "power_kw", start, power))
            rows.append((f"H{home}", "energy_kwh", start, chance.randrange(KW)))
            if power < 0:
                rows.append((f"H{home}", "export_kwh", start, chance.randrange(1, KW)))
            if covered < 5000:
                rows.append((f"H{home}", "covered_s", start, covered * 1_000_000))
            rows.append((f"H{home}", "energy_register_kwh", start, chance.randrange(KW)))
        found.append(batch(rows))
    return found


def totals(readings: list[pa.RecordBatch]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for device, channel, _, value in rows_of(pa.concat_batches(readings)):
        if channel in ("energy_kwh", "export_kwh", "energy_register_kwh"):
            found[device, channel] += value
    return dict(found)


@pytest.mark.parametrize("seed", range(10))
def test_however_a_day_is_cut_its_energies_are_the_same_and_no_identity_is_there_twice(
    seed: int,
) -> None:
    chance = random.Random(seed)
    records = made(chance, 20)
    merged, start = list[pa.RecordBatch](), 0
    while start < len(records):
        stop = start + chance.randrange(1, 40)
        merged.append(merged_into_minutes(pa.concat_batches(records[start:stop]), 5000))
        start = stop
    assert totals(merged) == totals(records)
    rows = rows_of(pa.concat_batches(merged))
    assert len({row[:3] for row in rows}) == len(rows)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(params=["memory", "sqlite"])
def log(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[EmbeddedLog]:
    found: EmbeddedLog
    found = MemoryLog(clock) if request.param == "memory" else SqliteLog(tmp_path / "log.db", clock)
    yield found
    found.close()


def put(log: EmbeddedLog, readings: pa.RecordBatch) -> None:
    ((_, value),) = pack(readings, 1)
    log.append(READINGS.topic, Records([None], [value], partitions=[0]))


def kept(outbox: LogOutbox) -> list[pa.RecordBatch]:
    """The readings of all records that are there for the line."""
    outbox.clock.sleep(0.03)
    found = outbox.read(READINGS, 0, 2**30)
    assert [r.offset for r in found] == sorted(r.offset for r in found)
    return [unpack([r.value or b""])[0] for r in found]


def filled(
    log: EmbeddedLog, clock: ManualClock, policy: str, minutes: int = 30
) -> tuple[LogOutbox, OutboxRoom, list[pa.RecordBatch]]:
    """An outbox that holds what it may, nearly."""
    records = made(random.Random(1), minutes)
    size = sum(len(value) for readings in records for _, value in pack(readings, 1))
    settings = EdgeSettings.model_validate({"full": policy, "outbox_bytes": 106 * size // 100})
    outbox = LogOutbox(log, settings, clock)
    outbox.tend()
    outbox.new_epoch("first")
    for readings in records:
        put(log, readings)
        clock.sleep(5)
    clock.sleep(300)
    return outbox, OutboxRoom(outbox, settings), records


def test_thinning_makes_room_and_keeps_the_energy(log: EmbeddedLog, clock: ManualClock) -> None:
    outbox, room, records = filled(log, clock, "thin")
    before = room.waiting_bytes
    outbox.may_have_sent(READINGS, 40, 80)
    assert room.state == "enough"
    assert room.make() and room.state == "thinning"
    while room.make():
        pass
    assert room.state == "enough"
    assert room.waiting_bytes < 0.8 * before
    assert room.readings > 0
    readings = kept(outbox)
    assert totals(readings) == totals(records)
    found = {r.offset: r for r in outbox.read(READINGS, 0, 2**30)}
    assert set(range(40, 80)) <= found.keys(), "what may have been sent is never merged"
    assert all(BACKFILL[0] in r.headers for o, r in found.items() if o >= len(records))
    assert not outbox.unsent().touches(40, 80) or outbox.unsent().count()
    assert outbox.lost(READINGS, 0, 40) == 0
    assert outbox.lost(READINGS, 30, 50) == 10, "those are there, or were lost"


def test_what_was_merged_is_merged_after_a_start_too(log: EmbeddedLog, clock: ManualClock) -> None:
    outbox, room, records = filled(log, clock, "thin")
    while room.make():
        pass
    outbox.close()
    again = LogOutbox(log, EdgeSettings(), clock)
    again.tend()
    assert totals(kept(again)) == totals(records)
    assert again.lost(READINGS, 0, 10) == 0


def test_block_takes_nothing_more_and_goes_on_by_itself(
    log: EmbeddedLog, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox, room, records = filled(log, clock, "block")
    with pytest.raises(Overloaded):
        for readings in records:
            put(log, readings)
            SYSTEM.sleep(0.02)  # that it is full is known half a second later
    SYSTEM.sleep(LOOK_S + 0.05)
    assert not room.make() and room.state == "full"
    assert "the outbox is full" in capsys.readouterr().err
    with pytest.raises(Overloaded, match="wait for uplink"):
        put(log, records[2])
    with pytest.raises(Overloaded, match="edge_readings wait for uplink"):
        log.append("power_topic", Records([b"H1"], [b"x"]))
    outbox.acknowledged(READINGS, 200)
    clock.sleep(2)
    outbox.tend()
    SYSTEM.sleep(LOOK_S + 0.05)
    assert not room.make() and room.state == "enough"
    put(log, records[2])
    log.append("power_topic", Records([b"H1"], [b"x"]))
