"""Bays as they are now: from the newest signals at once, and from what the worker says of them."""

from __future__ import annotations

from contextlib import closing
from itertools import product
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from energyguard.clock import ManualClock
from energyguard.codecs import RefusedRow
from energyguard.domains.charging.codec import SHAPE, message
from energyguard.domains.charging.live.bays import Bays
from energyguard.domains.charging.live.stations import StationProjection
from energyguard.domains.charging.live.views import BayView
from energyguard.domains.charging.model import ParkingLimits, Signal, SignalKind
from energyguard.domains.charging.records.stations import BayNow, Charger
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.domains.charging.topics import CHARGERS, SIGNALS
from energyguard.log import EARLIEST, Records, open_log
from energyguard.log.dead_letters import dead_letters
from energyguard.model.readings import Verdict
from energyguard.model.topics import DEAD_LETTERS
from energyguard.service.intake.dead_letters import Letters
from energyguard.service.intake.intake import Reception
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import Settings, StreamSettings, WireSettings
from tests.domains.charging.test_session_worker import quiet, send
from tests.waiting import until

NOON = 1_716_120_000
ANNA = "anna567890123456"


def one(second: int, kind: SignalKind, who: str = "", amount: int = 0) -> Signal:
    return Signal("charger-7", NOON + second, kind, who, amount)


STAY = [
    one(0, SignalKind.ARRIVE, "AB12CD34"),
    one(2, SignalKind.CONNECT, ANNA, 550_000_000),
    one(4, SignalKind.START, amount=22_000_000_000),
    one(30, SignalKind.STOP),
    one(30, SignalKind.DISCONNECT, ANNA, 550_000_000),
    one(33, SignalKind.LEAVE, "AB12CD34"),
]
SEEN = [
    ("parked", "parked", None, None),
    ("parked", "connected", None, None),
    ("charging", "charging", 22, 121),  # six minutes of 22 kW at 0.55 EUR
    ("parked", "charged", None, 524),
    ("parked", "unplugged", None, 524),
    ("free", "free", None, None),
]


@pytest.mark.parametrize("told", range(len(STAY)))
def test_the_newest_signal_says_what_a_bay_is(told: int) -> None:
    bays = Bays(ParkingLimits())
    for signal in STAY[: told + 1]:
        bays.take_signal(signal, signal.second * 1000)
    after_s = 6 if told == 2 else 1
    (view,) = bays.views((STAY[told].second + after_s) * 1000)
    assert (view.state, view.detail, view.power_kw, view.cost_cents) == SEEN[told]
    assert view.since_ms == STAY[told].second * 1000


def test_what_comes_late_changes_nothing() -> None:
    bays = Bays(ParkingLimits())
    for signal in (STAY[4], STAY[3], STAY[5], STAY[0]):
        bays.take_signal(signal, signal.second * 1000)
    assert view_of(bays).detail == "free"


def view_of(bays: Bays, second: int = 36) -> BayView:
    (view,) = bays.views((NOON + second) * 1000)
    return view


def test_the_worker_adds_what_no_signal_tells() -> None:
    bays = Bays(ParkingLimits())
    for signal in STAY[:5]:
        bays.take_signal(signal, signal.second * 1000)
    told = BayNow(
        charger="charger-7",
        topic=SIGNALS.name,
        state="unplugged",
        since=NOON + 30,
        stay="charger-7/1/0",
        start_parking=NOON,
        violation="Long parking after recharging",
    )
    bays.take_bay(told, 0)
    assert view_of(bays).state == "overstaying"
    bays.take_signal(STAY[5], 0)
    assert (view_of(bays).state, view_of(bays).violation) == ("free", "")
    bays.take_bay(told, 0)  # it comes later than the leave
    assert view_of(bays).state == "free"
    bays.take_signal(replace(STAY[0], second=NOON + 40), (NOON + 40) * 1000)
    bays.take_bay(told, 0)
    assert view_of(bays, 44).state == "parked"


def test_a_time_that_is_up_is_seen_at_once() -> None:
    bays = Bays(ParkingLimits(before_s=10, after_s=6))
    bays.take_signal(STAY[0], NOON * 1000)
    assert [view_of(bays, second).state for second in (10, 11)] == ["parked", "overstaying"]
    for signal in STAY[1:5]:
        bays.take_signal(signal, signal.second * 1000)
    assert [view_of(bays, second).state for second in (36, 37)] == ["parked", "overstaying"]


