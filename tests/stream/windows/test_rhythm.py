"""A device is silent by its own rhythm and delay: three usual steps, `stream.silent` at least."""

from __future__ import annotations

import csv
import gzip
import random
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from energyguard.model.alerts import State
from energyguard.model.readings import ReadingBatch, batch_from, batch_of
from energyguard.records.alerts import AlertEvent
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.snapshot import dump, load
from tests.stream.windows.test_windows import START, rule
from tests.thorough import first_of

CASES = Path(__file__).parents[2] / "cases" / "meters"
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
Row = tuple[str, int]


def every(device: str, step_ms: int, until_ms: int, since_ms: int = 0) -> list[Row]:
    return [(device, START + t) for t in range(since_ms, until_ms, step_ms)]


def batch(rows: list[Row]) -> ReadingBatch:
    device, time = zip(*rows, strict=True)
    return batch_from(batch_of(device, "energy_kwh", time, [1] * len(rows)))


def silences(rows: list[Row], cuts: list[int] | None = None) -> list[AlertEvent]:
    """What a partition says of silences; at each cut a snapshot is restored."""
    windows = WindowOperator("replay.t", [rule(900_000, 10**15)])
    found: list[AlertEvent] = []
    kept: dict[str, bytes] = {}
    for a, b in pairwise([0, *(cuts or range(500, len(rows), 500)), len(rows)]):
        found += windows.process(batch(rows[a:b])).events
        if cuts is not None:
            saved = kept | windows.snapshot()
            kept = {name: data for name, data in saved.items() if data is not None}
            windows = WindowOperator("replay.t", [rule(900_000, 10**15)])
            windows.restore(kept)
    return [event for event in found if event.rule == "silence"]


def of(rows: list[Row], device: str) -> list[tuple[State, int]]:
    return [(e.state, e.time_ms - START) for e in silences(in_order(rows)) if e.device == device]


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row[1], row[0]))


def test_slow_meters_among_fast_ones_are_not_silent() -> None:
    with gzip.open(CASES / "case57_slow_among_fast.csv.gz", "rt") as lines:
        table = list(csv.DictReader(lines))
    times = [datetime.fromisoformat(row["timestamp"]).timestamp() for row in table]
    rows = [(row["device"], int(s * 1000)) for row, s in zip(table, times, strict=True)]
    assert silences(rows) == []


