"""What worker and border report, folded for whoever looks."""

from __future__ import annotations

from energyguard.log import Fetched
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress
from energyguard.service.live.reports import Reports


def progress(*said: PartitionProgress) -> Fetched:
    n = len(said)
    keys = [each.key for each in said]
    values = [PARTITION_PROGRESS.encode(each) for each in said]
    return Fetched("energyguard.progress", 0, range(n), keys, values, [()] * n, [0] * n)


def test_a_topic_has_come_as_far_as_the_newest_of_its_partitions() -> None:
    reports = Reports()
    one = PartitionProgress(topic="meter_readings", partition=0, newest_ms=5_000)
    two = PartitionProgress(topic="meter_readings", partition=1, newest_ms=3_000)
    quiet = PartitionProgress(topic="energy_readings", partition=0)
    assert reports.take_progress(progress(one, two, quiet)) == [one, two, quiet]
    assert reports.judged_ms == {"meter_readings": 5_000}
    later = PartitionProgress(topic="meter_readings", partition=1, newest_ms=6_000)
    reports.take_progress(progress(later))
    assert reports.judged_ms == {"meter_readings": 6_000}