def test_a_refused_message_is_a_fault_until_a_good_one_comes() -> None:
    bays = Bays(ParkingLimits())
    bays.take_signal(STAY[0], 0)
    bays.take_fault(b'{"charger_id":"charger-7"}', "none of the three shapes")
    bays.take_fault(b'{"charger_id":"charger-8"}', "unknown")
    bays.take_fault(b"what", "no JSON")
    assert (view_of(bays).state, view_of(bays).detail) == ("faulty", "none of the three shapes")
    bays.take_signal(STAY[1], (NOON + 2) * 1000)
    assert view_of(bays, 3).state == "parked"


def test_one_wrong_clock_moves_nobodys_time() -> None:
    bays = Bays(ParkingLimits())
    bays.take_signal(STAY[0], NOON * 1000)
    bays.take_signal(Signal("charger-8", NOON, SignalKind.ARRIVE, "ZZ"), NOON * 1000)
    bays.take_signal(Signal("charger-9", NOON + 10**7, SignalKind.ARRIVE, "ZZ"), NOON * 1000)
    assert bays.event_ms((NOON + 5) * 1000) == (NOON + 5) * 1000
    bays.take_signal(Signal("charger-8", NOON + 10**7, SignalKind.LEAVE, "ZZ"), NOON * 1000)
    assert bays.event_ms(NOON * 1000) == (NOON + 10**7) * 1000


def test_stations_count_their_bays_and_know_where_they_are() -> None:
    bays = Bays(ParkingLimits())
    for number in (10, 9, 7):
        bays.take_charger(
            Charger(
                charger=f"charger-{number}",
                station="Opera" if number > 8 else "Harbour",
                latitude=45.0,
                longitude=9.0,
                topic=SIGNALS.name,
            )
        )
    bays.take_charger(Charger(charger="50914/1", station="Lochee"))  # imported: it sends nothing
    bays.take_signal(STAY[0], 0)
    views = bays.views(0)
    assert [view.charger for view in views] == ["charger-7", "charger-9", "charger-10"]
    harbour, opera = bays.stations(views)
    assert (harbour.station, harbour.bays, harbour.free, harbour.parked) == ("Harbour", 1, 0, 1)
    assert (opera.station, opera.bays, opera.free, opera.latitude) == ("Opera", 2, 2, 45.0)


def test_it_follows_signals_and_the_worker_on_a_real_log(tmp_path: Path) -> None:
    clock = ManualClock(NOON * 1000)
    log = open_log(f"sqlite:///{tmp_path}/log.db", clock)
    told = list(signals(6, 4, NOON, 200, TIMINGS["listed"]))
    send(log, told)
    worker = session_worker(log, ChargingSettings(), StreamSettings(), clock)
    quiet(clock, 40, worker)
    listed = Charger(charger="charger-3", station="Opera", topic=SIGNALS.name)
    log.append(CHARGERS.name, Records([b"charger-3"], [msgspec.json.encode(listed)]))
    stations = StationProjection(log, Settings(data_dir=tmp_path), clock)
    stations.start()
    try:
        until(lambda: len(stations.bays()) == 6)
        until(lambda: any(bay.violation for bay in stations.bays()))
        assert [one.station for one in stations.bays("Opera")] == ["Opera"]
        leaves = Signal("charger-3", NOON + 300, SignalKind.LEAVE, "AB12CD34")
        send(log, [leaves])
        until(lambda: stations.bays("Opera")[0].detail == "free")
        assert stations.event_ms() == (NOON + 300) * 1000
        assert not stations.fault
    finally:
        stations.close()
        log.close()


