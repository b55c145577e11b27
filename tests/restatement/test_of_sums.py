"""Alerts of sums that late or corrected readings of one part make or unmake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import structlog

from energyguard.cli.run import doctor_log
from energyguard.clock import ManualClock
from energyguard.log import EARLIEST, Records
from energyguard.model.catalogue import Device, Site, Term
from energyguard.model.quantities import NANO
from energyguard.model.topics import CORRECTIONS, LATE
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.restatement import subject
from energyguard.restatement.comparison import is_withdrawn
from energyguard.restatement.restater import Restater
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import STOPPED
from energyguard.rules.toml import table_of, written_table
from energyguard.stream.sums.stage import sum_worker
from energyguard.stream.windows.stage import window_worker
from energyguard.telemetry import METRICS
from tests.restatement.made import (
    MINUTE,
    SETTINGS,
    START,
    TOPIC,
    PlainHistory,
    Row,
    alert_lines,
    alerts_of,
    append,
    holding,
    restate,
)
from tests.restatement.test_restater import mixed_up
from tests.stream.test_catalogue_rules import Campus
from tests.stream.test_worker import work

HOMES = ("H1", "H2", "H3", "H4", "H5")


class CorrectedHistory(PlainHistory):
    """Without what H2 used 40 minutes after ``START``."""

    def query(self, name: str, **given: object) -> pa.Table:
        """Answer a question."""
        if name == "devices":
            ends = {"first": START, "last": START + 120 * MINUTE}
            row = {name: datetime.fromtimestamp(ms / 1000, UTC) for name, ms in ends.items()}
            return pa.Table.from_pylist([{"topic": TOPIC, "channel": "energy_kwh", **row}])
        found = super().query(name, **given)
        if name != "fold_rows" or given["device"] != "H2":
            return found
        return found.filter([ms != START + 40 * MINUTE for ms in found["ms"].to_pylist()])


class Street(Campus):
    """Five homes, a rule about the sum of some, and the workers that follow it."""

    def __init__(
        self, above_kwh: float, of: str = "house", history: type[PlainHistory] = PlainHistory
    ) -> None:
        super().__init__()
        self.history = history(self.log)
        self.put("site/street", Site(name="Street"))
        for home in HOMES:
            self.put(f"device/{home}", Device(name=home, site="street"))
        parts = [Term(device=home, minus=home == "H5") for home in HOMES]
        self.put("device/house", Device(name="House", terms=tuple(parts)))
        self.rule = ThresholdRule(
            id="sum", channels=("energy_kwh", "energy_register_kwh"), window_ms=15 * MINUTE,
            slide_ms=MINUTE, raise_above=round(above_kwh * NANO), clear_at=round(above_kwh * NANO),
            selector=f"id={of}",
        )  # fmt: skip

    def book(self) -> RuleBook:
        return RuleBook([self.rule], [self.rule.id])

    def follow(self) -> None:
        """Let workers go through all that there is."""
        settings = SETTINGS.stream
        workers: list[Any] = [
            window_worker(self.log, self.book(), settings, [TOPIC], self.clock),
            sum_worker(self.log, self.book(), settings, self.clock),
        ]
        for worker in workers:
            work(worker)
            worker.drain()

    def restated(self) -> Restater:
        self.history.catch_up()
        one = Restater(self.log, self.history, SETTINGS, self.book(), ManualClock(START))  # type: ignore[arg-type]
        restate(one)
        return one


def homes(minutes: range, without: tuple[str, int] = ("", 0)) -> list[Row]:
    """All at a tenth a minute: three more than what the fifth takes away."""
    return [(home, m, 0.1) for m in minutes for home in HOMES if (home, m) != without]


@pytest.mark.parametrize(("of", "homes_counted"), [("house", 3), ("site/street", 5)])
def test_a_late_reading_of_a_part_makes_an_alert_of_the_sum(of: str, homes_counted: int) -> None:
    street = Street(above_kwh=1.5 * homes_counted + 0.5, of=of)
    append(street.log, homes(range(120), without=("H2", 30)))
    append(street.log, [("H2", 30, 1.0)])
    street.follow()
    assert alert_lines(street.log) == []
    one = street.restated()
    (event,) = alert_lines(street.log)
    assert (event.device, event.restated, event.reason) == (of, 1, "")
    assert event.peak == round((1.5 * homes_counted + 0.9) * NANO)
    assert (event.window_end_ms, event.time_ms) == (START + 31 * MINUTE, START + 46 * MINUTE)
    assert one.waiting == 0


def test_a_late_reading_of_what_is_taken_away_shortens_the_alert_of_the_sum() -> None:
    street = Street(above_kwh=5.0)
    rows = homes(range(120), without=("H5", 30))
    rows[rows.index(("H1", 35, 0.1))] = ("H1", 35, 1.0)
    append(street.log, rows)
    append(street.log, [("H5", 30, 1.0)])
    street.follow()
    (known,) = alerts_of(street.log)
    assert (known.device, known.open) == ("house", False)
    street.restated()
    (alert,) = alerts_of(street.log)
    assert (alert.id, alert.restated, alert.reason) == (known.id, 1, "")
    assert (known.window_end_ms, known.peak) == (START + 36 * MINUTE, round(5.5 * NANO))
    assert (alert.window_end_ms, alert.peak) == (START + 46 * MINUTE, round(5.4 * NANO))


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_alerts_of_sums_are_those_of_all_readings_in_order(seed: int) -> None:
    channel, rows, mixed = mixed_up(seed)
    in_order, late = Street(above_kwh=9.0), Street(above_kwh=9.0)
    append(in_order.log, rows, channel)
    in_order.follow()
    append(late.log, mixed, channel)
    late.follow()
    assert holding(late.log) != holding(in_order.log)
    one = late.restated()
    assert holding(late.log) == holding(in_order.log)
    before = len(alert_lines(late.log))
    one.consumer.rewind(late.log.positions(LATE.name, EARLIEST))
    restate(one)
    assert len(alert_lines(late.log)) == before


def test_sums_of_too_many_parts_are_named_once_and_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(subject, "MAX_TERMS", 4)
    street = Street(above_kwh=8.0, of="site/street")
    append(street.log, homes(range(120), without=("H2", 30)))
    street.follow()
    counted = METRICS["sums_not_restated"].labels("sum")._value
    one, before = Restater(street.log, street.history, SETTINGS, street.book()), counted.get()  # type: ignore[arg-type]
    with structlog.testing.capture_logs() as lines:
        for late in ([("H2", 30, 1.0)], [("H2", 31, 1.0)]):
            append(street.log, late)
            street.follow()
            street.history.catch_up()
            restate(one)
    left_out = [line for line in lines if line["event"] == "not restated: too many parts"]
    assert [(line["sum"], line["parts"]) for line in left_out] == [("site/street", 5)]
    assert (counted.get() - before, alert_lines(street.log)) == (2, [])
    rules = tmp_path / "rules.toml"
    rules.write_text(written_table(table_of(street.rule)))
    own = SETTINGS.rules.model_copy(update={"files": (rules,), "use": ("sum",)})
    found = doctor_log._sums(street.log, SETTINGS.model_copy(update={"rules": own}))
    assert "site/street (sum) has 5 parts: of more than 4 late readings" in found.found
    assert found.todo == ""


def test_an_alert_of_a_sum_that_goes_on_is_followed_by_whoever_begins_anew() -> None:
    street, in_order = Street(above_kwh=5.0), Street(above_kwh=5.0)
    rows = homes(range(42), without=("H2", 30))
    append(street.log, [*rows, ("H2", 30, 1.0)])
    append(in_order.log, sorted([*rows, ("H2", 30, 1.0)], key=lambda row: row[1]))
    for each in (street, in_order):
        each.follow()
    assert alert_lines(street.log) == []
    street.restated().close()
    (alert,) = alerts_of(street.log)
    assert (alert.open, alert.restated) == (True, 1)
    for each in (street, in_order):
        append(each.log, homes(range(42, 70)))
        each.follow()
    street.restated()
    found = [alert for alert in alerts_of(street.log) if not is_withdrawn(alert)]
    assert [(a.id, a.open, a.restated) for a in found] == [(alert.id, False, 2)]
    assert holding(street.log) == holding(in_order.log)


def test_an_alert_of_a_sum_that_is_followed_ends_with_its_rule() -> None:
    """Whoever begins anew finds it when the rule is gone: its name is no sum, and sends nothing."""
    street = Street(above_kwh=5.0)
    append(street.log, [*homes(range(42), without=("H2", 30)), ("H2", 30, 1.0)])
    street.follow()
    street.restated().close()
    (alert,) = alerts_of(street.log)
    assert alert.open
    street.rule = street.rule.with_fields(id="other", selector="id=H1")
    street.restated()
    (alert,) = alerts_of(street.log)
    assert (alert.open, alert.restated, alert.reason) == (False, 2, STOPPED)


def test_a_sum_is_looked_at_until_no_window_that_has_a_corrected_reading_is_open() -> None:
    """Workers go on counting it: what they raise by it is taken back, however late."""
    street = Street(above_kwh=5.0, history=CorrectedHistory)
    append(street.log, [*homes(range(40)), ("H2", 40, 1.0), *homes(range(40, 42), ("H2", 40))])
    wrong = Correction(
        id="c1", at_ms=1, by="mara", device="H2", channel="energy_kwh",
        start_ms=START + 40 * MINUTE, end_ms=START + 41 * MINUTE,
    )  # fmt: skip
    street.log.append(CORRECTIONS.name, Records([b"H2"], [CORRECTION.encode(wrong)]))
    clock, rest = ManualClock(START), homes(range(42, 80))
    one = Restater(street.log, street.history, SETTINGS, street.book(), clock)  # type: ignore[arg-type]
    for mine in (True, False):  # its own partition is ahead of the others
        assert alerts_of(street.log) == []
        append(street.log, [row for row in rest if (row[0] == "H2") is mine])
        street.follow()
        street.history.catch_up()
        known = alerts_of(street.log)
        restate(one, clock)
    (raised,), (alert,) = known, alerts_of(street.log)
    assert (raised.reason, alert.id, is_withdrawn(alert)) == ("", raised.id, True)
    assert one.waiting == 0
