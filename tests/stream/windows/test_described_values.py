"""What people say of a channel of energy counts for rules about values, as it does for windows."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from energyguard.catalogue import Catalogue
from energyguard.codecs.records import pack
from energyguard.log import Records
from energyguard.model.catalogue import ChannelFacts, Device, Entry, Site
from energyguard.model.quantities import to_nano
from energyguard.model.readings import batch_of
from energyguard.model.topics import ENERGY_READINGS
from energyguard.offline.evaluate import evaluate
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.demand import DemandRule
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import Rule
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.detector import detector_worker
from tests.stream.test_catalogue_rules import Campus
from tests.stream.test_worker import SETTINGS, work
from tests.stream.windows.test_windows import START

MINUTE_MS, QUARTER = 60_000, 15
RULE = DemandRule(
    id="contract", channels=("power_kw",), raise_above=to_nano(2), clear_at=to_nano(2)
)
SOLAR = Device(name="Solar", channels={"power_kw": ChannelFacts(sign="export")})
Told = list[tuple[str, str, int]]


def power(minute: int) -> int:
    """Each second quarter of an hour has more than the contract."""
    return to_nano(3) if minute // QUARTER % 2 else to_nano(1)


def send(campus: Campus, since: int, until: int) -> None:
    """Two meters send each minute."""
    for minute in range(since, until):
        times = [START + minute * MINUTE_MS] * 2
        batch = batch_of(["H001", "H002"], "power_kw", times, [power(minute)] * 2)
        packed = pack(batch, ENERGY_READINGS.partitions)
        places = [place for place, _ in packed]
        records = Records([None] * len(packed), [value for _, value in packed], partitions=places)
        campus.log.append(ENERGY_READINGS.name, records)


def detector(campus: Campus, rule: Rule = RULE) -> Worker[Any, Any]:
    book = RuleBook([rule], [rule.id])
    return detector_worker(campus.log, book, SETTINGS, [ENERGY_READINGS.name], campus.clock)


def told(events: list[AlertEvent]) -> Told:
    """Device, state and minute."""
    return sorted((e.device, e.state.value, (e.time_ms - START) // MINUTE_MS) for e in events)


def lived(*, restarts: bool) -> Campus:
    """One of two is said to feed in after 50 minutes, in a quarter in which it is told."""
    campus = Campus()
    at_work = detector(campus)
    for since, until in ((0, 20), (20, 50), (50, 60), (60, 150)):
        send(campus, since, until)
        campus.clock.sleep(1.5)
        work(at_work)
        if restarts:
            at_work.consumer.leave()
            at_work = detector(campus)
        if until == 50:
            campus.put("device/H001", SOLAR)
            work(at_work)
    return campus


def test_a_description_counts_from_its_place_in_the_log_and_after_a_restart() -> None:
    whole, broken = lived(restarts=False), lived(restarts=True)
    assert told(broken.events()) == told(whole.events())
    assert whole.pinned() == broken.pinned() == [3, 4]
    firing = {
        name: [at for device, state, at in told(whole.events()) if (device, state) == name]
        for name in (("H001", "firing"), ("H002", "firing"))
    }
    assert [at // QUARTER for at in firing["H002", "firing"]] == [1, 3, 5, 7, 9]
    assert [at // QUARTER for at in firing["H001", "firing"]] == [1, 3]


def test_files_with_the_catalogue_have_what_the_stream_has(tmp_path: Path) -> None:
    """What is fed in is no demand, and hours are those of Delhi, where the other one stands."""
    campus, catalogue, rule = Campus(), Catalogue(), RULE.with_fields(period_ms=60 * MINUTE_MS)
    entries: dict[str, Entry] = {
        "device/H001": SOLAR,
        "site/delhi": Site(name="Delhi", zone="Asia/Kolkata"),
        "device/H002": Device(name="Hob", site="delhi"),
    }
    for key, entry in entries.items():
        campus.put(key, entry)
        catalogue.see(key, entry, "test")
    send(campus, 0, 100)
    work(detector(campus, rule))
    path, out = tmp_path / "power.csv", io.BytesIO()
    rows = [
        f"{_at(minute)},{device},{power(minute) / 10**9}"
        for minute in range(100)
        for device in ("H001", "H002")
    ]
    path.write_text("\n".join(["time,device,power_kw", *rows]) + "\n")
    found = evaluate(rule, [path], out, episodes=True, catalogue=catalogue)
    assert not found.refused
    events = [msgspec.json.decode(line, type=AlertEvent) for line in out.getvalue().splitlines()]
    mine = [event for event in events if event.rule == RULE.id]
    assert told(mine) == told(campus.events())
    assert [(d, at) for d, state, at in told(mine) if state == "firing"] == [("H002", 45)]


def _at(minute: int) -> str:
    moment = datetime.fromtimestamp(START / 1000 + minute * 60, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def test_who_looks_at_no_energy_decides_nothing() -> None:
    campus = Campus()
    campus.put("device/H001", SOLAR)
    level = StateRule(
        id="volts", channels=("voltage_v",), raise_above=to_nano(232), clear_at=to_nano(230)
    )
    send(campus, 0, 5)
    work(detector(campus, level))
    assert campus.pinned() == []


def test_a_site_s_other_zone_counts_from_its_place_in_the_log() -> None:
    """Delhi's hours begin at :30 of those of UTC, which hold of who stands nowhere."""
    campus = Campus()
    at_work = detector(campus, RULE.with_fields(period_ms=60 * MINUTE_MS))
    send(campus, 0, 60)
    for site in (Site(name="The campus"), Site(name="The campus", zone="Asia/Kolkata")):
        work(at_work)
        assert campus.pinned() == [3]  # of a name no rule knows
        campus.put("site/campus", site)
        campus.clock.sleep(1.5)
    work(at_work)
    send(campus, 60, 200)
    work(at_work)
    assert campus.pinned() == [3, 5]
    firing = [(name, at) for name, state, at in told(campus.events()) if state == "firing"]
    assert firing == [
        *(("H001", at) for at in (15, 105, 165)),
        *(("H002", at) for at in (15, 75, 135, 195)),
    ]
