"""A limit of a state over the readings of a channel: the newest reading of each key counts.

Most keys are only compared, all at once; those that pass their limit, come back or have waited long
enough are followed reading by reading, in log order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from energyguard.model.alerts import State
from energyguard.model.channels import Measure
from energyguard.model.readings import Ints
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.rule import CHANGED, STOPPED
from energyguard.stream.windows.episodes import BACK, QUIET, READ, Episode, EpisodeEvent
from energyguard.stream.windows.silences import SilenceChange
from energyguard.stream.windows.verdicts import LaneRows


@dataclass(slots=True)
class LimitState:
    """The episodes of one rule of one channel; scores count 1e-9 of its unit."""

    rule: StateRule
    measure: Measure
    silent: Mapping[int, int] = field(default_factory=dict)
    episodes: dict[int, Episode] = field(default_factory=dict)

    @property
    def level(self) -> int:
        """The score above which it raises."""
        return self.rule.score_of(self.rule.level, self.measure)

    @property
    def clear(self) -> int:
        """The score at or below which it clears."""
        return self.rule.score_of(self.rule.clear_level, self.measure)

    def follow(
        self, rows: LaneRows, run: Ints, changes: Sequence[SilenceChange]
    ) -> Iterator[EpisodeEvent]:
        """What happens to the episodes over a batch.

        Args:
            rows: its readings that are newer than all of their key before the batch.
            run: the partition's newest time just after each reading of the batch.
            changes: the keys that went quiet or came back.
        """
        scores = self.rule.score(rows.value)
        busy = set(np.unique(rows.key[scores > self.level]).tolist())
        if self.episodes:
            mine = np.isin(rows.key, np.fromiter(self.episodes, np.int64, len(self.episodes)))
            busy |= set(rows.key[mine].tolist())
            busy |= {change.key for change in changes if change.key in self.episodes}
            busy |= {key for key, e in self.episodes.items() if e.state is State.PENDING}
        for key in sorted(busy):
            of_key = np.flatnonzero(rows.key == key)
            readings = zip(
                *(column[of_key].tolist() for column in (rows.at, rows.time, scores)), strict=True
            )
            yield from self._follow(key, list(readings), run, [c for c in changes if c.key == key])

    def _follow(
        self,
        key: int,
        readings: Sequence[tuple[int, int, int]],
        run: Ints,
        changes: Sequence[SilenceChange],
    ) -> Iterator[EpisodeEvent]:
        """One key, event by event, in log order; readings: (place, time, score)."""
        quiet = not changes[0].quiet if changes else key in self.silent
        newest, before = -1, -1
        happened = [
            *((change.at, QUIET if change.quiet else BACK, i) for i, change in enumerate(changes)),
            *((reading[0], READ, i) for i, reading in enumerate(readings)),
        ]
        for at, what, i in [*sorted(happened), (len(run), QUIET, -1)]:
            if not quiet:
                yield from self._wait(key, before, at if what == QUIET else at + 1, run)
            before = at
            if what == READ:
                _, time, score = readings[i]
                if time > newest:  # else one of this batch that came later is newer
                    newest = time
                    yield from self._read(key, at, time, score, quiet)
                    if not quiet and key in self.episodes:
                        yield from self._wait(key, at - 1, at + 1, run[: at + 1], at)
            elif i >= 0:
                quiet = what == QUIET
                if (episode := self.episodes.get(key)) is not None:
                    state = State.UNKNOWN if quiet else episode.state
                    yield _event(at, episode, state, changes[i].time_ms)

    def _read(
        self, key: int, at: int, time: int, score: int, quiet: bool
    ) -> Iterator[EpisodeEvent]:
        """A reading: an episode begins, goes on or ends."""
        episode = self.episodes.get(key)
        if episode is None:
            if score > self.level:
                state = State.PENDING if self.rule.longer_than_ms else State.FIRING
                episode = Episode(key, 0, time, score, score, state, None, time, 0)
                self.episodes[key] = episode
                yield _event(at, episode, State.UNKNOWN if quiet else state, time)
            return
        episode.observed, episode.peak = score, max(episode.peak, score)
        if score <= self.clear:
            del self.episodes[key]
            yield _event(at, episode, State.RESOLVED, time)

    def _wait(
        self, key: int, after: int, until: int, run: Ints, earliest: int = 0
    ) -> Iterator[EpisodeEvent]:
        """A state that has lasted too long at a place of the batch between two others."""
        episode = self.episodes.get(key)
        if episode is None or episode.state is not State.PENDING:
            return
        too_long = self.rule.last_allowed(episode.since_ms) + 1
        place = max(int(np.searchsorted(run, too_long)), earliest)
        if after < place < min(until, len(run)):
            episode.state = State.FIRING
            yield _event(place, episode, State.FIRING, too_long)

    def carried(self, old: LimitState, time_ms: int) -> Iterator[EpisodeEvent]:
        """Go on with the episodes of the rule as it was; those that it would not hold are over."""
        for key, episode in sorted(old.episodes.items()):
            shown = [old.rule.shown(n, old.measure) for n in (episode.observed, episode.peak)]
            observed, peak = (self.rule.score_of(n, self.measure) for n in shown)
            episode = replace(episode, observed=observed, peak=max(observed, peak))
            if observed > self.clear:
                self.episodes[key] = episode
            else:
                yield _event(0, episode, State.RESOLVED, time_ms, CHANGED)

    def stop(self, time_ms: int) -> Iterator[EpisodeEvent]:
        """The rule no longer runs: every episode is over."""
        for _, episode in sorted(self.episodes.items()):
            yield _event(0, episode, State.RESOLVED, time_ms, STOPPED)
        self.episodes.clear()


def _event(at: int, episode: Episode, state: State, time_ms: int, reason: str = "") -> EpisodeEvent:
    return EpisodeEvent(at, episode, state, time_ms, episode.observed, episode.peak, reason)
