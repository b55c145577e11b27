"""How long what came waits for the history."""

from __future__ import annotations

from energyguard.clock import ManualClock
from energyguard.log import LATEST, Records
from energyguard.model.topics import ENERGY_READINGS, METER_READINGS
from energyguard.pipeline import ARCHIVE
from energyguard.service.backlog import backlog_ms
from energyguard.testing import MemoryLog

NOW_MS = 1_800_000_000_000


def test_it_is_the_age_of_the_oldest_record_that_the_history_has_not_read() -> None:
    log, clock = MemoryLog(), ManualClock(NOW_MS)
    assert backlog_ms(log, clock) == 0
    for topic, age_ms in ((ENERGY_READINGS, 9_000), (METER_READINGS, 40_000)):
        log.append(topic.name, Records([b"a"], [b"1"], timestamps_ms=[NOW_MS - age_ms]))
    assert backlog_ms(log, clock) == 40_000
    member = log.join(ARCHIVE.group, [METER_READINGS.name])
    with log.transaction(member) as transaction:
        transaction.move(log.positions(METER_READINGS.name, LATEST))
    assert backlog_ms(log, clock) == 9_000