@pytest.mark.parametrize("minutes", [15, 30, 60, 120, 1440])
def test_a_slow_meter_is_not_silent_between_its_readings(minutes: int) -> None:
    until = max(DAY_MS // 2, 5 * minutes * MINUTE_MS)
    rows = every("slow", minutes * MINUTE_MS, until) + every("fast", 5 * MINUTE_MS - 1, until)
    assert of(rows, "slow") == []


def test_a_meter_of_uneven_steps_is_waited_for_by_its_long_ones() -> None:
    rows = every("uneven", HOUR_MS, DAY_MS) + every("uneven", HOUR_MS, DAY_MS, 10 * MINUTE_MS)
    assert of(rows + every("fast", MINUTE_MS, DAY_MS), "uneven") == []


def test_an_outage_of_an_hourly_meter_is_noticed_after_three_hours() -> None:
    rows = every("hourly", HOUR_MS, 12 * HOUR_MS) + every("fast", MINUTE_MS, 20 * HOUR_MS)
    assert of(rows, "hourly") == [(State.UNKNOWN, 14 * HOUR_MS)]
    back = [*rows, ("hourly", START + 18 * HOUR_MS)]
    assert of(back, "hourly")[1:] == [(State.RESOLVED, 18 * HOUR_MS)]


def test_a_fast_device_is_silent_after_the_setting() -> None:
    rows = every("fast", 15_000, 600_000) + every("other", MINUTE_MS, HOUR_MS)
    assert of(rows, "fast") == [(State.UNKNOWN, 585_000 + 300_000)]


def test_a_pause_does_not_change_the_rhythm() -> None:
    rows = every("fast", 15_000, 600_000) + every("fast", 15_000, 2_700_000, 2_400_000)
    rows += every("other", MINUTE_MS, 2 * HOUR_MS)
    states = [state for state, _ in of(rows, "fast")]
    assert states == [State.UNKNOWN, State.RESOLVED, State.UNKNOWN]


@pytest.mark.parametrize("times", [1, 2])
def test_who_sent_once_or_twice_is_noticed_a_day_later(times: int) -> None:
    rows = every("new", 15_000, 15_000 * times) + every("other", 10 * MINUTE_MS, 30 * HOUR_MS)
    rows += every("third", 10 * MINUTE_MS, 30 * HOUR_MS)
    assert of(rows, "new") == [(State.UNKNOWN, 26 * HOUR_MS + 15_000 * (times - 1))]


def test_old_news_of_a_silent_device_leaves_its_silence_as_it_is() -> None:
    """The silence that ends is the one that began: one alert, not two."""
    rows = in_order(every("A", 15_000, 600_000) + every("B", MINUTE_MS, HOUR_MS))
    rows += [("A", START + 900_000), ("B", START + HOUR_MS), ("A", START + HOUR_MS + 1)]
    found = [(e.id, e.state) for e in silences(rows) if e.device == "A"]
    assert [state for _, state in found] == [State.UNKNOWN, State.RESOLVED]
    assert len({alert for alert, _ in found}) == 1


def test_a_meter_that_brings_yesterday_each_morning_is_never_silent() -> None:
    rows = with_yesterdays(quick(4 * DAY_MS), days=4)
    assert silences(rows) == []
    backwards = [*rows]
    for at in range(len(rows) - 47):
        if {device for device, _ in rows[at : at + 48]} == {"daily"}:
            backwards[at : at + 48] = rows[at : at + 48][::-1]
    assert backwards != rows
    assert silences(backwards) == []


def test_a_meter_that_stops_bringing_yesterday_is_noticed_within_its_delay_and_rhythm() -> None:
    rows = with_yesterdays(quick(9 * DAY_MS), days=6)
    found = [(e.device, e.state, e.time_ms - START) for e in silences(rows)]
    last, patience = 5 * DAY_MS - HOUR_MS // 2, 30 * HOUR_MS + 3 * HOUR_MS // 2
    assert found == [("daily", State.UNKNOWN, last + patience)]


def quick(until_ms: int) -> list[Row]:
    """Two meters of 5 min: one alone could not say what time it is."""
    return every("M1", 5 * MINUTE_MS, until_ms) + every("M2", 5 * MINUTE_MS, until_ms, 7_000)


def with_yesterdays(rows: list[Row], days: int) -> list[Row]:
    """Beside others, a meter that brings 48 half hours at six each morning but the first."""
    found = in_order(rows)
    for day in range(1, days):
        six = START + day * DAY_MS + 6 * HOUR_MS
        at = next(i for i, (_, time) in enumerate(found) if time >= six) + 1
        half_hours = range((day - 1) * DAY_MS, day * DAY_MS, HOUR_MS // 2)
        found[at:at] = [("daily", START + t) for t in half_hours]
    return found


def quarter_hours(rng: random.Random, meters: int, days: int) -> list[Row]:
    """Meters of 15 min by clocks of their own, each with a pause of 40 min a day."""
    comes: list[tuple[int, Row]] = []
    for meter in range(meters):
        pause = rng.randrange(10, 80)
        for slot in range(days * 96):
            at = slot * 15 * MINUTE_MS
            if slot % 96 in (pause, pause + 1):
                if slot % 96 == pause:
                    continue
                at += 10 * MINUTE_MS
            stamp = at + rng.randrange(-2 * MINUTE_MS, 2 * MINUTE_MS)
            comes.append((at + rng.randrange(MINUTE_MS), (f"Q{meter}", START + stamp)))
    return [row for _, row in sorted(comes)]


def test_quarter_hours_with_jitter_and_a_daily_pause_are_no_silence() -> None:
    rows = quarter_hours(random.Random(5), meters=8, days=3)
    assert silences(rows) == []
    stops = START + 2 * DAY_MS
    found = silences([(name, time) for name, time in rows if name != "Q3" or time < stops])
    assert [(e.device, e.state) for e in found] == [("Q3", State.UNKNOWN)]
    assert stops + 20 * MINUTE_MS < found[0].time_ms < stops + HOUR_MS


def over_level(
    rows: list[tuple[str, int, int]],
) -> tuple[list[tuple[str, int, int]], list[AlertEvent]]:
    """Windows of 15 min over 2 kWh, and alerts, of readings in log order."""
    windows = WindowOperator("replay.t", [rule(900_000, 2 * 10**9)])
    outcomes = []
    for at in range(0, len(rows), 2000):
        device, time, value = zip(*rows[at : at + 2000], strict=True)
        outcomes.append(windows.process(batch_from(batch_of(device, "energy_kwh", time, value))))
    outcomes.append(windows.advance(windows.clock.newest + 3 * DAY_MS, end=True))
    told = [
        (windows.devices[key], end - START, kwh)
        for outcome in outcomes
        for found in outcome.breaches
        for key, end, kwh in zip(
            found.key.tolist(), found.end_ms.tolist(), found.nano_kwh.tolist(), strict=True
        )
    ]
    return told, [event for outcome in outcomes for event in outcome.events]


def test_who_brings_yesterday_alerts_then_and_neighbours_do_not_wait() -> None:
    """Day 2 is brought at six of day 3: one of its half hours has 5 kWh."""
    noon = 2 * DAY_MS + 12 * HOUR_MS
    fast = every("M1", MINUTE_MS, 5 * DAY_MS) + every("M2", MINUTE_MS, 5 * DAY_MS, 30_000)
    much = range(START + 30 * HOUR_MS, START + 31 * HOUR_MS)
    others = [(name, t, 150_000_000 if t in much else 10**6) for name, t in in_order(fast)]
    at = {START + noon: 5 * 10**9}
    values = {(name, time): value for name, time, value in others}
    rows = [
        (name, t, values.get((name, t), at.get(t, 10**8)))
        for name, t in with_yesterdays(fast, days=5)
    ]
    (alone, events), (beside, all_events) = over_level(others), over_level(rows)
    assert len(alone) > 5
    assert [found for found in beside if found[0] != "daily"] == alone
    assert [e for e in all_events if e.device != "daily"] == events
    quarters = {end: kwh for name, end, kwh in beside if name == "daily" and not end % 900_000}
    assert quarters == {noon + 900_000: 2_500_000_000, noon + 1_800_000: 2_500_000_000}
    mine = [e for e in all_events if e.device == "daily"]
    assert [e.state for e in mine] == [State.FIRING, State.RESOLVED]
    assert mine[0].time_ms == START + noon


@pytest.mark.parametrize("seed", first_of(4))
def test_batch_borders_and_restarts_decide_nothing(seed: int) -> None:
    rng = random.Random(seed)
    rows: list[tuple[int, Row]] = []
    for device in range(5):
        time = START
        step = rng.choice([15_000, MINUTE_MS, 15 * MINUTE_MS, HOUR_MS])
        while time < START + 30 * HOUR_MS and len(rows) < 400 * (device + 1):
            time += step + rng.randrange(-2_000, 2_000)
            if rng.random() < 0.02:
                time += rng.choice([600_000, 4 * HOUR_MS])
            if rng.random() < 0.01:
                step = rng.choice([15_000, 10 * MINUTE_MS])
            late = rng.choice([0, 0, 0, rng.randrange(9 * MINUTE_MS), 2 * HOUR_MS])
            rows.append((time + late, (f"D{device}", time)))
    log = [row for _, row in sorted(rows)]
    whole = silences(log)
    assert len(whole) > 10
    for size in (1, 7, 60):
        places = range(1, len(log)) if size == 1 else sorted(rng.sample(range(1, len(log)), size))
        parts = silences(log, list(places)[:60])
        assert parts == whole


def test_a_snapshot_from_before_rhythms_were_known_is_read() -> None:
    windows = WindowOperator("replay.t", [rule(900_000, 10**15)])
    rows = in_order(every("A", 15_000, 600_000) + every("B", MINUTE_MS, HOUR_MS))
    windows.process(batch(rows))
    parts = {name: data or b"" for name, data in windows.snapshot().items()}
    names, heard, since, *_ = load(parts["devices"])
    parts["devices"] = dump([names, heard, since > 0])
    later = WindowOperator("replay.t", [rule(900_000, 10**15)])
    later.restore(parts)
    back = [("A", HOUR_MS), *(("B", HOUR_MS + k * MINUTE_MS) for k in range(10))]
    events = later.process(batch([(device, START + time) for device, time in back])).events
    assert [(e.device, e.state) for e in events] == [("A", State.RESOLVED)]
