"""One alert per episode: raised as soon as it is sure, cleared on the watermark.

A sum that can only grow raises at the reading that carries it over the level; anything else when
its window closes. An episode ends at the first closed window, not before the one that began it,
that is at or below the clear level; a silence never ends one. Where all happen at one place in the
log, a silence comes before the windows that end in it, and the device's return after them. Most
keys are only compared, all at once; the few with a change are followed reading by reading, in log
order, so that the events do not depend on how the log was cut into batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from energyguard.model.alerts import State
from energyguard.model.channels import Measure
from energyguard.model.readings import Bools, Ints
from energyguard.rules.rule import STOPPED
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowRule
from energyguard.stream.windows.episodes.episode import (
    BACK,
    CLOSE,
    QUIET,
    READ,
    Episode,
    EpisodeEvent,
)
from energyguard.stream.windows.episodes.key_events import KeyEvents, Over
from energyguard.stream.windows.episodes.key_limits import KeyLimits
from energyguard.stream.windows.panes.panes import Closings, Increments, Panes
from energyguard.stream.windows.panes.registers import SAYS_NOTHING
from energyguard.stream.windows.panes.terms import Silence
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange

FOREVER = np.iinfo(np.int64).max


@dataclass(slots=True)
class RuleState:
    """The episodes of one rule of one channel.

    ``silent`` is the channel's: of each key that is quiet, the newest reading before its silence;
    and so is ``gaps``: the last silence that ended, of keys that rules sum up.
    """

    rule: WindowRule
    measure: Measure
    places: DevicePlaces
    silent: Mapping[int, int] = field(default_factory=dict)
    gaps: Mapping[int, Silence] = field(default_factory=dict)
    apart: Bools = field(default_factory=lambda: np.empty(0, bool))
    """Keys whose windows are followed elsewhere, each by its own entries."""
    episodes: dict[int, Episode] = field(default_factory=dict)

    limits: KeyLimits = field(init=False)  # the scores at which it raises and clears
    is_early: bool = field(init=False)  # a window of energy may raise before it closes
    makes_energy_alerts: bool = field(init=False)
    term: TermRule | None = field(init=False)
    """The rule, where it raises nothing and every window is told."""

    def __post_init__(self) -> None:
        self.limits = KeyLimits(self.rule, self.measure, self.places)
        self.is_early = self.rule.may_raise_early and not self.measure.is_level
        self.makes_energy_alerts = self.rule.makes_energy_alerts
        self.term = self.rule if isinstance(self.rule, TermRule) else None

    @property
    def goes_by_level(self) -> bool:
        """Whether nothing is to tell of a key none of whose windows is above its level."""
        return self.is_early or self.term is not None

    def silence_of(self, key: int) -> Silence | None:
        """The silence of a key, or the last one that ended."""
        return (self.silent[key], None) if key in self.silent else self.gaps.get(key)

    def watched(self, keys: int) -> Bools:
        """Which of so many keys are followed window by window: in an episode, or terms."""
        if self.term is not None:
            return self.limits.selected(keys)
        found = np.zeros(keys, bool)
        found[[*self.episodes]] = True
        return found

    def follow(
        self,
        panes: Panes,
        rows: Increments,
        closings: Closings,
        sums: Ints,
        quiet: Sequence[SilenceChange],
    ) -> Iterator[EpisodeEvent]:
        """What happens to the episodes over a batch whose readings are in the panes.

        Args:
            panes: the registers, after the batch.
            rows: the batch's readings; empty where the measure does not grow.
            closings: the windows it closes.
            sums: their scores: (windows, keys).
            quiet: the keys that went quiet or came back.
        """
        here = [c for c in quiet if not self.is_apart(c.key)]
        changed = {c.key for c in here if c.key in self.episodes}
        for key in sorted(changed | self._candidates(panes, rows, closings, sums, changed)):
            mine = [c for c in here if c.key == key]
            readings = rows.of(key) if self.is_early else []
            yield from _KeyInBatch(self, panes, closings, sums, key).events(readings, mine)

    def is_apart(self, key: int) -> bool:
        """Whether a key's windows are followed elsewhere."""
        return key < len(self.apart) and bool(self.apart[key])

    def begin_all(
        self, panes: Panes, closed: int, time_ms: int, of: Bools | None = None
    ) -> Iterator[EpisodeEvent]:
        """Begin the episodes that the past already holds, where a rule starts in the middle.

        ``of``: only these of the keys; None: all.
        """
        if not self.is_early or not panes.rows:
            return
        ends = np.arange(closed + 1, panes.head + 2)
        breaches = panes.windows(ends, self.rule.panes) > self.limits.of(panes.keys)[0]
        known = min(panes.keys, len(self.apart))
        breaches[:, :known] &= ~self.apart[:known]
        if of is not None:
            breaches &= of[: panes.keys]
        for key in np.flatnonzero(breaches.any(axis=0)).tolist():
            if key not in self.episodes:
                first = int(ends[breaches[:, key].argmax()])
                total = int(panes.windows(np.array([first]), self.rule.panes)[0, key])
                yield from self.begin(0, key, first, total, time_ms, key in self.silent)

    def begin(
        self, at: int, key: int, end: int, total: int, time_ms: int, quiet: bool
    ) -> Iterator[EpisodeEvent]:
        """An episode begins with the window that ends at pane ``end``; ``quiet``: in a silence."""
        state = State.PENDING if self.limits.rule_of(key).dwell_ms else State.FIRING
        identity = end * self.rule.slide_ms, self.rule.window_ms
        episode = Episode(key, end, time_ms, total, total, state, None, *identity)
        self.episodes[key] = episode
        yield EpisodeEvent(at, episode, state, time_ms, total, total)
        if quiet:
            yield EpisodeEvent(at, episode, State.UNKNOWN, time_ms, total, total)

    def stop(self, time_ms: int) -> list[EpisodeEvent]:
        """The rule no longer runs: every episode is over."""
        ended = sorted(self.episodes.values(), key=lambda episode: episode.key)
        self.episodes.clear()
        return [
            EpisodeEvent(0, e, State.RESOLVED, time_ms, e.observed, e.peak, STOPPED) for e in ended
        ]

    def leave(self, time_ms: int) -> Iterator[EpisodeEvent]:
        """Devices may stand elsewhere: the episodes of those that left the rule are over."""
        self.limits.forget()
        for key, episode in sorted(self.episodes.items()):
            if not self.limits.has(key):
                del self.episodes[key]
                amounts = episode.observed, episode.peak
                reason = self.places.why_left(key)
                yield EpisodeEvent(0, episode, State.RESOLVED, time_ms, *amounts, reason)

    def came(self, keys: int) -> Bools:
        """Which of so many keys came under the rule where devices stand now."""
        came = self.limits.selected(keys).copy()
        before = self.places.selected_before(self.rule)[:keys]
        came[: len(before)] &= ~before
        return came

    def _candidates(
        self, panes: Panes, rows: Increments, closings: Closings, sums: Ints, changed: set[int]
    ) -> set[int]:
        """The keys to which something may happen; the others only grow their peaks."""
        found: set[int] = set()
        level, _ = self.limits.of(panes.keys)
        calm = np.ones(panes.keys, bool)
        known = min(panes.keys, len(self.apart))
        calm[:known] = ~self.apart[:known]
        if mine := [key for key in self.episodes if not self.is_apart(key)]:
            keys = np.array(mine)
            calm[keys] = False
            found |= self._of_episodes(keys, closings, sums, changed)
        if len(closings.ends):
            found |= set(np.flatnonzero((sums.max(axis=0) > level) & calm).tolist())
        if self.is_early and len(rows.at):
            closed = int(closings.ends[-1]) if len(closings.ends) else closings.closed_before
            ends = np.arange(max(int(rows.amounts.pane.min()), closed) + 1, panes.head + 2)
            highest = panes.windows(ends, self.rule.panes).max(axis=0) + rows.given(panes.keys)
            found |= set(np.flatnonzero((highest > level) & calm).tolist())
        return found

    def _of_episodes(
        self, keys: Ints, closings: Closings, sums: Ints, changed: set[int]
    ) -> set[int]:
        """The keys of episodes that may change; the peaks of the others grow at once."""
        if not len(closings.ends):
            return set()
        first = np.array([self.episodes[k].first_end for k in keys.tolist()])
        open_ = closings.ends[:, None] >= first
        mine = sums[:, keys]
        spoken = np.array([self.silent.get(k, FOREVER) for k in keys.tolist()])
        says = closings.ends[:, None] * self.rule.slide_ms <= spoken  # a window in a silence: not
        says &= mine != SAYS_NOTHING
        busy = ((mine <= self.limits.clears(keys)) & open_ & says).any(axis=0)
        busy |= (closings.ends[:, None] == first).any(axis=0)
        busy |= np.array(
            [k in changed or self.episodes[k].state is State.PENDING for k in keys.tolist()]
        )
        highest = np.where(open_, mine, SAYS_NOTHING).max(axis=0)
        for key, peak in zip(keys[~busy].tolist(), highest[~busy].tolist(), strict=True):
            self.episodes[key].peak = max(self.episodes[key].peak, peak)
        return set(keys[busy].tolist())