def test_refused_signals_are_taken_again_when_they_can_be(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    good = message(STAY[0])
    rows = [RefusedRow(1, Verdict.MALFORMED, "charger_id", "not listed", good)]
    rows.append(RefusedRow(1, Verdict.MALFORMED, "message", "no JSON", b"what"))
    letters = dead_letters(rows, ["here"] * 2, SIGNALS.name, [SHAPE] * 2)
    log.append(DEAD_LETTERS.name, letters)
    kept = Letters(log)
    receipt = Reception(log, WireSettings()).take_again(kept.chosen(None, None))
    assert (receipt.accepted, receipt.malformed) == (1, 1)
    (part,) = log.read(dict(log.positions(SIGNALS.name, EARLIEST)), 99, 0)
    assert (part.partition, part.keys, part.values) == (7, [b"charger-7"], [good])
    assert kept.count() == 3  # what is still bad is a new letter
    log.close()


YEARS = 5 * 365 * 86_400


def at(charger: str, second: int, kind: SignalKind = SignalKind.ARRIVE) -> Signal:
    return Signal(charger, NOON + second, kind, "AB12CD34", 0)


def test_a_charger_with_a_clock_of_the_future_shows_what_it_sends_when_it_is_right_again() -> None:
    bays = Bays(ParkingLimits())
    bays.take_signal(at("c1", 0), 0)
    bays.take_signal(at("c2", 10), 0)
    bays.take_signal(at("c2", YEARS, SignalKind.LEAVE), 0)
    assert bays.event_ms(0) == (NOON + 10) * 1000
    bays.take_signal(at("c2", 30), 0)
    assert [bay.detail for bay in bays.views(0)] == ["parked", "parked"]
    assert bays.event_ms(0) == (NOON + 30) * 1000


def test_the_first_charger_that_speaks_may_be_wrong() -> None:
    bays = Bays(ParkingLimits())
    bays.take_signal(at("c1", YEARS), 0)
    bays.take_signal(at("c2", 0), 0)
    assert bays.event_ms(0) == NOON * 1000
    bays.take_signal(at("c1", YEARS + 5, SignalKind.LEAVE), 0)
    assert bays.event_ms(0) == NOON * 1000


def test_two_chargers_are_believed_and_one_that_is_behind_changes_nothing() -> None:
    bays = Bays(ParkingLimits())
    for charger in ("c1", "c2"):
        bays.take_signal(at(charger, 0), 0)
    for charger in ("c1", "c2"):
        bays.take_signal(at(charger, YEARS), 0)
    bays.take_signal(at("c3", 0), 0)
    assert bays.event_ms(0) == (NOON + YEARS) * 1000


def test_a_charger_has_its_bay_or_one_for_each_plug() -> None:
    bays = Bays(ParkingLimits())
    for charger in ("charger-7/2", "charger-7/1", "charger-77", "charger-8"):
        bays.take_signal(replace(one(0, SignalKind.ARRIVE, "AB12CD34"), charger=charger), 0)

    def found(charger: str) -> list[str]:
        return [bay.charger for bay in bays.of_charger(0, charger)]

    assert found("charger-7") == ["charger-7/1", "charger-7/2"]
    assert found("charger-7/2") == ["charger-7/2"]
    assert found("charger-8") == ["charger-8"]
    assert found("charger") == []


@pytest.mark.parametrize("listed_first", [True, False])
def test_a_listed_charger_of_plugs_has_no_bay_beside_them(listed_first: bool) -> None:
    bays, listed = (
        Bays(ParkingLimits()),
        Charger(charger="c-7", station="s", latitude=52.5, longitude=13.4, topic="signals"),
    )
    if listed_first:
        bays.take_charger(listed)
        assert [bay.charger for bay in bays.views(0)] == ["c-7"]
    for plug in ("c-7/1", "c-7/2"):
        bays.take_signal(at(plug, 9), 0)
    bays.take_charger(listed)
    assert [bay.charger for bay in bays.views(0)] == ["c-7/1", "c-7/2"]
    assert [bay.charger for bay in bays.of_charger(0, "c-7")] == ["c-7/1", "c-7/2"]
    (station,) = bays.stations(bays.views(0))
    assert (station.station, station.bays, station.free, station.parked) == ("s", 2, 0, 2)
    assert (station.latitude, station.longitude) == (52.5, 13.4)
    bays.take_fault(b'{"charger_id":"c-7","connector_id":2}', "malformed: no time")
    assert [bay.state for bay in bays.views(0)] == ["parked", "faulty"]
    bays.take_signal(at("c-7", 10), 0)  # it tells of itself, too: it has a bay of its own
    assert [bay.charger for bay in bays.views(0)] == ["c-7", "c-7/1", "c-7/2"]


def test_who_sees_a_charger_sees_its_plugs(tmp_path: Path) -> None:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.db'}")) as log:
        stations = StationProjection(log, Settings(data_dir=tmp_path), ManualClock(0))
    for name in ("c-1", "c-2", "c-2/2"):
        stations._bays.take_charger(Charger(charger=name, station="s"))
    for name, plug in product(("c-1", "c-2", "c-3"), (1, 2)):
        stations._bays.take_signal(at(f"{name}/{plug}", 9), 0)
    assert len(stations.bays()) == 6
    some = stations.of_some({"charger:default/c-1", "charger:default/c-2/2"})
    assert some.names({"charger:default/c-1"}) == {"c-1", "c-1/1", "c-1/2"}
    assert [bay.charger for bay in some.bays()] == ["c-1/1", "c-1/2", "c-2/2"]
