"""How many alerts of each rule there were in the last weeks, beside how many people asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from energyguard.detection.detector import WARM_DAYS
from energyguard.model.days import HOUR_MS, ms_of
from energyguard.rules.devices import SelectedRule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import Rule
from energyguard.service.contract import Service

WEEKS: Final = 4
WEEK_MS: Final = 168 * HOUR_MS


class AlertsGot(NamedTuple):
    """The alerts of a rule in the last weeks."""

    alerts: int
    device_weeks: float
    """Of the devices that it is about, as far as they sent."""

    @property
    def a_device_week(self) -> float | None:
        """Alerts of a device and week; None: no device sent for long enough."""
        return self.alerts / self.device_weeks if self.device_weeks > 0 else None


def alerts_got(service: Service) -> dict[str, AlertsGot]:
    """What the rules that run raised in the last four weeks, by rule; nothing without a history.

    A device counts from its first reading on; under a rule about unusual use from when it is known.

    Raises:
        Unavailable: the history is not there now.
    """
    end_ms = service.archived_ms()
    if end_ms is None:
        return {}
    start_ms = end_ms - WEEKS * WEEK_MS
    raised: dict[str, int] = {}
    rows = service.query(
        "alerts_over_time", start_ms=start_ms, end_ms=end_ms + 1, step_ms=WEEK_MS
    ).to_pylist()
    for row in rows:
        raised[row["rule"]] = raised.get(row["rule"], 0) + row["raised"]
    seen = [
        _Seen(row["device"], row["channel"], row["topic"], ms_of(row["first"]), ms_of(row["last"]))
        for row in service.query("devices", device="").to_pylist()
        if isinstance(row["first"], datetime)
    ]
    return {
        rule.id: AlertsGot(raised.get(rule.id, 0), _weeks(service, rule, seen, start_ms))
        for rule in service.rules.active()
    }


class _Seen(NamedTuple):
    """From when to when a channel of a device was sent."""

    device: str
    channel: str
    topic: str
    first_ms: int
    last_ms: int


def _weeks(service: Service, rule: Rule, seen: list[_Seen], start_ms: int) -> float:
    """The device-weeks of a rule from a time on."""
    channels = set(getattr(rule, "channels", ()))
    warm_ms = WARM_DAYS * 24 * HOUR_MS if isinstance(rule, UnusualRule) else 0
    longest: dict[str, int] = {}
    for row in seen:
        if channels and row.channel not in channels:
            continue
        lasted_ms = row.last_ms - max(start_ms, row.first_ms + warm_ms)
        longest[row.device] = max(longest.get(row.device, 0), lasted_ms)
    topics = {row.device: row.topic for row in seen}
    return (
        sum(
            ms
            for device, ms in longest.items()
            if not isinstance(rule, SelectedRule)
            or rule.selects(device, lambda name: service.catalogue.rule_facts(name, topics[name]))
        )
        / WEEK_MS
    )