class _KeyInBatch(KeyEvents):
    """One key through one batch, by its registers."""

    def __init__(
        self, state: RuleState, panes: Panes, closings: Closings, sums: Ints, key: int
    ) -> None:
        quiet_ms = state.silent.get(key)  # the newest reading before a silence that lasts
        super().__init__(state, key, panes.slide_ms, closings.closed_before, quiet_ms)
        self.panes, self.n = panes, state.rule.panes
        self.closings = closings
        self.sums = sums[:, key].tolist() if len(closings.ends) else []
        self.column: Ints = panes.registers(np.arange(panes.base, panes.head + 1), key)

    def events(
        self, rows: list[tuple[int, int, int, int]], quiet: list[SilenceChange]
    ) -> Iterator[EpisodeEvent]:
        """All that happens to the key, in log order."""
        for _, _, pane, amount in rows:  # back to where the batch began
            self.column[max(pane - self.panes.base, 0) :] -= amount
        happened: list[tuple[int, int, int]] = [
            *((at, CLOSE, i) for i, at in enumerate(self.closings.at.tolist())),
            *((change.at, QUIET if change.quiet else BACK, i) for i, change in enumerate(quiet)),
            *((row[0], READ, i) for i, row in enumerate(rows)),
        ]
        for at, kind, i in sorted(happened):
            if kind == CLOSE:
                yield from self.closes(at, int(self.closings.ends[i]), self.sums[i])
            elif kind == READ:
                _, time, pane, amount = rows[i]
                self.column[max(pane - self.panes.base, 0) :] += amount
                if i + 1 < len(rows) and rows[i + 1][0] == at:
                    continue  # a part of an entry: the reading's other parts follow
                first = min(row[2] for row in _back(rows, i))
                yield from self.raises(at, first + 1, pane + self.n, time)
            else:
                yield from self.turns(quiet[i])

    def over(self, first: int, last: int | None) -> Over | None:
        """By the registers."""
        top = self.panes.head + self.n if last is None else last
        if top < first:
            return None
        borders = np.arange(first - 1, top) - self.panes.base
        sums = self._register(borders) - self._register(borders - self.n)
        above = sums > self.level
        i = int(above.argmax())
        return (first + i, int(sums[i])) if above[i] else None

    def _register(self, borders: Ints) -> Ints:
        """What the registers are at some borders: beyond the last as there, before them nothing."""
        registers: Ints = self.column[np.clip(borders, 0, len(self.column) - 1)]
        return registers


def _back(rows: list[tuple[int, int, int, int]], i: int) -> Iterator[tuple[int, int, int, int]]:
    """The parts of the entry of which part ``i`` is the last."""
    for row in rows[i::-1]:
        if row[0] != rows[i][0]:
            return
        yield row
