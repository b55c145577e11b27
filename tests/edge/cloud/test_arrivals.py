"""What came on lines, as the log gets it: packed anew, marked, and each device its edge's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from energyguard.codecs.records import pack, unpack
from energyguard.edge.cloud.arrivals import Arrivals, Unpacked
from energyguard.edge.cloud.cloud_end import Arrived
from energyguard.edge.protocol.messages import LineBatch
from energyguard.log import Log, Records
from energyguard.model.readings import BACKFILL, batch_of
from energyguard.model.topics import (
    ALERTS,
    DEAD_LETTERS,
    EDGE_DEVICES,
    EDGE_READINGS,
    partition_for,
)
from energyguard.records.dead_letters import DeadLetterHeaders
from energyguard.settings.tree import WireSettings
from energyguard.testing import MemoryLog

Headers = tuple[tuple[str, bytes], ...]


def readings(devices: list[str], first_ms: int = 1_757_203_200_000, n: int = 3) -> pa.RecordBatch:
    names = np.repeat(devices, n)
    times = first_ms + 5_000 * np.tile(np.arange(n), len(devices))
    return batch_of(pa.array(names), "power_kw", times, np.arange(len(names)) * 1_000)


def came(
    edge: str, *batches: pa.RecordBatch, backfill: bool = False, headers: tuple[Headers, ...] = ()
) -> Arrived:
    values = tuple(value for batch in batches for _, value in pack(batch, 1))
    return arrived(edge, EDGE_READINGS.name, (None,) * len(values), values, backfill, headers)


def arrived(
    edge: str,
    topic: str,
    keys: tuple[bytes | None, ...],
    values: tuple[bytes | None, ...],
    backfill: bool = False,
    headers: tuple[Headers, ...] = (),
) -> Arrived:
    n = len(values)
    batch = LineBatch("e", 1, "c", topic, 0, 0, n, backfill, (), keys, values, headers, (0,) * n)
    return Arrived(edge, batch)


def wrote(log: Log, found: Unpacked) -> dict[str, list[Records]]:
    """What the log is given, by topic; it has it then."""
    outputs: dict[str, list[Records]] = {}
    for topic, records in found.outputs:
        log.append(topic, records)
        outputs.setdefault(topic, []).append(records)
    return outputs


def rows(outputs: dict[str, list[Records]], past: bool = False) -> list[tuple[str, int, int]]:
    found = []
    for records in outputs.get(EDGE_READINGS.name, []):
        for value, headers, partition in zip(
            records.values, records.headers, records.partitions, strict=True
        ):
            batch, _ = unpack([value or b""])
            assert (headers == BACKFILL) or headers == ()
            for row in batch.to_pylist():
                assert partition_for(row["device"].encode(), 8) == partition
                if (headers == BACKFILL) is past:
                    found.append((row["device"], row["time"].timestamp(), row["value"]))
    return found


def letters(outputs: dict[str, list[Records]]) -> list[DeadLetterHeaders]:
    return [
        DeadLetterHeaders.decode(headers)
        for records in outputs.get(DEAD_LETTERS.name, [])
        for headers in records.headers
    ]


def test_readings_of_all_edges_are_packed_by_the_clouds_partitions() -> None:
    log = MemoryLog()
    arrivals = Arrivals(log, WireSettings())
    a, b = readings([f"A{i}" for i in range(20)]), readings([f"B{i}" for i in range(20)])
    found = arrivals.unpacked([came("A", a.slice(0, 30), a.slice(30)), came("B", b)])
    assert found.readings == {"A": 60, "B": 60}
    assert sorted(found.devices["A"]) == sorted(f"A{i}" for i in range(20))
    outputs = wrote(log, found)
    (records,) = outputs[EDGE_READINGS.name]
    assert len(records) <= 8  # not a record for each that came
    got = rows(outputs)
    assert len(got) == 120
    for device in ("A3", "B7"):
        mine = [row for row in got if row[0] == device]
        assert mine == sorted(mine)
    assert letters(outputs) == []


def test_backlog_and_what_was_of_the_past_before_keep_their_mark() -> None:
    log = MemoryLog()
    arrivals = Arrivals(log, WireSettings())
    first, old, both = readings(["A"]), readings(["B"]), readings(["C"])
    found = arrivals.unpacked(
        [
            came("E", first),
            came("E", old, backfill=True),
            came("E", both, readings(["D"]), headers=(BACKFILL, (("tick", b"1"),))),
        ]
    )
    outputs = wrote(log, found)
    assert {device for device, *_ in rows(outputs)} == {"A", "D"}
    assert {device for device, *_ in rows(outputs, past=True)} == {"B", "C"}


def test_a_device_belongs_to_the_edge_that_first_sent_it_until_that_is_forgotten() -> None:
    log = MemoryLog()
    arrivals = Arrivals(log, WireSettings())
    wrote(log, arrivals.unpacked([came("E1", readings(["H1", "H2"]))]))
    for _ in range(2):  # and who starts again knows it from the log
        arrivals = Arrivals(log, WireSettings())
        outputs = wrote(log, arrivals.unpacked([came("E2", readings(["H1", "H3"]))]))
        assert {device for device, *_ in rows(outputs)} == {"H3"}
        (letter,) = letters(outputs)
        assert "'H1' belongs to edge 'E1', and edge 'E2' sent it" in letter.reason
        assert (letter.source, letter.topic, letter.rows) == ("edge:E2", EDGE_READINGS.name, "3")
        (records,) = outputs[DEAD_LETTERS.name]
        assert (records.values[0] or b"").count(b"H1") == 3
    arrivals.refresh()
    assert arrivals.devices() == {"E1": ["H1", "H2"], "E2": ["H3"]}
    for topic, gone in arrivals.released({"E1"}):
        log.append(topic, gone)
    arrivals.refresh()
    assert arrivals.devices() == {"E2": ["H3"]}
    outputs = wrote(log, arrivals.unpacked([came("E2", readings(["H1"]))]))
    assert len(rows(outputs)) == 3


def test_two_edges_that_send_a_new_device_at_once_do_not_share_it() -> None:
    log = MemoryLog()
    found = Arrivals(log, WireSettings()).unpacked(
        [came("E1", readings(["H"])), came("E2", readings(["H"], n=2))]
    )
    outputs = wrote(log, found)
    assert len(rows(outputs)) == 3
    assert [letter.rows for letter in letters(outputs)] == ["2"]
    assert found.devices == {"E1": ["H"]}
    assert len(outputs[EDGE_DEVICES.name]) == 1


def test_alerts_travel_as_they_are_and_those_of_anothers_device_do_not() -> None:
    log = MemoryLog()
    arrivals = Arrivals(log, WireSettings())
    wrote(log, arrivals.unpacked([came("E1", readings(["H1"]))]))
    arrivals.refresh()
    batch = arrived("E2", ALERTS.name, (b"H1", b"H9"), (b"{1}", b"{2}"))
    outputs = wrote(log, arrivals.unpacked([batch]))
    (records,) = outputs[ALERTS.name]
    assert (list(records.keys), list(records.values)) == ([b"H9"], [b"{2}"])
    assert [letter.shape for letter in letters(outputs)] == ["alert"]


def test_what_is_no_packed_record_costs_its_neighbours_nothing() -> None:
    log = MemoryLog()
    good = pack(readings(["H1"]), 1)[0][1]
    batch = arrived(
        "E1", EDGE_READINGS.name, (None,) * 3, (good[:20], good, b"\x01\xff\xff\xff\xff junk")
    )
    outputs = wrote(log, Arrivals(log, WireSettings()).unpacked([batch]))
    assert len(rows(outputs)) == 3
    assert [letter.verdict for letter in letters(outputs)] == ["malformed", "malformed"]


def test_an_edge_writes_to_no_other_topic() -> None:
    log = MemoryLog()
    batch = arrived("E1", "energyguard.rules", (b"x",), (b"{}",))
    outputs = wrote(log, Arrivals(log, WireSettings()).unpacked([batch]))
    assert [*outputs] == [DEAD_LETTERS.name]
    assert "may not write" in letters(outputs)[0].reason
