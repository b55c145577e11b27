"""What happens to the episode of one key and rule over a batch, event by event in log order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Protocol

from energyguard.model.alerts import State
from energyguard.rules.windowed import RESTATED
from energyguard.stream.windows.episodes.episode import Episode, EpisodeEvent
from energyguard.stream.windows.episodes.key_limits import KeyLimits
from energyguard.stream.windows.panes.registers import SAYS_NOTHING
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange

Over = tuple[int, int]
"""A window over the level: its end in slides, and its score."""


class Episodes(Protocol):
    """The episodes of a rule of a channel."""

    episodes: dict[int, Episode]
    limits: KeyLimits
    is_early: bool

    def begin(
        self, at: int, key: int, end: int, total: int, time_ms: int, quiet: bool
    ) -> Iterator[EpisodeEvent]:
        """An episode begins with the window that ends at pane ``end``; ``quiet``: in a silence."""
        ...


class KeyEvents(ABC):
    """One key of one rule through a batch.

    Args:
        state: the rule's episodes.
        key: whose.
        slide_ms: the rule's.
        closed: the end of the last window that is closed, in slides.
        quiet_ms: the newest reading before a silence that lasts; None: it is not silent.
    """

    def __init__(
        self, state: Episodes, key: int, slide_ms: int, closed: int, quiet_ms: int | None
    ) -> None:
        self.state, self.key, self.slide = state, key, slide_ms
        self.closed, self.quiet_ms = closed, quiet_ms
        self.level, self.clear = state.limits.of_key(key)

    @abstractmethod
    def over(self, first: int, last: int | None) -> Over | None:
        """The first window over the level that ends in a range of slides (None: at any later)."""

    def raises(self, at: int, first: int, last: int | None, time: int) -> Iterator[EpisodeEvent]:
        """Begin an episode at the first open window over the level, if there is one."""
        if self.key in self.state.episodes:
            return
        if (found := self.over(max(first, self.closed + 1), last)) is not None:
            yield from self.begin(at, *found, time)

    def begin(self, at: int, end: int, total: int, time: int) -> Iterator[EpisodeEvent]:
        """An episode begins."""
        return self.state.begin(at, self.key, end, total, time, self.quiet_ms is not None)

    def closes(self, at: int, end: int, total: int) -> Iterator[EpisodeEvent]:
        """A window is closed."""
        self.closed = end
        episode = self.state.episodes.get(self.key)
        end_ms = end * self.slide
        if episode is None:
            if total > self.level:
                yield from self.begin(at, end, total, end_ms)
            return
        if end < episode.first_end or total == SAYS_NOTHING:
            return
        episode.peak = max(episode.peak, total)
        silent = self._in_silence(episode, end_ms)
        if total <= self.clear and not silent:
            del self.state.episodes[self.key]
            yield EpisodeEvent(at, episode, State.RESOLVED, end_ms, total, episode.peak)
            if self.state.is_early:
                yield from self.raises(at, end + 1, None, end_ms)
            return
        dwell_ms = self.state.limits.rule_of(self.key).dwell_ms
        long_enough = end_ms - episode.since_ms >= dwell_ms
        if episode.state is State.PENDING and long_enough and not silent:
            episode.state = State.FIRING
            yield EpisodeEvent(at, episode, self._shown(episode), end_ms, total, episode.peak)
        elif end == episode.first_end and total != episode.observed:
            episode.observed = total  # the final sum of the window that began it
            yield EpisodeEvent(at, episode, self._shown(episode), end_ms, total, episode.peak)

    def withdraws(self, at: int, time: int, total: int) -> Iterator[EpisodeEvent]:
        """What an open window was raised for was not so; ``total``: what it has now."""
        episode = self.state.episodes.pop(self.key)
        yield EpisodeEvent(at, episode, State.RESOLVED, time, total, total, RESTATED)

    def turns(self, change: SilenceChange) -> Iterator[EpisodeEvent]:
        """The key goes quiet, or comes back."""
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
