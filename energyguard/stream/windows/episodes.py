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
from energyguard.rules.rule import LEFT, STOPPED
from energyguard.rules.windowed import WindowRule
from energyguard.stream.windows.episode import BACK, CLOSE, QUIET, READ, Episode, EpisodeEvent
from energyguard.stream.windows.key_limits import KeyLimits
from energyguard.stream.windows.panes import Closings, Increments, Panes
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.registers import SAYS_NOTHING
from energyguard.stream.windows.silence_tracker import SilenceChange

FOREVER = np.iinfo(np.int64).max


@dataclass(slots=True)
class RuleState:
    """The episodes of one rule of one channel.

    ``silent`` is the channel's: of each key that is quiet, the newest reading before its silence.
    """

    rule: WindowRule
    measure: Measure
    places: DevicePlaces
    silent: Mapping[int, int] = field(default_factory=dict)
    episodes: dict[int, Episode] = field(default_factory=dict)

    limits: KeyLimits = field(init=False)  # the scores at which it raises and clears
    is_early: bool = field(init=False)  # a window may raise before it closes: it only grows
    makes_energy_alerts: bool = field(init=False)

    def __post_init__(self) -> None:
        self.limits = KeyLimits(self.rule, self.measure, self.places)
        self.is_early = self.rule.may_raise_early and self.measure.grows
        self.makes_energy_alerts = self.rule.makes_energy_alerts

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
        changed = {c.key for c in quiet if c.key in self.episodes}
        for key in sorted(changed | self._candidates(panes, rows, closings, sums, changed)):
            mine = [c for c in quiet if c.key == key]
            readings = rows.of(key) if self.is_early else []
            yield from _KeyInBatch(self, panes, closings, sums, key).events(readings, mine)

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

    def place_anew(self, panes: Panes, closed: int, time_ms: int) -> Iterator[EpisodeEvent]:
        """Devices may stand elsewhere: those that left the rule are over, others come under it."""
        self.limits.forget()
        for key, episode in sorted(self.episodes.items()):
            if not self.limits.has(key):
                del self.episodes[key]
                amounts = episode.observed, episode.peak
                yield EpisodeEvent(0, episode, State.RESOLVED, time_ms, *amounts, LEFT)
        came = self.limits.selected(panes.keys).copy()
        before = self.places.selected_before(self.rule)[: panes.keys]
        came[: len(before)] &= ~before
        yield from self.begin_all(panes, closed, time_ms, came)

    def _candidates(
        self, panes: Panes, rows: Increments, closings: Closings, sums: Ints, changed: set[int]
    ) -> set[int]:
        """The keys to which something may happen; the others only grow their peaks."""
        found: set[int] = set()
        level, _ = self.limits.of(panes.keys)
        calm = np.ones(panes.keys, bool)
        if self.episodes:
            calm[np.fromiter(self.episodes, np.int64, len(self.episodes))] = False
            found |= self._of_episodes(closings, sums, changed)
        if len(closings.ends):
            found |= set(np.flatnonzero((sums.max(axis=0) > level) & calm).tolist())
        if self.is_early and len(rows.at):
            closed = int(closings.ends[-1]) if len(closings.ends) else closings.closed_before
            ends = np.arange(max(int(rows.amounts.pane.min()), closed) + 1, panes.head + 2)
            highest = panes.windows(ends, self.rule.panes).max(axis=0)
            found |= set(np.flatnonzero((highest > level) & calm).tolist())
        return found

    def _of_episodes(self, closings: Closings, sums: Ints, changed: set[int]) -> set[int]:
        """The keys of episodes that may change; the peaks of the others grow at once."""
        if not len(closings.ends):
            return set()
        keys = np.fromiter(self.episodes, np.int64, len(self.episodes))
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


