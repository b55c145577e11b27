"""A rule as if it had run for the last days: what it would have raised, and of how much of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError, Conflict
from energyguard.history.chdb import ChdbHistory
from energyguard.rules.changed import changed_rule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.toml import parse_rules, table_of, written_table
from energyguard.service.alerts import trials
from energyguard.service.alerts.trials import DAY_MS, try_rule
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.application.client import client_of, ok
from tests.stream.windows.test_learning import DAY_S, KEPT_FROM, NAMES, TICK_S, history  # noqa: F401
from tests.stream.windows.test_windows import START

(MEAN,) = parse_rules(
    '[[rule]]\nid = "much"\nchannels = ["power_kw"]\nmode = "mean"\nwindow = "1 hour"\n'
    'slide = "1 hour"\nraise_above = 4.9\n'
)
"""Passed by day, when homes draw about 5 kW, and over by night."""


@pytest.fixture
def service(log: MemoryLog, history: ChdbHistory, tmp_path: Path) -> Iterator[EnergyService]:  # noqa: F811
    with EnergyService(log, history, Settings(data_dir=tmp_path), SYSTEM) as opened:
        yield opened


def test_a_rule_is_tried_on_the_days_that_there_are(service: EnergyService) -> None:
    seen = list[tuple[int, int]]()

    def progress(done: int, of: int) -> bool:
        seen.append((done, of))
        return True

    found = try_rule(service, MEAN, progress=progress)
    assert (found.rule, found.devices, found.of_devices) == ("much", 4, 4)
    assert found.since_ms == START  # of 90 days there are fifteen
    assert found.end_ms - found.start_ms == 90 * DAY_MS
    assert found.device_weeks == pytest.approx(4 * KEPT_FROM / 7, rel=0.01)
    days = {(alert.raised_ms - START) // DAY_MS for alert in found.alerts}
    assert len(days) > 7
    assert {alert.device for alert in found.alerts} == set(NAMES)
    assert seen == [(0, 4)]
    one = try_rule(service, MEAN, device="H2", days=3)
    assert one.since_ms is not None
    assert 0 <= one.since_ms - one.start_ms < DAY_MS // 24
    assert {alert.device for alert in one.alerts} == {"H2"}
    assert one.alerts == tuple(
        alert
        for alert in found.alerts
        if alert.device == "H2" and alert.raised_ms > one.start_ms + DAY_MS // 24
    )


def test_another_level_of_one_device_is_tried_without_a_change(service: EnergyService) -> None:
    rule = changed_rule(MEAN, "H3", {"raise_above": "50"})
    found = try_rule(service, rule, days=3)
    assert {alert.device for alert in found.alerts} == set(NAMES) - {"H3"}
    with pytest.raises(ConfigError, match="much: "):
        changed_rule(MEAN, "", {"raise_above": "a lot"})


def test_too_many_readings_and_too_long_a_time_are_said(
    service: EnergyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "MAX_READINGS", DAY_S // TICK_S * 5)
    found = try_rule(service, MEAN, device="H1")
    assert found.since_ms is not None
    assert found.since_ms > START + 8 * DAY_MS
    stopped = try_rule(service, MEAN, progress=lambda done, of: done < 2)
    assert (stopped.devices, stopped.of_devices) == (2, 4)
    assert {alert.device for alert in stopped.alerts} == {"H1", "H2"}
    assert try_rule(service, MEAN, limit_s=-1).since_ms is None


def test_what_learns_has_no_alerts_of_the_days_it_learns_from(service: EnergyService) -> None:
    found = try_rule(service, UnusualRule(id="u", channels=("power_kw",)))
    assert found.learn_days == 14
    assert found.since_ms == START + 14 * DAY_MS
    assert found.device_weeks == pytest.approx(4 / 7, rel=0.05)


def test_one_is_tried_at_a_time(service: EnergyService) -> None:
    def again(done: int, of: int) -> bool:
        with pytest.raises(Conflict, match="another rule is tried"):
            try_rule(service, MEAN)
        return False

    assert try_rule(service, MEAN, progress=again).devices == 0


async def test_a_rule_is_tried_over_http(service: EnergyService) -> None:
    table = written_table(table_of(MEAN))
    async with client_of(service) as client:
        body = {"toml": table, "device": "H2", "days": 3, "change": {"raise_above": "4.8"}}
        found = await ok(client.post("/rules/try", json=body))
        assert (found["rule"], found["devices"], found["of_devices"]) == ("much", 1, 1)
        assert {alert["device"] for alert in found["alerts"]} == {"H2"}
        both = await client.post("/rules/try", json={"toml": table, "rule": "much"})
        assert (both.status_code, "one of the two" in both.text) == (422, True)
