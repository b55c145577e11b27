"""Rules by where devices stand: the revision of the catalogue is pinned in the log."""

from __future__ import annotations

import random
from typing import Any

import pytest

from energyguard.catalogue.owner import CatalogueOwner
from energyguard.clock import ManualClock
from energyguard.log import EARLIEST, Log, Records
from energyguard.log.records import decoded
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.topics import (
    ALERTS,
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
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog
from tests.stream.test_worker import SETTINGS, fill, read_all, work

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
        self.owner, self.ticks = CatalogueOwner({}), 0
        self.put("site/campus", Site(name="Campus"))
        self.put("site/floor", Site(name="Floor 2", parent="campus"))
        self.put("device/H001", Device(name="Oven", site="floor"))

    def put(self, key: str, entry: Entry) -> None:
        """What the catalogue's owner does with a request."""
        history = self.owner._entries.get(key)
        request = CatalogueRequest(
            id=f"r{self.owner.revision}", entry=entry,
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
        fill(self.log, self.ticks + ticks, self.ticks, devices=6)
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
    assert worker.stage.catalogue.revision == 0  # type: ignore[attr-defined]  # nobody read it


def lived(campus: Campus, rng: random.Random | None = None) -> Campus:
    """Some hours with changes; with ``rng`` the worker is replaced now and then."""
    worker = campus.worker(raise_above=120, clear_at=110)
    for site in ("floor", "elsewhere", "campus", "floor"):
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