class _KeyInBatch:
    """One key through one batch, event by event."""

    def __init__(
        self, state: RuleState, panes: Panes, closings: Closings, sums: Ints, key: int
    ) -> None:
        self.state, self.panes, self.key = state, panes, key
        self.slide, self.n = panes.slide_ms, state.rule.panes
        self.closed = closings.closed_before
        self.level, self.clear = state.limits.of_key(key)
        self.closings = closings
        self.quiet_ms = state.silent.get(key)  # the newest reading before a silence that lasts
        self.sums = sums[:, key].tolist() if len(closings.ends) else []
        self.column: Ints = panes.registers(np.arange(panes.base, panes.head + 1), np.array([key]))[
            :, 0
        ]

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
                yield from self._close(at, int(self.closings.ends[i]), self.sums[i])
            elif kind == READ:
                _, time, pane, amount = rows[i]
                self.column[max(pane - self.panes.base, 0) :] += amount
                yield from self._raise(at, pane + 1, pane + self.n, time)
            else:
                yield from self._silence(quiet[i])

    def _sum(self, end: int) -> int:
        top = min(end - 1 - self.panes.base, len(self.column) - 1)
        low = min(end - 1 - self.n - self.panes.base, len(self.column) - 1)
        return int(self.column[max(top, 0)] - self.column[max(low, 0)])

    def _raise(self, at: int, first: int, last: int, time: int) -> Iterator[EpisodeEvent]:
        """Begin an episode at the first open window over the level, if there is one."""
        if self.key in self.state.episodes:
            return
        for end in range(max(first, self.closed + 1), min(last, self.panes.head + 1) + 1):
            total = self._sum(end)
            if total > self.level:
                yield from self._begin(at, end, total, time)
                return

    def _begin(self, at: int, end: int, total: int, time: int) -> Iterator[EpisodeEvent]:
        return self.state.begin(at, self.key, end, total, time, self.quiet_ms is not None)

    def _close(self, at: int, end: int, total: int) -> Iterator[EpisodeEvent]:
        self.closed = end
        episode = self.state.episodes.get(self.key)
        end_ms = end * self.slide
        if episode is None:
            if total > self.level:
                yield from self._begin(at, end, total, end_ms)
            return
        if end < episode.first_end or total == SAYS_NOTHING:
            return
        episode.peak = max(episode.peak, total)
        silent = self._in_silence(episode, end_ms)
        if total <= self.clear and not silent:
            del self.state.episodes[self.key]
            yield EpisodeEvent(at, episode, State.RESOLVED, end_ms, total, episode.peak)
            if self.state.is_early:
                yield from self._raise(at, end + 1, self.panes.head + 1, end_ms)
            return
        dwell_ms = self.state.limits.rule_of(self.key).dwell_ms
        long_enough = end_ms - episode.since_ms >= dwell_ms
        if episode.state is State.PENDING and long_enough and not silent:
            episode.state = State.FIRING
            yield EpisodeEvent(at, episode, self._shown(episode), end_ms, total, episode.peak)
        elif end == episode.first_end and total != episode.observed:
            episode.observed = total  # the final sum of the window that began it
            yield EpisodeEvent(at, episode, self._shown(episode), end_ms, total, episode.peak)

    def _silence(self, change: SilenceChange) -> Iterator[EpisodeEvent]:
        episode = self.state.episodes.get(self.key)
        since, self.quiet_ms = self.quiet_ms, change.last_ms if change.quiet else None
        if episode is None:
            return
        if not change.quiet:
            if since is None:
                return
            episode.gap = (since, change.time_ms)
        state = self._shown(episode)
        yield EpisodeEvent(
            change.at, episode, state, change.time_ms, episode.observed, episode.peak
        )

    def _shown(self, episode: Episode) -> State:
        """The state of an episode: of a quiet device nobody knows."""
        return episode.state if self.quiet_ms is None else State.UNKNOWN

    def _in_silence(self, episode: Episode, end_ms: int) -> bool:
        """Does a window that ends then lack readings, so that its low sum says nothing?"""
        if self.quiet_ms is not None and end_ms > self.quiet_ms:
            return True
        return episode.gap is not None and episode.gap[0] < end_ms <= episode.gap[1]
