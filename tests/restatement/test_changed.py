"""The spans that late readings change: which records count, and what is one span."""

from __future__ import annotations

import pytest

from energyguard.codecs.records import pack
from energyguard.log import EARLIEST, Records, TopicPartition
from energyguard.model.readings import batch_of
from energyguard.model.topics import DAY_MS, LATE
from energyguard.restatement.changed import ChangedSpan, ChangedSpans
from energyguard.testing import MemoryLog
from tests.restatement.made import START

AT = TopicPartition("energy_readings", 3)


def taken(
    verdict: str, topic: str = AT.topic, channel: str = "energy_kwh", *, backfills: bool = False
) -> list[ChangedSpan]:
    log = MemoryLog()
    ((_, value),) = pack(batch_of(["H1"], channel, [START], [1]), 1)
    headers = (
        ("verdict", verdict.encode()), ("topic", topic.encode()), ("partition", b"3"),
        ("offset", b"0"),
    )  # fmt: skip
    log.append(LATE.name, Records([None], [value], [headers]))
    spans = ChangedSpans()
    for part in log.read(log.positions(LATE.name, EARLIEST), 10, 0):
        spans.take(part, backfills=backfills)
    return list(spans)


@pytest.mark.parametrize("verdict", ["late", "accepted"])
def test_what_came_behind_closed_windows_changes_something(verdict: str) -> None:
    assert taken(verdict) == [ChangedSpan(AT, "H1", "energy_kwh", START, START)]


@pytest.mark.parametrize("verdict", ["duplicate", "conflicting", "ahead"])
def test_what_never_counts_changes_nothing(verdict: str) -> None:
    assert taken(verdict) == []


def test_replays_and_levels_change_nothing() -> None:
    assert taken("late", "replay.august") == []
    assert len(taken("late", "replay.august", backfills=True)) == 1
    assert taken("late", channel="voltage_v") == []


def test_a_span_is_of_the_record_that_counts_among_others() -> None:
    log = MemoryLog()
    packed = [pack(batch_of([name], "energy_kwh", [START], [1]), 1)[0][1] for name in ("H1", "H2")]
    place = ("topic", AT.topic.encode()), ("partition", b"3"), ("offset", b"0")
    headers = [(("verdict", verdict), *place) for verdict in (b"duplicate", b"late")]
    log.append(LATE.name, Records([None] * 2, packed, headers, partitions=[0, 0]))
    spans = ChangedSpans()
    for part in log.read(log.positions(LATE.name, EARLIEST), 10, 0):
        spans.take(part)
    assert list(spans) == [ChangedSpan(AT, "H2", "energy_kwh", START, START)]
    assert spans.places == {TopicPartition(LATE.name, 0): 1}


def test_what_is_near_each_other_is_one_span() -> None:
    spans, at = ChangedSpans(), TopicPartition(LATE.name, 0)
    for day, offset in ((0, 9), (10, 5), (1, 7)):
        ms = START + day * DAY_MS
        spans.put(ChangedSpan(AT, "H1", "energy_kwh", ms, ms), {at: offset})
    found = {(span.from_ms - START) // DAY_MS: span for span in spans}
    assert sorted(found) == [0, 10]
    assert found[0].to_ms == START + DAY_MS
    assert spans.places == {at: 5}
    assert spans.pop(found[10]) == {at: 5}
    assert spans.places == {at: 7}
