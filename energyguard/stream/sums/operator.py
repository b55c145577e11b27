"""The sums of all rules about virtual devices, and their alerts. Records in, alert events out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import msgspec
import numpy as np

from energyguard.model.channels import Kind, Measure
from energyguard.model.readings import Ints
from energyguard.records.alerts import AlertEvent
from energyguard.records.window_terms import WindowTerms
from energyguard.rules.kinds import decoding
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import CHANGED, LEFT, STOPPED, Rule
from energyguard.rules.term_rule import TermRule
from energyguard.stream.sums.series import TermSeries
from energyguard.stream.sums.window_sum import (
    LastTerm,
    SummedRule,
    SummedWindow,
    TermWait,
    WindowSum,
)
from energyguard.stream.windows.episodes.episode import Episode, EpisodeEvent
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.episodes.key_events import KeyEvents, Over
from energyguard.stream.windows.episodes.output import AlertTransition, episode_event
from energyguard.stream.windows.episodes.rule_change import carried
from energyguard.stream.windows.panes.registers import SAYS_NOTHING
from energyguard.stream.windows.places import DevicePlaces

_ENERGY: Final = Measure(Kind.INTERVAL)  # 1e-9 kWh, whatever it was made of
_KEY: Final = 0  # each sum is a device of its own


class SumKey(NamedTuple):
    """Which sum: of readings of one topic, under one rule, of windows of one meaning."""

    topic: str
    rule: str
    meaning: str


class SumWait(NamedTuple):
    """A sum that waits for a term: of readings of a topic, under a rule."""

    topic: str
    rule: str
    device: str
    of: TermWait


class SumLag(NamedTuple):
    """A sum of readings of a topic, under a rule, and what its next window waits for."""

    topic: str
    rule: str
    device: str
    summed_ms: int | None
    """The end of its last window; None: there was none."""
    of: LastTerm


class SavedSum(msgspec.Struct):
    """A sum in a snapshot."""

    key: SumKey
    series: dict[str, TermSeries]
    summed_ms: int | None
    score: int
    episodes: list[Episode]
    given_up: dict[str, int] = {}
    begun_ms: int | None = None


@dataclass(slots=True)
class _Running:
    """A sum, and the episodes of its rule."""

    by: SummedRule
    state: RuleState
    sum: WindowSum = field(default_factory=WindowSum)
    score: int = SAYS_NOTHING  # of the last window

    @property
    def summed_ms(self) -> int:
        """The end of the last window that was summed; 0: none was."""
        return self.sum.summed_ms or 0

    def ends(self, reason: str) -> Iterator[EpisodeEvent]:
        """Nobody asks for it any more."""
        for event in self.state.stop(self.summed_ms):
            yield event._replace(reason=reason)


class _SumEvents(KeyEvents):
    """The windows of one sum; none is raised before it is closed."""

    def over(self, first: int, last: int | None) -> Over | None:
        """Nothing: what is known of a sum is closed."""
        return None

    def follow(self, window: SummedWindow, score: int) -> Iterator[EpisodeEvent]:
        """A window is closed; one that lacks readings ends no episode."""
        ends = not window.is_covered and _KEY in self.state.episodes
        self.quiet_ms = window.end_ms - 1 if ends else None
        yield from self.closes(0, window.end_ms // self.slide, score)


class SumOperator:
    """Sums of what partitions said of windows, under the rules that run."""

    saved: Set[str] = frozenset({"sums", "rules"})

    def __init__(self) -> None:
        self.rules: tuple[Rule, ...] = ()
        self._by: dict[tuple[str, str], SummedRule] = {}  # a rule's id and meaning
        self._sums: dict[SumKey, _Running] = {}

    def process(self, batch: Iterable[WindowTerms]) -> list[AlertEvent]:
        """Take records, in log order; what is of no rule that runs is left out."""
        found: list[AlertEvent] = []
        for record in batch:
            by = self._by.get((record.rule, record.meaning))
            if by is None or record.term not in by.weights or not record.windows:
                continue
            key = SumKey(record.topic, record.rule, record.meaning)
            if (running := self._sums.get(key)) is None:
                running = self._sums[key] = _Running(by, _state(by))
            running.sum.take(record, by)
            found += self._settle(key, running)
        return found

    def waits(self) -> Iterator[SumWait]:
        """What sums wait for, or have gone on without: terms that never told anything."""
        for key, running in self._sums.items():
            for wait in running.sum.waits(running.by):
                yield SumWait(key.topic, key.rule, running.by.device, wait)

    def lags(self) -> Iterator[SumLag]:
        """Which terms sums wait for that close their windows later than others."""
        for key, running in self._sums.items():
            total = running.sum
            if (last := total.last_term(running.by)) is not None:
                yield SumLag(key.topic, key.rule, running.by.device, total.summed_ms, last)

    def go_on(self, topic: str, rule: str, term: str) -> list[AlertEvent]:
        """Wait no longer for a term, until it tells something."""
        found: list[AlertEvent] = []
        for key, running in self._sums.items():
            if (key.topic, key.rule) == (topic, rule):
                running.sum.go_on_without(term, running.by)
                found += self._settle(key, running)
        return found

    def advance(self, time: int, /) -> list[AlertEvent]:
        """Its time is that of the records."""
        return []

    def set_rules(self, rules: Sequence[Rule]) -> list[AlertEvent]:
        """Run these rules from now on, with the terms that stand among them."""
        self.rules, self._by = tuple(rules), _summed(rules)
        ids = {rule.id for rule in rules if not isinstance(rule, TermRule)}
        meant = {rule for rule, _ in self._by}
        found: list[AlertEvent] = []
        for key, running in list(self._sums.items()):
            by = self._by.get((key.rule, key.meaning))
            if by is None or by.device != running.by.device:
                ended = CHANGED if key.rule in meant else LEFT if key.rule in ids else STOPPED
                found += self._events(key, running, running.ends(ended))
                del self._sums[key]
                continue
            before, running.by, running.state = running.state, by, _state(by)
            running.sum.keep(by)
            ends = np.array([running.summed_ms // by.rule.slide_ms])
            scores = np.array([[running.score]])
            more = carried(before, running.state, ends, scores, running.summed_ms)
            found += self._events(key, running, more)
            found += self._settle(key, running)
        return found

    def _settle(self, key: SumKey, running: _Running) -> list[AlertEvent]:
        """The events of the windows that are complete by now."""
        by, happened = running.by, []
        closed = running.summed_ms // by.rule.slide_ms
        events = _SumEvents(running.state, _KEY, by.rule.slide_ms, closed, None)
        for window in running.sum.settled(by):
            score = SAYS_NOTHING
            if (energy := window.energy) is not None:
                amount = np.array([energy])
                score = int(by.rule.score(partial(_same, amount))[0])
            happened += [*events.follow(window, score)]
            running.score = score
        if running.state.episodes and not by.weights_after(running.summed_ms):
            happened += running.ends(by.why_over)
        return self._events(key, running, happened)

    def _events(
        self, key: SumKey, running: _Running, happened: Iterable[EpisodeEvent]
    ) -> list[AlertEvent]:
        by = running.by
        return [
            episode_event(
                key.topic, by.rule.channels[0], by.device, AlertTransition(running.state, event)
            )
            for event in happened
        ]

    def snapshot(self) -> dict[str, bytes | None]:
        """All that is known, to go on from."""
        sums = [
            SavedSum(
                key,
                running.sum.series,
                running.sum.summed_ms,
                running.score,
                list(running.state.episodes.values()),
                running.sum.given_up,
                running.sum.begun_ms,
            )
            for key, running in self._sums.items()
        ]
        rules = msgspec.json.encode([msgspec.to_builtins(rule) for rule in self.rules])
        return {"rules": rules, "sums": msgspec.msgpack.encode(sums)}

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot."""
        rules = msgspec.json.decode(parts["rules"])
        self.rules = tuple(msgspec.convert(rules, list[Rule], dec_hook=decoding))
        self._by, self._sums = _summed(self.rules), {}
        for saved in msgspec.msgpack.decode(parts["sums"], type=list[SavedSum]):
            by = self._by[saved.key.rule, saved.key.meaning]
            state = _state(by)
            state.episodes.update({episode.key: episode for episode in saved.episodes})
            total = WindowSum(saved.series, saved.summed_ms, saved.given_up, saved.begun_ms)
            self._sums[saved.key] = _Running(by, state, total, saved.score)


def _same(amount: Ints, back: int) -> Ints:
    """What the window in question holds: a threshold looks at no other."""
    return amount


def _summed(rules: Sequence[Rule]) -> dict[tuple[str, str], SummedRule]:
    """Rules about virtual devices, by id and meaning."""
    known = {rule.id: rule for rule in rules if isinstance(rule, ThresholdRule)}
    terms: dict[tuple[str, str], list[TermRule]] = {}
    for rule in rules:
        if isinstance(rule, TermRule) and rule.rule in known:
            terms.setdefault((rule.rule, rule.meaning), []).append(rule)
    return {key: SummedRule.of(known[key[0]], found) for key, found in terms.items()}


def _state(by: SummedRule) -> RuleState:
    """No episode yet."""
    state = RuleState(by.rule, _ENERGY, DevicePlaces([by.device]))
    state.is_early = False  # a later part may be taken away
    return state
