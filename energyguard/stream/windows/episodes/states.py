"""The episodes of a rule about values: the newest reading of each key counts.

Most keys are only compared, all at once. Of those in an alert that goes on, only what is observed
is brought up to date. The few that begin, end, fall silent or have waited long enough are followed
reading by reading, in log order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from msgspec import UNSET

from energyguard.model.alerts import State
from energyguard.model.readings import Bools, Ints
from energyguard.rules.devices import SelectedRule
from energyguard.rules.rule import CHANGED, STOPPED
from energyguard.rules.valued import DescribedScorer, Scorer, Scores, ValueRule
from energyguard.stream.windows.episodes.episode import BACK, QUIET, READ, Episode, EpisodeEvent
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.readings.verdicts import LaneRows
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange


@dataclass(slots=True)
class ValueEpisode(Episode):
    """An alert that is not over. Amounts are 1e-9 of its rule's unit."""

    score: int = 0  # of its worst reading
    expected: int = 0
    evidence: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Readings with what their rule makes of them; ``rows.value`` is of no account."""

    rows: LaneRows
    scores: Scores

    def episode(self, i: int, episode: ValueEpisode) -> None:
        """Bring an episode up to date with the reading at a place."""
        scores = self.scores
        episode.observed, episode.expected = int(scores.observed[i]), int(scores.expected[i])
        columns = {name: int(column[i]) for name, column in scores.evidence.items()}
        episode.evidence = {**columns, **scores.evidence_at(i)}

    def worst(self, i: int, episode: ValueEpisode) -> None:
        """Let the reading at a place be the peak of an episode, where it is the worst."""
        if (score := int(self.scores.score[i])) > episode.score:
            episode.score, episode.peak = score, int(self.scores.observed[i])


@dataclass(slots=True)
class ValueState:
    """One rule over one channel, or over its channels together: its scorer, and its episodes.

    ``channel`` is what its alerts name; ``silent`` has the keys that are quiet; ``places`` know the
    name of each key, and which of them the rule is about.
    """

    rule: ValueRule
    channel: str
    scorer: Scorer
    silent: Mapping[int, int]
    places: DevicePlaces
    episodes: dict[int, ValueEpisode] = field(default_factory=dict)
    _meant: Bools = field(default_factory=lambda: np.empty(0, bool))  # by key, as far as known

    @property
    def goes_by_sent(self) -> bool:
        """Whether its scorer takes values as they were sent: it counts by what is said of them."""
        return isinstance(self.scorer, DescribedScorer)

    def meant(self, key: Ints) -> Bools | None:
        """Which readings of some keys its rule is about; None: all."""
        has_selector = isinstance(self.rule, SelectedRule) and self.rule.selector is not UNSET
        if not has_selector and self.places.are_for_all(self.rule):
            return None
        if len(self._meant) < len(self.places.devices):
            more = self.places.selected(self.rule, len(self._meant))
            self._meant = np.concatenate([self._meant, more])
        which = self._meant[key]
        return None if which.all() else which

    def follow(
        self, scored: ScoredRows, run: Ints, changes: Sequence[SilenceChange]
    ) -> Iterator[EpisodeEvent]:
        """What happens to the episodes over a batch.

        Args:
            scored: its readings that are newer than all of their key before.
            run: the partition's newest time just after each reading of the batch.
            changes: the keys that went quiet or came back.
        """
        key = scored.rows.key
        busy = np.unique(key[scored.scores.breaks]).tolist()
        if not busy and not self.episodes:
            return
        changed = {change.key for change in changes if change.key in self.episodes}
        begins = [k for k in busy if k not in self.episodes]
        places = _places_of(key, [*self.episodes, *begins])
        pending = [k for k, e in self.episodes.items() if e.state is State.PENDING]
        for k in sorted({*places, *changed, *pending}):
            at = places.get(k)
            if k in self.episodes and k not in changed and self._lasts(k, at, scored):
                continue
            rows = [] if at is None else at.tolist()
            yield from self._follow(k, rows, scored, run, [c for c in changes if c.key == k])

    def _rule_of(self, key: int) -> ValueRule:
        """The rule as it holds for a device."""
        return self.rule.of(self.places.devices[key])

    def _lasts(self, key: int, at: Ints | None, scored: ScoredRows) -> bool:
        """Whether an alert only goes on: then it is brought up to date."""
        episode = self.episodes[key]
        if episode.state is State.PENDING or (at is not None and scored.scores.clears[at].any()):
            return False
        if at is not None:
            scored.worst(int(at[scored.scores.score[at].argmax()]), episode)
            scored.episode(int(at[-1]), episode)
        return True

    def _follow(
        self,
        key: int,
        readings: Sequence[int],
        scored: ScoredRows,
        run: Ints,
        changes: Sequence[SilenceChange],
    ) -> Iterator[EpisodeEvent]:
        """One key, event by event, in log order; ``readings`` are its places in the rows."""
        quiet = not changes[0].quiet if changes else key in self.silent
        before = -1
        where = scored.rows.at
        happened = [
            *((change.at, QUIET if change.quiet else BACK, i) for i, change in enumerate(changes)),
            *((int(where[i]), READ, i) for i in readings),
        ]
        for at, what, i in [*sorted(happened), (len(run), QUIET, -1)]:
            if not quiet:
                yield from self._wait(key, before, at if what == QUIET else at + 1, run)
            before = at
            if what == READ:
                yield from self._read(key, at, scored, i, quiet)
                if not quiet and key in self.episodes:
                    yield from self._wait(key, at - 1, at + 1, run[: at + 1], at)
            elif i >= 0:
                quiet = what == QUIET
                if (episode := self.episodes.get(key)) is not None:
                    state = State.UNKNOWN if quiet else episode.state
                    yield _event(at, episode, state, changes[i].time_ms)

    def _read(
        self, key: int, at: int, scored: ScoredRows, i: int, quiet: bool
    ) -> Iterator[EpisodeEvent]:
        """A reading: an episode begins, goes on or ends."""
        time = int(scored.rows.time[i])
        episode = self.episodes.get(key)
        if episode is None:
            if scored.scores.breaks[i]:
                state = State.PENDING if self._rule_of(key).longer_than_ms else State.FIRING
                observed, score = int(scored.scores.observed[i]), int(scored.scores.score[i])
                episode = ValueEpisode(
                    key, 0, time, observed, observed, state, None, time, 0, score
                )
                scored.episode(i, episode)
                self.episodes[key] = episode
                yield _event(at, episode, State.UNKNOWN if quiet else state, time)
            return
        scored.worst(i, episode)
        scored.episode(i, episode)
        if scored.scores.clears[i]:
            del self.episodes[key]
            yield _event(at, episode, State.RESOLVED, time)

    def _wait(
        self, key: int, after: int, until: int, run: Ints, earliest: int = 0
    ) -> Iterator[EpisodeEvent]:
        """What has lasted too long at a place of the batch between two others."""
        episode = self.episodes.get(key)
        if episode is None or episode.state is not State.PENDING:
            return
        too_long = self._rule_of(key).last_allowed(episode.since_ms) + 1
        place = max(int(np.searchsorted(run, too_long)), earliest)
        if after < place < min(until, len(run)):
            episode.state = State.FIRING
            yield _event(place, episode, State.FIRING, too_long)

    def carried(self, old: ValueState, time_ms: int) -> Iterator[EpisodeEvent]:
        """Go on with what the rule as it was knew; alerts that it would not hold are over."""
        if type(old.scorer) is type(self.scorer):
            self.scorer.restore(old.scorer.save())
        for key, episode in sorted(old.episodes.items()):
            is_about = self.places.selects(self.rule, key)
            if is_about and self.rule.still_breaks(self.places.devices[key], episode.observed):
                self.episodes[key] = episode
            else:
                reason = CHANGED if is_about else self.places.why_left(key)
                yield _event(0, episode, State.RESOLVED, time_ms, reason)

    def place_anew(self, time_ms: int) -> Iterator[EpisodeEvent]:
        """Devices may stand elsewhere from now on: alerts of those that left are over."""
        self._meant = self._meant[:0]
        for key, episode in sorted(self.episodes.items()):
            if not self.places.selects(self.rule, key):
                del self.episodes[key]
                yield _event(0, episode, State.RESOLVED, time_ms, self.places.why_left(key))

    def stop(self, time_ms: int) -> Iterator[EpisodeEvent]:
        """The rule no longer runs: every episode is over."""
        for _, episode in sorted(self.episodes.items()):
            yield _event(0, episode, State.RESOLVED, time_ms, STOPPED)
        self.episodes.clear()


def _places_of(key: Ints, wanted: Sequence[int]) -> dict[int, Ints]:
    """Where the rows of each of some keys are, in log order; of those that have any."""
    if not wanted or not len(key):
        return {}
    marked: Bools = np.isin(key, np.array(wanted, np.int64))
    places = np.flatnonzero(marked)
    if not len(places):
        return {}
    order = places[np.argsort(key[places], kind="stable")]
    mine = key[order]
    cuts = np.flatnonzero(np.diff(mine)) + 1
    return {int(key[part[0]]): part for part in np.split(order, cuts)}


def _event(
    at: int, episode: ValueEpisode, state: State, time_ms: int, reason: str = ""
) -> EpisodeEvent:
    # A copy: an episode goes on, and its event is made into words when the batch is over.
    shown = replace(episode, evidence=dict(episode.evidence))
    return EpisodeEvent(at, shown, state, time_ms, shown.observed, shown.peak, reason)
