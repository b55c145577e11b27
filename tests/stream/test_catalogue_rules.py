"""Rules by where devices stand: the revision of the catalogue is pinned in the log."""

from __future__ import annotations

import random
from typing import Any

import pytest

from energyguard.catalogue.owner import CatalogueOwner
from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.log import EARLIEST, Log, Records
from energyguard.log.records import decoded
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.readings import batch_of
from energyguard.model.topics import (
    ALERTS,
    BUILDING_READINGS,
    CATALOGUE,
    CATALOGUE_CHANGES,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    TIME,
)
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.records.catalogue import CATALOGUE_REQUEST, CatalogueRequest
from energyguard.records.decisions import DECISION
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import LEFT
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog
from tests.stream.test_worker import SETTINGS, fill, read_all, work
from tests.stream.windows.test_windows import START

TOPICS = ("energy_readings",)
LIMIT = ThresholdRule(
    id="site", channels=("energy_kwh",), window_ms=60_000, slide_ms=15_000, raise_above=40,
    clear_at=40, selector="site=campus",
)  # fmt: skip


def book(**changed: Any) -> RuleBook:
    return RuleBook([LIMIT.with_fields(**changed)], ["site"])


class Campus:
    """A log with a catalogue that people change, and a worker."""

    def __init__(self) -> None:
        self.log: Log = MemoryLog()
        self.clock = ManualClock(1_000_000_000_000)
        self.owner, self.ticks, self.devices = CatalogueOwner({}), 0, 6
        self.put("site/campus", Site(name="Campus"))
        self.put("site/floor", Site(name="Floor 2", parent="campus"))
        self.put("device/H001", Device(name="Oven", site="floor"))

    def put(self, key: str, entry: Entry, from_ms: int | None = None) -> None:
        """What the catalogue's owner does with a request."""
        history = self.owner._entries.get(key)
        request = CatalogueRequest(
            id=f"r{self.owner.revision}", entry=entry, from_ms=from_ms,
            based_on=history.versions[-1].revision if history else 0,
        )  # fmt: skip
        wanted = MemoryLog()
        record = Records([key.encode()], [CATALOGUE_REQUEST.encode(request)])
        wanted.append(CATALOGUE_CHANGES.name, record)
        fetched = wanted.read(wanted.positions(CATALOGUE_CHANGES.name, EARLIEST), 9, 0)
        for name, value in self.owner.take(fetched).items():
            self.log.append(CATALOGUE.name, Records([name.encode()], [value]))

    def worker(self, **changed: Any) -> Worker[Any, Any]:
        return window_worker(self.log, book(**changed), SETTINGS, TOPICS, self.clock)

    def go(self, worker: Worker[Any, Any], ticks: int) -> None:
        """So many more readings of each device, and whatever comes of them."""
        self.clock.sleep(1.5)
        work(worker)
        fill(self.log, self.ticks + ticks, self.ticks, self.devices)
        self.ticks += ticks
        self.clock.sleep(1.5)
        work(worker)

    def events(self) -> list[AlertEvent]:
        parts = self.log.read(self.log.positions(ALERTS.name, EARLIEST), 10_000, 0)
        return [event for part in parts for _, event in decoded(ALERT_EVENT.decoder, part)]

    def pinned(self) -> list[int]:
        """The revisions that were decided, of any partition."""
        parts = self.log.read(self.log.positions(TIME.name, EARLIEST), 10_000, 0)
        decisions = [d for part in parts for _, d in decoded(DECISION.decoder, part)]
        return sorted({d.catalogue for d in decisions if d.catalogue is not None})


@pytest.fixture
def campus() -> Campus:
    return Campus()


def test_who_leaves_a_site_leaves_its_rule_and_who_comes_is_judged(campus: Campus) -> None:
    worker = campus.worker()
    campus.go(worker, 12)
    assert {event.device for event in campus.events()} == {"H001"}
    campus.put("device/H001", Device(name="Oven", site="elsewhere"))
    campus.put("device/H002", Device(name="Hob", site="campus"))
    campus.go(worker, 12)
    ended = [event for event in campus.events() if event.reason]
    assert [(event.device, event.reason) for event in ended] == [
        ("H001", "it is none of the rule's devices any more")
    ]
    assert ended[0].about.startswith("H001: it is none of the rule's devices any more (site: kwh>")
    after = campus.events()[campus.events().index(ended[0]) + 1 :]
    assert {event.device for event in after} == {"H002"}


