"""What came of a batch: verdicts, breaches, alert events with a sentence for people; as records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.text.csv import decimals
from energyguard.log.records import Records
from energyguard.model.alerts import State
from energyguard.model.readings import Ints, ReadingBatch, Verdict
from energyguard.records.alerts import ALERT_EVENT, AlertEvent, alert_id
from energyguard.records.energy_alerts import BEFORE, EnergyAlertHeaders, identity
from energyguard.rules.kinds.silence import OF_THE_PRODUCT
from energyguard.rules.rule import Observation
from energyguard.rules.windowed import WindowRule
from energyguard.stream.windows.episodes.episode import EpisodeEvent
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.episodes.states import ValueEpisode, ValueState
from energyguard.stream.windows.panes.terms import ClosedTerms
from energyguard.stream.windows.readings.verdicts import Judged
from energyguard.stream.windows.rhythm.silences import SilenceTransition


@dataclass(frozen=True, slots=True)
class Breaches:
    """m closed windows that break a rule: who, which, how much in 1e-9 kWh."""

    rule: WindowRule
    key: Ints
    end_ms: Ints
    nano_kwh: Ints
    at: Ints  # where in the batch each was closed


@dataclass(slots=True)
class WindowOutput:
    """Windows in the order of output (place, end, device, rule), events in that of their causes."""

    devices: Sequence[str] = ()  # by key
    counts: Counter[Verdict] = field(default_factory=Counter)
    apart: list[tuple[Verdict, ReadingBatch]] = field(default_factory=list)  # accepted: in part
    breaches: list[Breaches] = field(default_factory=list)
    closed: list[ClosedTerms] = field(default_factory=list)
    placed: list[tuple[tuple[int, int], AlertEvent]] = field(default_factory=list)

    @property
    def events(self) -> list[AlertEvent]:
        """The alert events."""
        return [event for _, event in self.placed]

    def add(self, other: WindowOutput) -> None:
        """Have what came after, too."""
        self.counts.update(other.counts)
        self.apart += other.apart
        self.breaches += other.breaches
        self.closed += other.closed
        self.placed += other.placed

    def put_apart(self, verdict: Verdict, batch: ReadingBatch) -> None:
        """Count readings that no window takes, and keep them."""
        if len(batch):
            self.counts[verdict] += len(batch)
            self.apart.append((verdict, batch))

    def put_judged(self, batch: ReadingBatch, at: Ints, judged: Judged) -> None:
        """Count the readings of a channel, and keep those that not all their windows take.

        ``at``: where in the batch they are.
        """
        if judged.behind is not None and judged.behind.any():
            self.apart.append((Verdict.ACCEPTED, batch.take(at[judged.behind])))
        if judged.good.all():
            self.counts[Verdict.ACCEPTED] += len(at)
            return
        self.counts[Verdict.ACCEPTED] += int(judged.good.sum())
        for verdict, mask in (
            (Verdict.LATE, judged.late),
            (Verdict.DUPLICATE, judged.duplicate),
            (Verdict.CONFLICTING, judged.conflicting),
        ):
            if mask.any():
                self.put_apart(verdict, batch.take(at[mask]))


def in_order(breaches: list[Breaches], rank: Ints) -> list[Breaches]:
    """Breaches by (place, end, device, rule), in runs of one rule each.

    Args:
        breaches: as the channels found them.
        rank: for each key, its device's place in alphabetical order.
    """
    if not breaches:
        return []
    rules = {(b.rule.id, b.rule.text): b.rule for b in breaches}  # of a device its own
    names = sorted(rules)
    rule = np.concatenate(
        [np.full(len(b.key), names.index((b.rule.id, b.rule.text))) for b in breaches]
    )
    key = np.concatenate([b.key for b in breaches])
    end = np.concatenate([b.end_ms for b in breaches])
    nano = np.concatenate([b.nano_kwh for b in breaches])
    at = np.concatenate([b.at for b in breaches])
    order = np.lexsort((rule, rank[key], end, at))
    rule, key, end, nano, at = (column[order] for column in (rule, key, end, nano, at))
    cuts = [0, *(np.flatnonzero(np.diff(rule)) + 1).tolist(), len(rule)]
    return [
        Breaches(rules[names[rule[a]]], *(column[a:b] for column in (key, end, nano, at)))
        for a, b in pairwise(cuts)
    ]


class AlertTransition(NamedTuple):
    """What happened to an episode of a rule."""

    state: RuleState | ValueState
    event: EpisodeEvent

    def amounts(self, level: int) -> AlertAmounts:
        """What an alert says of it; ``level``: what windows are held against."""
        state, event = self
        if isinstance(state, ValueState):
            assert isinstance(event.episode, ValueEpisode)
            return AlertAmounts(
                event.observed, event.peak, event.episode.expected, event.episode.evidence
            )
        rule, peak = state.rule, max(event.peak, event.observed)
        shown = (rule.shown(score, state.measure) for score in (event.observed, peak))
        observed, worst = shown
        return AlertAmounts(observed, worst, level, {})


class AlertAmounts(NamedTuple):
    """The amounts of an alert, 1e-9 of its rule's unit; of ``evidence``, of each one's own."""

    observed: int
    peak: int
    expected: int
    evidence: dict[str, int]


@dataclass(slots=True)
class Collected:
    """What the channels say of a batch."""

    breaches: list[Breaches] = field(default_factory=list)
    transitions: list[AlertTransition] = field(default_factory=list)
    follow_episodes: bool = True
    closed: list[ClosedTerms] = field(default_factory=list)


def episode_event(topic: str, channel: str, device: str, transition: AlertTransition) -> AlertEvent:
    """The event of what happened to an episode."""
    state, event = transition
    rule, episode = state.rule.of(device), event.episode
    end_ms = episode.window_end_ms
    observed, peak, expected, evidence = transition.amounts(rule.level)
    clock = state.places.clock(device)
    found = Observation(device, event.state, observed, episode.since_ms, expected, evidence, clock)
    ended = f"{device}: {event.reason} ({rule.id}: {rule.text})" if event.reason else ""
    return AlertEvent(
        id=alert_id(topic, rule.id, device, channel, end_ms),
        rule=rule.id,
        device=device,
        channel=channel,
        severity=rule.severity,
        state=event.state,
        time_ms=event.time_ms,
        since_ms=episode.since_ms,
        window_start_ms=end_ms - episode.window_ms,
        window_end_ms=end_ms,
        observed=observed,
        expected=expected,
        peak=peak,
        unit=rule.unit,
        topic=topic,
        about=ended or rule.sentence(found),
        reason=event.reason,
        evidence=tuple(evidence.items()),
    )


def silence_event(topic: str, device: str, transition: SilenceTransition) -> AlertEvent:
    """The event of a device that went silent, or is no longer."""
    rule, change, reason = transition.rule.of(device), transition.change, transition.reason
    quiet = State.UNKNOWN if rule is OF_THE_PRODUCT else State.FIRING
    state, since_ms = quiet if change.quiet else State.RESOLVED, change.last_ms
    observed = rule.observed(change.time_ms - since_ms)
    ended = f"{device}: {reason} ({rule.id}: {rule.text})" if reason else ""
    return AlertEvent(
        id=alert_id(topic, rule.id, device, "", since_ms),
        rule=rule.id,
        device=device,
        channel="",
        severity=rule.severity,
        state=state,
        time_ms=change.time_ms,
        since_ms=since_ms,
        window_start_ms=since_ms,
        window_end_ms=since_ms,
        observed=observed,
        expected=rule.level,
        peak=observed,
        unit=rule.unit,
        topic=topic,
        about=ended or rule.sentence(Observation(device, state, observed, since_ms)),
        reason=reason,
    )


Found = Sequence[tuple[Breaches, Sequence[str]]]
_HOUSEHOLD, _START, _END, _KWH, _RULE, _MODE = BEFORE


def window_alerts(found: Found) -> pa.StringArray:
    """System C's alert records as JSON, one per window, all at once.

    Args:
        found: breaches, each lot with the names of its keys.
    """
    ends = np.concatenate([some.end_ms for some, _ in found])
    starts = np.concatenate([some.end_ms - some.rule.window_ms for some, _ in found])
    return pc.binary_join_element_wise(
        _HOUSEHOLD,
        _households(found),
        f'{_START}"',
        spell_times(starts),
        f'"{_END}"',
        spell_times(ends),
        f'"{_KWH}',
        decimals(pa.array(np.concatenate([some.nano_kwh for some, _ in found]))),
        _rules(found),
        "",
    )


def _households(found: Found) -> pa.StringArray:
    """Whose each window is, as a JSON string; each name is written once."""
    names: list[str] = []
    at = []
    for some, devices in found:
        is_used = np.bincount(some.key) > 0
        at.append((np.cumsum(is_used) - 1)[some.key] + len(names))
        used = [devices[key] for key in np.flatnonzero(is_used).tolist()]
        names += [msgspec.json.encode(name).decode() for name in used]
    return _spread(names, np.concatenate(at))


def _rules(found: Found) -> pa.StringArray:
    """The end of each record, which says by which rule."""
    texts = []
    for some, _ in found:
        text, mode = some.rule.text, some.rule.mode_name
        rule, mode = (msgspec.json.encode(words).decode() for words in (text, mode))
        texts.append(f"{_RULE}{rule}{_MODE}{mode}}}")
    return _spread(texts, np.repeat(np.arange(len(found)), [len(some.key) for some, _ in found]))


def _spread(texts: Sequence[str], at: Ints) -> pa.StringArray:
    return pa.DictionaryArray.from_arrays(pa.array(at), pa.array(texts)).cast(pa.string())


def spell_times(ms: Ints) -> pa.StringArray:
    """``YYYY-MM-DD HH:MM:SS`` in UTC."""
    return pa.array(ms // 1000, pa.timestamp("s")).cast(pa.string())


def energy_alerts(found: Found) -> Records:
    """Records for ``energy_alerts``: key household, id in the header."""
    keys: list[bytes | None] = []
    headers = []
    for some, devices in found:
        names = [devices[k] for k in some.key.tolist()]
        keys += [name.encode() for name in names]
        headers += [
            EnergyAlertHeaders(identity(some.rule.id, name, end)).encode()
            for name, end in zip(names, some.end_ms.tolist(), strict=True)
        ]
    return Records(keys, window_alerts(found).cast(pa.binary()).to_pylist(), headers)


def alert_events(events: Sequence[AlertEvent]) -> Records:
    """Records for ``energyguard.alerts``: key device."""
    return Records([e.device.encode() for e in events], [ALERT_EVENT.encode(e) for e in events])
