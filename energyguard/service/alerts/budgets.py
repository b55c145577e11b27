"""What another number of alerts a week would have meant, in the last weeks, of unusual use.

Each alert has in its record how rare it was when it began: in so many device-weeks of ordinary use
there is one. It is raised at every budget from the inverse of that on. So the alerts that a rule
raised say how many it would have raised with a smaller number, without a reading being looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from energyguard.errors import ConfigError
from energyguard.model.days import HOUR_MS
from energyguard.model.quantities import NANO
from energyguard.model.selector import DeviceFacts
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.unusual.evidence import UnusualEvidence
from energyguard.service.contract import Service

WEEKS: Final = 12
WEEK_MS: Final = 168 * HOUR_MS
BUDGETS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Alerts of a device and week that people choose from."""
_MANY: Final = 100_000


@dataclass(frozen=True, slots=True)
class BudgetWeek:
    """Seven days."""

    start_ms: int
    end_ms: int
    alerts: int  # that were raised in it
    would_be: int  # that would have been, with the budget that was asked about


@dataclass(frozen=True, slots=True)
class RuleBudget:
    """The last weeks of a rule, as they would have been."""

    rule: str
    alerts_a_week: float  # of a device, as it runs
    wanted: float  # as it was asked about
    recorded: bool  # false: more than it runs with; what it would raise besides nobody recorded
    devices: int  # that it is about
    weeks: tuple[BudgetWeek, ...]  # the oldest first; the last ends with the newest reading


class RecordedWeeks(NamedTuple):
    """How rare the alerts of each week were; the oldest week first."""

    rule: UnusualRule
    end_ms: int
    devices: int
    rarities: tuple[tuple[float, ...], ...]
    """Of each week: in how many device-weeks there is one such alert."""

    def budget(self, wanted: float) -> RuleBudget:
        """What the weeks would have been like with another number of alerts of a device and week.

        Raises:
            ConfigError: it is not above 0.
        """
        if not wanted > 0:
            raise ConfigError(f"{wanted:g} alerts a device and week: more than 0 is needed")
        runs = self.rule.alerts_a_week / NANO
        first_ms = self.end_ms - len(self.rarities) * WEEK_MS
        weeks = tuple(
            BudgetWeek(
                first_ms + n * WEEK_MS, first_ms + (n + 1) * WEEK_MS, len(found),
                sum(weeks * wanted >= 1 for weeks in found) if wanted < runs else len(found),
            )
            for n, found in enumerate(self.rarities)
        )  # fmt: skip
        return RuleBudget(self.rule.id, runs, wanted, wanted <= runs, self.devices, weeks)


def recorded_weeks(service: Service, rule_id: str) -> RecordedWeeks:
    """How rare the alerts of a rule were in the last twelve weeks.

    Raises:
        NotFound: there is no such rule.
        ConfigError: it is not about unusual use: no number of alerts is set for it.
    """
    rule = service.rules.get(rule_id)
    if not isinstance(rule, UnusualRule):
        raise ConfigError(f"{rule_id}: no rule about unusual use, but of the kind {rule.kind!r}")
    end_ms = service.live.newest_ms() or service.clock.now_ms()
    weeks: list[list[float]] = [[] for _ in range(WEEKS)]
    for alert in service.book.find(rule=rule_id, limit=_MANY):
        known = UnusualEvidence.of(alert.observed, alert.evidence)
        place = WEEKS - 1 - (end_ms - alert.since_ms) // WEEK_MS
        if known is not None and 0 <= place < WEEKS:
            weeks[place].append(known.alert.weeks)
    rarities = tuple(tuple(sorted(found)) for found in weeks)
    return RecordedWeeks(rule, end_ms, len(_devices(service, rule)), rarities)


def _devices(service: Service, rule: UnusualRule) -> set[str]:
    """The devices that send what a rule looks at, and that it is about."""
    topics = {r.device: r.topic for r in service.live.devices() if r.channel in rule.channels}

    def facts(device: str) -> DeviceFacts:
        return service.catalogue.rule_facts(device, topics[device])

    return {device for device in topics if rule.selects(device, facts)}