def test_only_what_changes_an_answer_is_decided(campus: Campus) -> None:
    worker = campus.worker()
    campus.go(worker, 4)
    assert campus.pinned() == [3]
    campus.put("device/H001", Device(name="Big oven", site="floor"))
    campus.put("device/H099", Device(name="Never sent", site="floor"))
    campus.put("site/floor", Site(name="Second floor", parent="campus"))
    campus.go(worker, 4)
    assert campus.pinned() == [3]
    campus.put("site/floor", Site(name="Second floor"))  # is no part of the campus any more
    campus.go(worker, 4)
    assert campus.pinned() == [3, 7]


def test_rules_about_ids_and_about_all_need_no_catalogue(campus: Campus) -> None:
    worker = campus.worker(selector="id=H00[12]")
    campus.go(worker, 12)
    assert campus.pinned() == []
    assert {event.device for event in campus.events()} == {"H001", "H002"}


def lived(campus: Campus, rng: random.Random | None = None) -> Campus:
    """Some hours with changes; with ``rng`` the worker is replaced now and then."""
    worker = campus.worker(raise_above=120, clear_at=110)
    campus.put("device/H004", Device(name="Fan", site="campus"), from_ms=START + 50 * 15_000)
    campus.put("device/H005", Device(name="Sun", site="floor"), from_ms=START + 80 * 15_000)
    for site in ("floor", "elsewhere", "campus", "floor"):
        gone_ms = START + (campus.ticks + 20) * 15_000 if site == "elsewhere" else None
        campus.put("device/H003", Device(name="Old", site="campus", retired_ms=gone_ms))
        campus.put("device/H002", Device(name="Hob", site=site))
        campus.go(worker, 30)
        if rng is not None:  # half of them leave their successor a replay
            (worker.drain if rng.random() < 0.5 else worker.consumer.leave)()
            campus.put("device/H001", Device(name=f"Oven {rng.random()}", site="floor"))
            worker = campus.worker(raise_above=120, clear_at=110)
    work(worker)
    return campus


@pytest.mark.parametrize("seed", range(2))
def test_restarts_change_nothing(seed: int) -> None:
    whole, broken = lived(Campus()), lived(Campus(), random.Random(seed))
    assert len(whole.events()) > 10
    for topic in (ALERTS, ENERGY_ALERTS):
        assert read_all(broken.log, topic.name) == read_all(whole.log, topic.name)


def test_a_log_is_replayed_by_the_catalogue_as_it_was() -> None:
    """The catalogue has moved on meanwhile: what comes out of the log is the same."""
    recorded = lived(Campus())
    recorded.put("device/H001", Device(name="Oven", site="elsewhere"))
    recorded.put("device/H005", Device(name="New", site="campus"))
    again = Campus()
    again.log = MemoryLog()
    for topic in (CATALOGUE, ENERGY_READINGS, TIME):
        for partition, rows in read_all(recorded.log, topic.name).items():
            if rows:
                keys, values = zip(*rows, strict=True)
                places = [partition] * len(keys)
                again.log.append(topic.name, Records(keys, values, (), (), places))
    work(again.worker(raise_above=120, clear_at=110))
    before, after = read_all(recorded.log, ALERTS.name), read_all(again.log, ALERTS.name)
    assert {p: rows[: len(before[p])] for p, rows in after.items()} == before


BORDER = START + 7 * 15_000 + 1
"""Between two readings of each device."""


def moves(campus: Campus) -> Campus:
    """What is said before it comes: the oven leaves at a border, and the hob comes."""
    campus.put("device/H001", Device(name="Oven", site="elsewhere"), from_ms=BORDER)
    campus.put("device/H002", Device(name="Hob", site="floor"), from_ms=BORDER)
    campus.put("device/H003", Device(name="Fan", site="campus"), from_ms=BORDER + 60_000)
    campus.put("site/floor", Site(name="Floor 2"), from_ms=BORDER + 150_000)  # is no part any more
    return campus


