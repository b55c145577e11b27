"""What becomes of an open alert when its rule is changed, stopped or renamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from energyguard.alerts.book import AlertBook
from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.log import EARLIEST, Log, Records, open_log
from energyguard.model.alerts import State
from energyguard.model.readings import batch_of
from energyguard.model.topics import ALERTS, METER_READINGS, RULES
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker
from tests.stream.test_worker import work
from tests.stream.windows.test_windows import START

TOPIC = METER_READINGS.name
SETTINGS = StreamSettings(snapshot="1s", idle="30s")
NOW = START + 75_000


def rule(name: str = "household-demo", **more: Any) -> ThresholdRule:
    fields: dict[str, Any] = {"window_ms": 60_000, "slide_ms": 15_000, "raise_above": 50_000_000}
    fields |= {"clear_at": fields["raise_above"]} | more
    return ThresholdRule(id=name, channels=("energy_kwh",), mode="demo", **fields)


class House:
    """A log, a clock, and a worker that is started anew as often as a test likes."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(NOW + 1_000)
        self.log: Log = open_log(f"sqlite:///{path}/log.db")
        self.rules = [rule(), rule("other", raise_above=10**15, clear_at=10**15)]
        self.settings = SETTINGS
        self.worker: Worker[Any, Any] | None = None

    def start(self, *, drain: bool = True) -> None:
        if self.worker is not None:
            (self.worker.drain if drain else self.worker.consumer.leave)()
        known = RuleBook(self.rules, [one.id for one in self.rules])
        self.worker = window_worker(self.log, known, self.settings, (TOPIC,), self.clock)
        self.run()

    def run(self, seconds: float = 2) -> None:
        assert self.worker is not None
        self.clock.sleep(seconds)
        work(self.worker)

    def send(self, device: str, times: list[int], nano: int = 30_000_000) -> None:
        batch = batch_of([device] * len(times), "energy_kwh", times, [nano] * len(times))
        packed = pack(batch, METER_READINGS.partitions)
        places = [place for place, _ in packed]
        stamps = [self.clock.now_ms()] * len(packed)
        values = [value for _, value in packed]
        self.log.append(TOPIC, Records([None] * len(packed), values, (), stamps, places))
        self.run()

    def change(self, key: str, changed: ThresholdRule | None, active: bool = True) -> None:
        value = msgspec.json.encode({"rule": changed, "active": active}) if changed else None
        self.log.append(RULES.name, Records([key.encode()], [value]))
        self.run()

    def events(self, name: str = "household-demo") -> list[AlertEvent]:
        at = dict(self.log.positions(ALERTS.name, EARLIEST))
        found = [
            msgspec.json.decode(value or b"", type=AlertEvent)
            for part in self.log.read(at, 10_000, 0)
            for value in part.values
        ]
        return [event for event in found if event.rule == name]

    def told(self, name: str = "household-demo") -> list[State]:
        return [event.state for event in self.events(name)]

    def book(self) -> AlertBook:
        book = AlertBook()
        for event in self.events() + self.events("other"):
            book.tell(event, event.time_ms)
        return book

    def open_in_worker(self) -> dict[str, State]:
        assert self.worker is not None
        return {
            operator.devices[key]: State.UNKNOWN if key in watch.silent else episode.state
            for task in self.worker.tasks.values()
            for operator in (task.operator,)
            for lane in operator.lanes.values()
            for watch in lane.rule_states
            for key, episode in watch.episodes.items()
        }

    def agree(self) -> dict[str, State]:
        """What is open, as the worker has it and as the book has it; after a restart, too."""
        for _ in range(2):
            shown = {alert.device: alert.condition for alert in self.book().open()}
            assert shown == self.open_in_worker()
            self.start(drain=False)
        return shown


@pytest.fixture
def house(tmp_path: Path) -> House:
    """S2 has used 0.18 kWh in 75 s: its alert is open."""
    made = House(tmp_path)
    made.start()
    made.send("S2", [START + i * 15_000 for i in range(6)])
    assert made.told() == [State.FIRING]
    return made


