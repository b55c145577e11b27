"""Who ever sent: seen live, and asked of the history once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from energyguard.clock import ManualClock
from energyguard.errors import Unavailable
from energyguard.log import LATEST
from energyguard.model.topics import ENERGY_READINGS
from energyguard.service.intake.senders import AGAIN_S, Senders
from energyguard.service.live.readings import LiveReadings
from energyguard.testing import MemoryLog
from tests.service.made import send


class Past:
    """A history that is away at first."""

    def __init__(self) -> None:
        self.asked = 0

    def query(self, name: str, device: str) -> pa.Table:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("the history is not there")
        return pa.table({"device": ["old"], "channel": ["power_kw"], "topic": ["meter_readings"]})


def test_who_sends_is_met_once() -> None:
    past, clock = Past(), ManualClock(0)
    live: dict[str, list[str]] = {"energy_readings": ["H1"]}

    def behind(taken: Mapping[str, int]) -> Mapping[str, Sequence[str]]:
        return {topic: names[taken.get(topic, 0) :] for topic, names in live.items()}

    senders = Senders(behind, past.query, clock)
    assert list(senders.new()) == [("H1", "energy_readings")]
    assert past.asked == 0  # nobody waits for it
    assert list(senders.new(5.0)) == []  # it is away
    live["energy_readings"].append("H2")
    live["meter_readings"] = ["M1"]
    assert list(senders.new(5.0)) == [("H2", "energy_readings"), ("M1", "meter_readings")]
    assert past.asked == 1  # not again at once
    clock.sleep(AGAIN_S)
    assert list(senders.new(5.0)) == [("old", "meter_readings")]
    clock.sleep(AGAIN_S)
    assert list(senders.new(5.0)) == []
    assert past.asked == 2  # it has answered


def test_live_readings_know_who_came_after_whom() -> None:
    live, log = LiveReadings(60_000), MemoryLog()
    at = dict.fromkeys(log.positions(ENERGY_READINGS.name, LATEST), 0)
    for rows, taken, new in (
        ([("H1", 1, 0.1), ("H2", 1, 0.1)], 0, {"H1", "H2"}),
        ([("H2", 2, 0.1), ("H3", 2, 0.1)], 2, {"H3"}),
    ):
        send(log, *rows)
        fetched = log.read(at, 100, 0)
        at |= {part.at: part.next_offset for part in fetched}
        live.take(fetched, 3_000)
        found = live.senders({ENERGY_READINGS.name: taken})
        assert set(found[ENERGY_READINGS.name]) == new