def test_who_moves_at_an_event_time_counts_there_from_then_on(campus: Campus) -> None:
    worker = moves(campus).worker()
    campus.go(worker, 24)
    found = campus.events()
    (left,) = [e for e in found if e.device == "H001" and e.reason]
    assert (left.time_ms, left.reason) == (BORDER, LEFT)
    assert max(e.time_ms for e in found if e.device == "H001") == BORDER
    assert BORDER <= min(e.time_ms for e in found if e.device == "H002") < BORDER + 60_000
    (gone,) = [e for e in found if e.device == "H002" and e.reason]
    assert gone.time_ms == BORDER + 150_000
    assert min(e.time_ms for e in found if e.device == "H003") >= BORDER + 60_000
    assert {e.device for e in found} == {"H001", "H002", "H003"}


def test_however_readings_come_devices_move_at_the_same_place() -> None:
    """All at once, one after another, and with workers that die: the same events in order."""
    lives = []
    for step, dies in ((24, False), (1, False), (3, True)):
        campus = moves(Campus())
        worker = campus.worker()
        campus.clock.sleep(1.5)
        work(worker)
        for _ in range(0, 24, step):
            campus.go(worker, step)
            if dies:
                worker.consumer.leave()
                worker = campus.worker()
        work(worker)
        lives.append([read_all(campus.log, topic.name) for topic in (ALERTS, ENERGY_ALERTS)])
        assert campus.pinned() == [7]
    assert lives[0] == lives[1] == lives[2]


def test_a_move_of_later_is_known_before_its_time_comes(campus: Campus) -> None:
    worker = campus.worker()
    campus.go(worker, 2)
    assert campus.pinned() == [3]
    moves(campus)
    campus.go(worker, 2)
    assert campus.pinned() == [3, 7]
    campus.go(worker, 20)
    assert [e.time_ms for e in campus.events() if e.device == "H001" and e.reason] == [BORDER]
    assert campus.pinned() == [3, 7]


def test_who_nobody_entered_is_what_its_id_says(campus: Campus) -> None:
    """A floor is one by its id and its topic; a home of the same id in another topic is none."""
    rule = LIMIT.with_fields(selector="kind=floor site=building")
    topics = (BUILDING_READINGS.name, ENERGY_READINGS.name)
    worker = window_worker(campus.log, RuleBook([rule], ["site"]), SETTINGS, topics, campus.clock)
    campus.clock.sleep(1.5)
    work(worker)
    for topic, device in ((BUILDING_READINGS, "p4"), (ENERGY_READINGS, "p5")):
        for tick in range(12):
            batch = batch_of([device], "energy_kwh", [START + tick * 15_000], [50])
            packed = pack(batch, topic.partitions)
            places = [place for place, _ in packed]
            records = Records([None], [value for _, value in packed], partitions=places)
            campus.log.append(topic.name, records)
    work(worker)
    assert {event.device for event in campus.events()} == {"p4"}


def test_windows_that_close_before_a_move_are_judged_where_the_device_stood() -> None:
    """Also where they close by a reading of long after it."""
    found = []
    for move_ms in (None, START + 60 * 15_000):
        campus = Campus()
        if move_ms is not None:
            campus.put("device/H001", Device(name="Oven", site="elsewhere"), from_ms=move_ms)
        worker = campus.worker()
        campus.go(worker, 8)
        late = pack(batch_of(["H001"], "energy_kwh", [START + 99 * 15_000], [0]), 8)
        places = [place for place, _ in late]
        records = Records([None], [value for _, value in late], partitions=places)
        campus.log.append(ENERGY_READINGS.name, records)
        campus.clock.sleep(1.5)
        work(worker)
        rows = [row for rows in read_all(campus.log, ENERGY_ALERTS.name).values() for row in rows]
        found.append([value for key, value in rows if key == b"H001"])
    assert len(found[0]) >= 8
    assert found[0] == found[1]
