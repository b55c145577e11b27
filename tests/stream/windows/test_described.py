"""What people say of a channel of energy counts in windows, from a place in the log on."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.codecs.records import pack
from energyguard.log import EARLIEST, Log, Records
from energyguard.log.records import decoded
from energyguard.model.catalogue import ChannelFacts, Device, Site
from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults
from energyguard.model.readings import batch_of
from energyguard.model.topics import (
    CATALOGUE,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    TIME,
)
from energyguard.records.energy_alerts import ENERGY_ALERT
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog
from tests.stream.test_catalogue_rules import Campus
from tests.stream.test_worker import SETTINGS, read_all, work
from tests.stream.windows.test_windows import START

HOUR_MS, KWH = 3_600_000, 10**9
HOURLY = ThresholdRule(
    id="hour", channels=("energy_kwh",), window_ms=HOUR_MS, slide_ms=HOUR_MS,
    raise_above=3 * KWH, clear_at=3 * KWH,
)  # fmt: skip
OVEN = Device(name="Oven", channels={"energy_kwh": ChannelFacts(stamp="end", length="1 hour")})
TOPICS = (ENERGY_READINGS.name,)


def worker(campus: Campus, energy: EnergyDefaults = ENERGY_DEFAULTS) -> Worker[Any, Any]:
    book = RuleBook([HOURLY], ["hour"])
    return window_worker(campus.log, book, SETTINGS, TOPICS, campus.clock, energy=energy)


def go(campus: Campus, worker: Worker[Any, Any], since: int, until: int) -> None:
    """Two meters send, and whatever comes of that."""
    campus.clock.sleep(1.5)
    work(worker)
    send(campus, since, until)
    campus.clock.sleep(1.5)
    work(worker)


def send(campus: Campus, since: int, until: int) -> None:
    """Two meters send 4 kWh at each second hour since the start, else 1."""
    for hour in range(since, until):
        values = [KWH if hour % 2 else 4 * KWH] * 2
        times = [START + hour * HOUR_MS] * 2
        batch = batch_of(["H001", "H002"], "energy_kwh", times, values)
        packed = pack(batch, ENERGY_READINGS.partitions)
        places = [place for place, _ in packed]
        records = Records([None] * len(packed), [value for _, value in packed], partitions=places)
        campus.log.append(ENERGY_READINGS.name, records)


def hours(log: Log) -> dict[str, list[int]]:
    """By meter the ends of the hours with 4 kWh, since the start."""
    found = defaultdict(list)
    for part in log.read(log.positions(ENERGY_ALERTS.name, EARLIEST), 10_000, 0):
        for _, alert in decoded(ENERGY_ALERT.decoder, part):
            assert alert.kwh == 4
            end = datetime.fromisoformat(alert.window_end).replace(tzinfo=UTC)
            found[alert.household_id].append((int(end.timestamp() * 1000) - START) // HOUR_MS)
    return found


def test_a_stamp_that_is_the_end_gives_windows_of_the_hour_before() -> None:
    campus = Campus()
    campus.put("device/H001", OVEN)
    send(campus, 1, 30)  # before anybody reads
    work(worker(campus))
    found = hours(campus.log)
    assert found["H001"][:12] == [*range(2, 26, 2)]
    assert found["H002"][:12] == [*range(3, 27, 2)]
    assert campus.pinned() == [4]


def test_what_holds_of_all_channels_is_a_setting_and_the_catalogue_says_otherwise() -> None:
    campus = Campus()
    facts = ChannelFacts(length="1 hour", max_power_kw=5)
    campus.put("device/H002", Device(name="Hob", channels={"energy_kwh": facts}))
    send(campus, 1, 30)
    work(worker(campus, EnergyDefaults(largest_power_w=3_000)))
    assert hours(campus.log).keys() == {"H002"}


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_what_is_said_just_before_the_first_reading_counts_for_it(steps: int) -> None:
    """Whether nothing, the decision about rules, or all of it has taken effect by then."""
    campus = Campus()
    at_work = worker(campus)
    for _ in range(steps):
        at_work.step()
    campus.put("device/H001", OVEN)
    send(campus, 2, 30)
    work(at_work)
    assert hours(campus.log)["H001"][:3] == [2, 4, 6]


def lived(*, restarts: bool) -> Campus:
    """The oven is described after twenty hours, and as it was before after forty."""
    campus = Campus()
    at_work = worker(campus)
    for since, until in pairwise((1, 10, 20, 31, 40, 70)):
        go(campus, at_work, since, until)
        if restarts:
            at_work.consumer.leave()
            at_work = worker(campus)
        if until in (20, 40):
            campus.put("device/H001", OVEN if until == 20 else Device(name="Oven"))
    return campus


def test_a_description_counts_from_its_place_in_the_log_and_a_replay_has_the_same() -> None:
    whole, broken = lived(restarts=False), lived(restarts=True)
    assert whole.pinned() == broken.pinned() == [4, 5]
    assert read_all(broken.log, ENERGY_ALERTS.name) == read_all(whole.log, ENERGY_ALERTS.name)
    found = hours(whole.log)
    assert found["H002"] == [*range(3, 68, 2)]
    stamped_at_the_end = range(18, 38, 2)  # windows that were open when it was said, too
    assert found["H001"] == [*range(3, 18, 2), *stamped_at_the_end, *range(39, 68, 2)]
    again = Campus()
    again.log = MemoryLog()
    whole.put("device/H002", OVEN)  # the catalogue has moved on meanwhile
    for topic in (CATALOGUE, ENERGY_READINGS, TIME):
        for partition, rows in read_all(whole.log, topic.name).items():
            if rows:
                keys, values = zip(*rows, strict=True)
                again.log.append(topic.name, Records(keys, values, (), (), [partition] * len(keys)))
    work(worker(again))
    before, after = (read_all(log, ENERGY_ALERTS.name) for log in (whole.log, again.log))
    assert {p: rows[: len(before[p])] for p, rows in after.items()} == before


def test_only_what_says_something_else_of_a_channel_is_decided() -> None:
    campus = Campus()
    at_work = worker(campus)
    go(campus, at_work, 1, 3)
    campus.put("device/H001", Device(name="Big oven"))
    go(campus, at_work, 3, 5)
    assert campus.pinned() == []
    campus.put("device/H001", OVEN)
    go(campus, at_work, 5, 7)
    campus.put("device/H001", Device(name="Old oven", channels=OVEN.channels))
    go(campus, at_work, 7, 9)
    assert campus.pinned() == [5]


def test_the_midnights_of_a_counter_of_today_are_those_of_its_site() -> None:
    campus = Campus()
    revisions = CatalogueRevisions(campus.log, zone="UTC")
    counter = Device(
        name="Sun", site="floor", channels={"energy_register_kwh": ChannelFacts(resets="daily")}
    )
    zones = []
    for key, entry in (
        ("device/S1", counter),
        ("site/campus", Site(name="Campus", zone="Europe/Rome")),
    ):
        campus.put(key, entry)
        revisions.refresh()
        assert revisions.described_at == revisions.revision
        channels = revisions.places_at(revisions.revision, START).channels
        zones.append(channels["S1"]["energy_register_kwh"].zone)
    assert zones == ["UTC", "Europe/Rome"]
    assert revisions.places_at(3, START).channels == {}
