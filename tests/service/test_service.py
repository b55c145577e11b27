"""The service's verbs: what page, API and CLI may do."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.clock import SYSTEM
from energyguard.codecs.refusals import MAX_REFUSED
from energyguard.errors import ConfigError, Conflict, Malformed, NotFound, Unavailable
from energyguard.model.alerts import State
from energyguard.service.service import EnergyService
from energyguard.settings.tree import RulesSettings, Settings
from energyguard.testing import MemoryLog
from tests.application.service import MadeUpService
from tests.application.world import HOMES
from tests.service.made import NOON, StandInHistory, alert_event, raise_alerts, send
from tests.waiting import until

CSV = b"timestamp,household_id,energy_kwh\n"
GOOD = CSV + b"2025-09-06T12:00:00Z,H001,0.05251\n2025-09-06T12:00:15Z,H001,0.04\n"
MIXED = (
    GOOD + b"yesterday,H001,0.1\n2025-09-06T12:00:30Z,H001,-200.2\n2025-09-06T12:00:45Z,H1,0.1\n"
)


def written(log: MemoryLog, topic: str) -> int:
    return sum(log.positions(topic, "@latest").values())


def test_one_bad_row_never_costs_its_neighbours(log: MemoryLog, service: EnergyService) -> None:
    receipt = service.take_readings(MIXED, "csv")
    assert (receipt.accepted, receipt.malformed, receipt.out_of_range) == (3, 1, 1)
    assert [(row.verdict, row.field) for row in receipt.refused][1][0] == "out-of-range"
    assert receipt.topic == "meter_readings"
    until(lambda: len(service.live.readings()) == 3)
    letters = until(lambda: service.dead_letters())
    assert [letter.original for letter in letters][-1] == "yesterday,H001,0.1"
    assert {letter.source for letter in letters} == {"api"}
    quality = until(lambda: service.quality() if service.quality().malformed else None)
    assert (quality.malformed, quality.out_of_range, quality.dead_letters) == (1, 1, 2)


def test_the_same_key_takes_once_even_after_a_restart(
    log: MemoryLog, history: StandInHistory, settings: Settings
) -> None:
    with EnergyService(log, history, settings, SYSTEM) as service:
        first = service.take_readings(MIXED, "csv", idempotency_key="k1")
        taken = written(log, "meter_readings")
    with EnergyService(log, history, settings, SYSTEM) as service:
        assert service.take_readings(MIXED, "csv", idempotency_key="k1") == first
        assert written(log, "meter_readings") == taken
        with pytest.raises(Conflict, match="another body"):
            service.take_readings(GOOD, "csv", idempotency_key="k1")
        service.take_readings(MIXED, "csv", idempotency_key="k2")
        assert written(log, "meter_readings") > taken


def test_a_megabyte_of_garbage_is_counted_and_kept(service: EnergyService) -> None:
    garbage = bytes(range(256)) * 4096
    receipt = service.take_readings(garbage)
    assert receipt.accepted == 0 and receipt.malformed > 0
    assert until(lambda: service.quality().malformed == receipt.malformed)
    assert service.quality().dead_letters == MAX_REFUSED + 1
    assert len(receipt.refused) + receipt.refused_more == receipt.malformed


def test_what_a_person_does_is_seen_at_once_and_kept(
    log: MemoryLog, history: StandInHistory, service: EnergyService
) -> None:
    raise_alerts(log, alert_event())
    until(service.book.open)
    assert service.acknowledge("a1", "mara", "oven").state is State.ACKNOWLEDGED
    before_ms = service.clock.now_ms()
    until_ms = service.silence("a1", for_ms=60_000, by="timo").silenced_until_ms or 0
    assert before_ms + 60_000 <= until_ms <= service.clock.now_ms() + 60_000
    assert service.book.get("a1").state is State.SILENCED
    assert service.unsilence("a1", by="timo").state is State.ACKNOWLEDGED
    assert len(service.book.story("a1")) == 4
    with EnergyService(log, history, service.settings) as later:
        assert later.book.find() == service.book.find()
        assert later.book.story("a1")[1:] == service.book.story("a1")[1:]


def test_what_cannot_be_done_to_an_alert(log: MemoryLog, service: EnergyService) -> None:
    with pytest.raises(NotFound):
        service.acknowledge("none", "mara")
    assert written(log, "energyguard.alert-actions") == 0
    raise_alerts(log, alert_event())
    until(service.book.open)
    for until_ms, for_ms in ((None, None), (1, 1), (1, None), (None, 0)):
        with pytest.raises(Malformed):
            service.silence("a1", until_ms, for_ms, by="mara")


def test_rules_are_switched_and_changed_for_every_service(
    log: MemoryLog, history: StandInHistory, service: EnergyService, tmp_path: Path
) -> None:
    with EnergyService(log, history, Settings(data_dir=tmp_path / "other")) as other:
        service.use_rules(["household-demo"], "mara")
        assert [rule.id for rule in service.rules.active()] == ["household-demo"]
        until(lambda: [rule.id for rule in other.rules.active()] == ["household-demo"])
        service.change_rule("household-demo", "mara", raise_above="0.07")
        until(lambda: other.rules.get("household-demo").level == 70_000_000)
    with pytest.raises(NotFound):
        service.use_rules(["none"], "mara")
    with pytest.raises(ConfigError):
        service.change_rule("household-demo", "mara", raise_above="a lot")


def test_a_device_is_held_to_a_limit_of_its_own(
    log: MemoryLog, history: StandInHistory, tmp_path: Path
) -> None:
    (tmp_path / "volts.toml").write_text(
        '[[rule]]\nkind = "state"\nid = "v"\nchannels = ["voltage_v"]\nraise_above = "253"\n'
    )
    rules = RulesSettings(files=(tmp_path / "volts.toml",), use=("v",))
    settings = Settings(data_dir=tmp_path, rules=rules)
    with EnergyService(log, history, settings) as service:
        service.change_rule("v", "mara", "p1", raise_above="240")
        with pytest.raises(ConfigError, match="p1: clear_at is above"):
            service.change_rule("v", "mara", "p1", clear_at="241")
    with EnergyService(log, history, settings) as later:
        assert later.rules.get("v").of("p1").level == 240 * 10**9
        assert later.rules.edits("v")["p1"].by == "mara"
        later.reset_rule("v", "timo", "p1")
        assert later.rules.get("v").of("p1").level == 253 * 10**9
    assert written(log, "energyguard.rules") == 2


def test_dead_letters_page_backwards_and_are_taken_in_again(
    log: MemoryLog, service: EnergyService
) -> None:
    service.take_readings(CSV + b"".join(b"bad,H%03d,0.1\n" % n for n in range(5)), "csv")
    newest = service.dead_letters(limit=2)
    assert [letter.offset for letter in newest] == [4, 3]
    assert [letter.offset for letter in service.dead_letters(limit=9, before=3)] == [2, 1, 0]
    assert service.dead_letter(0).original == "bad,H000,0.1"
    with pytest.raises(NotFound, match="0 to 4"):
        service.dead_letter(5)
    receipt = service.replay_dead_letters([1, 2])
    assert (receipt.accepted, receipt.malformed) == (0, 2)
    assert service.replay_dead_letters(reason="no such reason").malformed == 0
    assert len(service.dead_letters()) == 7


def test_a_letter_that_can_be_read_now_is_a_reading(log: MemoryLog, service: EnergyService) -> None:
    """As when a codec has learned something since."""
    from energyguard.codecs import RefusedRow
    from energyguard.intake.gateway import Gateway
    from energyguard.model.readings import Verdict

    row = b"2025-09-06T12:00:00Z,H001,0.05"
    letter = RefusedRow(1, Verdict.MALFORMED, "row", "once it was", row)
    Gateway(log).refuse([letter], topic="energy_readings", source="api", shape="csv")
    receipt = service.replay_dead_letters()
    assert (receipt.accepted, receipt.topic) == (1, "energy_readings")


def test_overview_with_and_without_history(
    log: MemoryLog, history: StandInHistory, service: EnergyService
) -> None:
    send(log, ("H001", 0, 0.01), ("H001", 15, 0.01))
    raise_alerts(log, alert_event())
    until(lambda: service.live.readings() and service.book.open())
    away = service.overview()
    assert away.kwh_today is None
    assert (round(away.kw_now or 0, 6), away.devices) == (2.4, 1)
    assert (away.open_alerts, away.firing) == (1, 1)
    assert away.readings_per_minute >= 1
    history.answers["totals"] = pa.table({"kwh": [0.02], "readings": [2]})
    with EnergyService(log, history, service.settings) as later:
        until(later.live.readings)
        assert later.overview().kwh_today == 0.02
        assert history.asked[-1][1]["start_ms"] == NOON - 12 * 3_600_000


def test_health_says_what_is_wrong(history: StandInHistory, service: EnergyService) -> None:
    health = service.health()
    assert health.ready  # history may be away: readings still come in and alerts go out
    assert health.parts["history"] == "history: not there"
    history.answers["totals"] = pa.table({"kwh": [0.0]})
    assert set(service.health().parts.values()) == {"ok"}


def test_questions_go_to_the_history(history: StandInHistory, service: EnergyService) -> None:
    with pytest.raises(Unavailable):
        service.query("top", n=3)
    history.answers["top"] = pa.table({"device": ["H001"]})
    assert service.query("top", n=3).num_rows == 1


def test_today_is_a_day_of_the_readings(log: MemoryLog, service: EnergyService) -> None:
    assert service.consumption.span("today").start_ms > NOON  # by the wall clock, so far
    send(log, ("H001", 0, 0.05))
    until(lambda: service.live.newest_ms())
    assert service.live.data_ms() == NOON
    assert str(service.consumption.span("yesterday")) == "2025-09-05"


def test_today_leaves_out_any_number_of_simulated_devices() -> None:
    service = MadeUpService()
    gone = frozenset({"H001", *(f"simulated-{n}" for n in range(10_000))})
    service.live.apart = lambda among=None: gone  # type: ignore[method-assign]
    kwh = service.overview().kwh_today
    query, given = service.past.asked[-1]
    assert query == "consumption"
    assert sum(len(str(value)) for value in given.values()) < 1_000  # it stands in an address
    borders = [int(border) for border in given["borders"].split(",")]
    others = [f"device/{home}" for home in HOMES if home != "H001"]
    used = service.consumption.between(others, borders).values()
    assert kwh == sum(energy.between(*borders) for energy in used) / 1e9
