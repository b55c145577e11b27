"""What a device's channel is held against: the limit of a rule that runs, and what is usual."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.model.quantities import NANO
from energyguard.page.formatting import amount
from energyguard.page.series_chart import SeriesChart
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.service.contract import Service


class DeviceLimit(NamedTuple):
    """A level across a chart."""

    rule: str
    level: float
    words: str
    is_below: bool


def limit_of(service: Service, device: str, channel: str) -> DeviceLimit | None:
    """The limit of a channel of a device, where a rule that runs has one; None: nothing has."""
    for rule in service.rules.active():
        if not isinstance(rule, StateRule | ThresholdRule) or channel not in rule.channels:
            continue
        if isinstance(rule, ThresholdRule) and not rule.is_mean:
            continue
        own = rule
        words = amount(own.level, own.unit)
        return DeviceLimit(rule.id, own.level / NANO, words, own.is_below)
    return None


def hold_against(service: Service, chart: SeriesChart) -> None:
    """Give a chart the limit that holds now; one of energies by the step has none."""
    found = None if chart.energy else limit_of(service, chart.device, chart.channel)
    chart.limit = None if found is None else (found.level, f"limit {found.words}")
    chart.below = found is not None and found.is_below
