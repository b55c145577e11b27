"""One key's windows under one rule, by its entries: closed in time, raised early, withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from energyguard.model.readings import Ints
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowRule
from energyguard.stream.windows.channels.bounded import KeyBounds, is_bounded
from energyguard.stream.windows.episodes.episode import EpisodeEvent
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.episodes.key_events import KeyEvents, Over
from energyguard.stream.windows.panes.key_entries import (
    Counted,
    CountedAnew,
    KeyEntries,
    columns_of,
    covered_by,
)
from energyguard.stream.windows.panes.registers import SAYS_NOTHING
from energyguard.stream.windows.panes.spreading import Columns, sums_of
from energyguard.stream.windows.panes.terms import ClosedTerms, turned
from energyguard.stream.windows.rhythm.patience import closed_at
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange


class OwnTimes(NamedTuple):
    """The newest reading of a key over a piece of a batch."""

    wait_ms: int
    """How long after a newest reading windows that end later close, at least."""
    place: Ints
    """From which places on it is another; the first is before the piece."""
    time: Ints
    """When each was, in ms."""

    def at(self, places: Ints) -> Ints:
        """The newest reading just after some places: (places,)."""
        found: Ints = self.time[np.searchsorted(self.place, places, side="right") - 1]
        return found

    def newest(self, place: int) -> int:
        """The same of one place."""
        return int(self.time[int(np.searchsorted(self.place, place, side="right")) - 1])

    def places(self, times: Ints) -> Ints:
        """From which place on the newest reading is not before some times: (times,)."""
        at = np.minimum(np.searchsorted(self.time, times), len(self.time) - 1)
        found: Ints = self.place[at]
        return found


@dataclass(slots=True)
class KeyTime:
    """How far a key's own time goes over a piece of a batch, in ms.

    Attributes:
        run: the partition's newest time just after each reading of the batch.
        first: the first place at which windows may close: no earlier than what closes them.
        patience_ms: a window of this key closes so long after its end,
        decided_ms: windows that end at or before this were closed before.
        doubt_ms: and so much later while its newest reading is in doubt.
        own: its newest readings, where a window that ends later waits for the next one.
    """

    run: Ints
    first: int
    patience_ms: int
    decided_ms: int
    doubt_ms: int = 0
    own: OwnTimes | None = None
    _place: int = 0  # to which it has come

    def come_to(self, place: int) -> int:
        """Windows that end at or before this are closed from just after a place on."""
        self._place = place
        run, doubt = int(self.run[place]), self.doubt_ms
        patience = self.patience_ms + doubt
        now = run - patience
        if self.own is not None and (newest := self.own.newest(place)) < now:
            now = int(closed_at(run, newest, patience, self.own.wait_ms + doubt))
        self.decided_ms = max(self.decided_ms, now)
        return self.decided_ms

    def come_at(self, places: Ints) -> Ints:
        """Up to when windows are closed just after each of some places, at most: (places,)."""
        now = self._now(places)
        if self.own is not None:  # it may have been given up before
            now = np.maximum(now, self._now(np.maximum(places - 1, 0)))
            now = np.maximum.accumulate(now)
        return np.maximum(now, self.decided_ms)

    def _now(self, place: Ints) -> Ints:
        run: Ints = self.run[place]
        patience = self.patience_ms + self.doubt_ms
        if self.own is None:
            return run - patience
        return closed_at(run, self.own.at(place), patience, self.own.wait_ms + self.doubt_ms)

    def places(self, ends_ms: Ints) -> Ints:
        """Where windows close."""
        found: Ints = np.searchsorted(self.run, ends_ms + self.patience_ms + self.doubt_ms)
        if self.own is not None:
            newest = self.own.newest(self._place)
            given_up = np.searchsorted(self.run, newest + self.own.wait_ms + self.doubt_ms)
            later = np.where(ends_ms > newest, given_up, self.own.places(ends_ms))
            found = np.maximum(found, later)
        return np.maximum(found, self.first)


class WindowsOfRule(KeyEvents):
    """One key's windows under one rule."""

    def __init__(self, state: RuleState, key: int, time: KeyTime, *, follows: bool) -> None:
        slide = state.rule.slide_ms
        super().__init__(state, key, slide, time.decided_ms // slide, state.silent.get(key))
        self.of = state
        self.rule, self.time, self.holds = state.rule, time, state.measure.holds
        self.own: WindowRule = state.limits.rule_of(key)
        self.follows = follows and state.term is None
        self.tells = state.makes_energy_alerts and state.limits.has(key)
        self.columns: Columns = (_NONE, _NONE, _NONE)
        self.bounds = KeyBounds(self.rule) if is_bounded(state, key) else None
        self.read: Ints = _NONE
        self.begun = self.closed  # no window that ends earlier holds anything,
        self.last = self.closed  # and none that ends later
        self.found: list[EpisodeEvent] = []
        self.breaches: list[tuple[int, int, int]] = []  # place, end in ms, 1e-9 kWh
        self.terms: list[ClosedTerms] = []
        self.silence = state.silence_of(key)

    def knows(self, entries: KeyEntries) -> None:
        """Go by these entries from now on."""
        self.columns = entries.columns
        if self.bounds is not None:
            self.bounds.knows(entries)
        if self.rule.gap_ms:
            self.read = entries.times
        if (span := entries.span) is not None:
            begun = span[0] // self.slide  # of its first reading, whichever comes first
            self.begun = min(begun, self.begun) if self.key in self.state.episodes else begun
            self.last = self._last_of(span[1])

    def _last_of(self, end_ms: int) -> int:
        """The end of the last window that holds anything of entries up to a time, in slides."""
        return end_ms // self.slide + self.rule.reach_ms // self.slide + 2

    @property
    def first(self) -> int:
        """The end of the first window that is open and may hold something, in slides."""
        return max(self.closed, self.begun) + 1

    def scores(self, ends: Ints) -> Ints:
        """How bad windows are."""
        ends_ms = ends * self.slide
        scores = self.counted(ends) if self.bounds is None else self.bounds.scores(ends_ms)
        if not (gap := self.rule.gap_ms):
            return scores
        reach = self.rule.reach_ms
        covered = covered_by(self.read, ends_ms, reach, gap, holds=self.holds)
        return np.where(covered == reach, scores, SAYS_NOTHING)

    def counted(self, ends: Ints) -> Ints:
        """How bad windows are by what is counted."""
        ends_ms, window = ends * self.slide, self.rule.window_ms
        return self.rule.score(
            lambda back: sums_of(self.columns, ends_ms - back * self.slide, window)
        )

    def over(self, first: int, last: int | None) -> Over | None:
        """By the entries."""
        ends = np.arange(first, (self.last if last is None else min(last, self.last)) + 1)
        scores = self.scores(ends)
        above = np.flatnonzero(scores > self.level)
        return (int(ends[above[0]]), int(scores[above[0]])) if len(above) else None

    def close_until(self, time_ms: int, held: list[Counted] | None = None) -> None:
        """Close the windows that end by a time, where they close.

        Args:
            time_ms: the time.
            held: what counts then, where that is more than what is known for certain.
        """
        until = time_ms // self.slide
        if held is not None:
            certain, self.columns, last = self.columns, columns_of(held), self.last
            self.last = max(last, self._last_of(max((single[1] for single in held), default=0)))
            before = None if self.bounds is None else self.bounds.held(held)
            self.close_until(time_ms)
            self.columns, self.last = certain, last
            if self.bounds is not None and before is not None:
                self.bounds.go_back(before)
            return
        ends = np.arange(self.first, min(until, self.last) + 1)
        if self.of.term is not None and until >= self.first:
            self._tell(self.of.term, ends, until)
        elif len(ends):
            places, scores = self.time.places(ends * self.slide), self.scores(ends)
            over = np.flatnonzero(scores > self.level)
            if self.tells:
                self.breaches += [
                    (int(places[i]), int(ends[i]) * self.slide, int(scores[i])) for i in over
                ]
            if self.follows and (self.key in self.state.episodes or len(over)):
                for at, end, score in zip(
                    places.tolist(), ends.tolist(), scores.tolist(), strict=True
                ):
                    self.found += self.closes(at, end, score)
        self.closed = max(self.closed, until)

    def turns(self, change: SilenceChange) -> Iterator[EpisodeEvent]:
        """The key goes quiet, or comes back."""
        self.silence = turned(self.silence, change)
        return super().turns(change)

    def _tell(self, term: TermRule, ends: Ints, until: int) -> None:
        """Tell what windows hold that a rule sums up, the last of them whatever it holds."""
        if not len(ends) or ends[-1] < until:
            ends = np.append(ends, until)
        closed = ClosedTerms.of(term, self.key, ends * self.slide, self.scores(ends), self.silence)
        if self.terms and self.terms[-1].silence == closed.silence:
            closed = self.terms.pop().followed_by(closed)
        self.terms.append(closed)

    def restated(self, at: int, change: CountedAnew, time_ms: int) -> None:
        """A reading changed entries: raise what they lift, withdraw what they lower."""
        if not self.state.is_early or not self.follows:
            return
        episode = self.state.episodes.get(self.key)
        may_fall = change.gone or self.bounds is not None
        if episode and may_fall and episode.first_end > self.closed:
            total = int(self.scores(np.array([episode.first_end]))[0])
            if total <= self.clear:
                self.found += self.withdraws(at, time_ms, total)
        first = change.first_ms // self.slide + 1
        last = (change.last_ms - 1) // self.slide + self.rule.panes
        self.found += self.raises(at, first, last, time_ms)

    @property
    def closes_one_by_one(self) -> bool:
        """Whether it matters after which reading a window was closed."""
        return self.of.term is not None or self.rule.gap_ms > 0

    def is_calm(self, change: CountedAnew, now_ms: int) -> bool:
        """Whether readings that only follow tell nothing but by what windows have at their close.

        Args:
            change: their entries, which this goes by already; none speaks of a closed window.
            now_ms: up to when windows close with the last of them.
        """
        if not (self.follows and self.state.is_early):
            return True
        last = (change.last_ms - 1) // self.slide + self.rule.panes
        scores = self.scores(np.arange(self.first, last + 1))
        if self.key in self.state.episodes:  # of which the end lets look for the next one
            closing = scores[: max(now_ms // self.slide + 1 - self.first, 0)]
            return self.bounds is None and bool((closing > self.clear).all())
        only_grows = self.bounds is None or self.bounds.only_grow
        gives = min(single[2] for single in change.made) < 0
        return only_grows and not gives and bool((scores <= self.level).all())


_NONE = np.empty(0, np.int64)