@pytest.mark.parametrize(
    "changed",
    [
        {"window_ms": 300_000},
        {"window_ms": 300_000, "slide_ms": 60_000},
        {"slide_ms": 30_000},
        {"window_ms": 2 * 3_600_000},
        {"window_ms": 30_000, "slide_ms": 30_000},
        {"raise_above": 100_000_000, "clear_at": 100_000_000},
        {"severity": "critical"},
    ],
)
def test_an_alert_goes_on_while_its_rule_still_holds_it(
    house: House, changed: dict[str, Any]
) -> None:
    house.change("household-demo", rule(**changed))
    first, *later = house.events()
    assert {event.id for event in later} == {first.id}
    assert [event.state for event in later] == [State.FIRING]
    assert house.agree() == {"S2": State.FIRING}
    alert = house.book().get(first.id)
    assert (alert.window_start_ms, alert.window_end_ms) == (
        first.window_start_ms,
        first.window_end_ms,
    )
    house.clock.sleep(8_000)  # longer than any window and the lateness, but it speaks
    house.send("S2", [house.clock.now_ms() - i * 15_000 for i in range(8)][::-1], nano=1)
    assert house.told()[-1] is State.RESOLVED
    assert house.agree() == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"raise_above": 10**12, "clear_at": 10**12},
        {"window_ms": 15_000},  # 0.03 kWh in each: none is above the level
    ],
)
def test_an_alert_that_its_rule_no_longer_holds_is_over_and_says_why(
    house: House, changed: dict[str, Any]
) -> None:
    house.change("household-demo", rule(**changed))
    assert house.told() == [State.FIRING, State.RESOLVED]
    last = house.events()[-1]
    assert last.reason == "the rule was changed"
    assert "the rule was changed" in last.about
    assert "the rule was changed" in house.book().get(last.id).sentence
    assert house.agree() == {}


@pytest.mark.parametrize("renamed", [False, True])
def test_a_stopped_rules_alert_is_over_and_says_so(house: House, renamed: bool) -> None:
    house.change("household-demo", rule(), active=False)
    if renamed:
        house.change("demo-2", rule("demo-2"))
    assert house.told() == [State.FIRING, State.RESOLVED]
    assert house.events()[-1].reason == "the rule was stopped"
    assert house.told("demo-2") == ([State.FIRING] if renamed else [])


def test_a_rule_gone_from_its_file_is_a_stopped_one(house: House) -> None:
    house.rules = house.rules[1:]
    house.start()
    assert house.told() == [State.FIRING, State.RESOLVED]
    assert house.events()[-1].reason == "the rule was stopped"
    assert house.agree() == {}


def test_a_rule_that_runs_again_has_its_alert_again(house: House) -> None:
    house.change("household-demo", rule(), active=False)
    house.change("household-demo", rule())
    assert house.told() == [State.FIRING, State.RESOLVED, State.FIRING]
    assert house.agree() == {"S2": State.FIRING}


@pytest.mark.parametrize("lateness", ["2m", "20m"])
def test_another_lateness_leaves_an_alert_as_it_is(house: House, lateness: str) -> None:
    house.settings = StreamSettings(snapshot="1s", idle="30s", lateness=lateness)
    house.start()
    assert house.told() == [State.FIRING]
    assert house.agree() == {"S2": State.FIRING}
    house.clock.sleep(8_000)
    house.send("S2", [house.clock.now_ms() - i * 15_000 for i in range(8)][::-1], nano=1)
    assert house.told().count(State.RESOLVED) == 1
    assert house.agree() == {}


def test_a_silent_device_stays_unknown_whatever_its_rule_becomes(house: House) -> None:
    house.clock.sleep(360)
    house.run()
    assert house.told()[-1] is State.UNKNOWN
    house.change("household-demo", rule(window_ms=300_000))
    house.clock.sleep(7_200)
    house.run()
    house.change("household-demo", rule(window_ms=900_000))
    assert set(house.told()[1:]) == {State.UNKNOWN}
    assert house.agree() == {"S2": State.UNKNOWN}
    unreached = rule(window_ms=900_000, raise_above=10**12, clear_at=10**12)
    house.change("household-demo", unreached)
    assert house.told()[-1] is State.RESOLVED
    assert house.agree() == {}


@pytest.mark.parametrize("away", [400, 1_000, 7_200, 90_000])
def test_a_silent_device_alone_in_its_partition_is_unknown_until_it_speaks(
    house: House, away: int
) -> None:
    """The worker was not there meanwhile: the silence and many windows end at one place."""
    house.clock.sleep(away)
    house.start()
    house.clock.sleep(60)
    house.run()
    assert State.RESOLVED not in house.told()
    assert house.told()[-1] is State.UNKNOWN
    assert house.agree() == {"S2": State.UNKNOWN}
    now = house.clock.now_ms()
    house.send("S2", [now], nano=1)
    assert house.agree() == {"S2": State.FIRING}  # it speaks; nobody knows yet what it uses
    house.clock.sleep(720)
    house.send("S2", [now + 15_000 * (1 + i) for i in range(48)], nano=1)
    assert house.told()[-1] is State.RESOLVED


def test_an_alert_keeps_its_name_when_a_window_is_longer_than_what_is_held(house: House) -> None:
    """The past is read again from the log: an alert older than that is still the same."""
    for k in range(40):
        house.clock.sleep(240)
        house.send("S2", [NOW + 15_000 + (16 * k + i) * 15_000 for i in range(16)])
    assert house.told() == [State.FIRING] * len(house.told())
    house.change("household-demo", rule(window_ms=3 * 3_600_000, slide_ms=15_000))
    assert len({event.id for event in house.events()}) == 1
    assert house.agree() == {"S2": State.FIRING}
