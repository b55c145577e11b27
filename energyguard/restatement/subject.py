"""Whose alerts are judged: those of a device, or of a sum of devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from energyguard.model.catalogue import SumPeriod
from energyguard.model.channels import CHANNELS, Kind
from energyguard.restatement.changed import ChangedSpan
from energyguard.restatement.replayed import AlertReplay, DeviceReplay, ReplayTerms, SumReplay
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.rules.sums import summed_device, term_rules
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowRule
from energyguard.telemetry import METRICS, logger

REVISED: Final = {Kind.REGISTER: 8, Kind.INTERVAL: 2, Kind.POWER: 2}
"""A reading may change the entries of so many before it, and as many after."""
MAX_TERMS: Final = 2_000
"""Sums of more devices are not judged again."""

_log = logger(__name__)


class LargeSum(NamedTuple):
    """A sum of too many devices to be judged again."""

    device: str
    rule: str
    terms: int


class LargeSums:
    """Says which sums are not judged again: each once, and counts how often."""

    def __init__(self) -> None:
        self._named: set[LargeSum] = set()

    def leave_out(self, large: LargeSum) -> None:
        """Something of it changed, and its alerts stay as they were told."""
        METRICS["sums_not_restated"].labels(large.rule).inc()
        if large not in self._named:
            self._named.add(large)
            _log.warning(
                "not restated: too many parts", sum=large.device, rule=large.rule,
                parts=large.terms, at_most=MAX_TERMS,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """What a span is of, as it is judged.

    Attributes:
        rules: those that alerts of the span's channel may be under.
        devices: whose readings make these,
        channels: of which channels.
        newest_ms: how far the partition is, event time; of a sum the one that is least far.
        reach_ms: how long after a reading a window may still hold it.
        lateness_ms: so much later it is closed.
        revised: a reading may change so many before it, and as many after; of a sum the span
            has them already.
        replay: goes through readings in order.
    """

    rules: Sequence[WindowRule]
    devices: Sequence[str]
    channels: frozenset[str]
    newest_ms: int
    reach_ms: int
    lateness_ms: int
    revised: int
    replay: Callable[[], AlertReplay]


def device_subject(span: ChangedSpan, terms: ReplayTerms, newest_ms: int) -> Subject:
    """A device and its channel."""
    return Subject(
        rules=[rule for rule in terms.rules if span.channel in rule.channels],
        devices=[span.device],
        channels=frozenset({span.channel}),
        newest_ms=newest_ms,
        reach_ms=terms.reach_ms,
        lateness_ms=terms.limits.clock.lateness_ms,
        revised=REVISED[CHANNELS[span.channel].kind],
        replay=lambda: DeviceReplay(terms, span.topic),
    )


class SumSubjects:
    """The sums that rules are about.

    Args:
        rules: those that run.
        periods_of: the terms of a sum.
        large: gets those that are too large.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        periods_of: Callable[[str], Sequence[SumPeriod]],
        large: LargeSums | None = None,
    ) -> None:
        self._large_sums = large or LargeSums()
        self._terms = [*term_rules(rules, periods_of)]
        known = {term.rule for term in self._terms}
        self._rules = [r for r in rules if isinstance(r, ThresholdRule) and r.id in known]

    def sums_of(self, span: ChangedSpan) -> Iterator[ChangedSpan]:
        """The same span of each sum that readings of its device and channel count in."""
        found = {
            (term.device, rule.channels[0])
            for term in self._terms
            if span.device in term.terms and span.channel in term.channels
            for rule in self._rules
            if rule.id == term.rule
        }
        for device, channel in sorted(found):
            yield span._replace(device=device, channel=channel, is_sum=True)

    def large(self) -> Iterator[LargeSum]:
        """Those of more devices than are judged again, by rule."""
        for rule in self._rules:
            mine = [term for term in self._terms if term.rule == rule.id]
            many = len({device for term in mine for device in term.terms})
            if many > MAX_TERMS:
                yield LargeSum(mine[0].device, rule.id, many)

    def is_sum(self, rule: str, device: str) -> bool:
        """Whether a rule is about a sum of that name."""
        return any((term.rule, term.device) == (rule, device) for term in self._terms)

    def subject(
        self, span: ChangedSpan, terms: ReplayTerms, newest_of: Callable[[str], int]
    ) -> Subject:
        """A sum, with how far the partitions of its devices are."""
        rules = [
            rule
            for rule in self._rules
            if summed_device(rule) == span.device and rule.channels[0] == span.channel
        ]
        ids = {rule.id for rule in rules}
        mine: list[TermRule] = [term for term in self._terms if term.rule in ids]
        devices = sorted({device for term in mine for device in term.terms})
        own = replace(terms, rules=mine)
        if len(devices) > MAX_TERMS:
            for rule in rules:
                self._large_sums.leave_out(LargeSum(span.device, rule.id, len(devices)))
            rules = []
        return Subject(
            rules=rules,
            devices=devices,
            channels=frozenset(channel for rule in rules for channel in rule.channels),
            newest_ms=min(filter(None, map(newest_of, devices)), default=0),
            reach_ms=own.reach_ms,
            lateness_ms=own.limits.clock.lateness_ms,
            revised=0,
            replay=lambda: SumReplay(own, span.topic, (*rules, *mine)),
        )
