"""What becomes of open episodes when their rule is changed.

An episode goes on, with its identity, while the rule as it is now would hold it: while a window
that may still speak for it is above the clear level. Else it is over, and says why. Of a silent
device nobody knows, whatever the windows are now; only a level above all that it reached ends it.
"""

from __future__ import annotations

from collections.abc import Iterator

from energyguard.model.alerts import State
from energyguard.model.readings import Ints
from energyguard.rules.rule import CHANGED
from energyguard.rules.windowed import WindowRule
from energyguard.stream.windows.episodes.episode import Episode, EpisodeEvent
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.panes.registers import SAYS_NOTHING


def carried(
    old: RuleState, new: RuleState, ends: Ints, sums: Ints, time_ms: int
) -> Iterator[EpisodeEvent]:
    """Go on with the episodes of a rule as it was.

    Args:
        old: the rule as it was; its episodes are taken.
        new: the rule as it is now; gets those that go on.
        ends: the last closed window of the new kind, and those that may raise before they close.
        sums: their scores: (windows, keys).
        time_ms: what time it is.
    """
    episodes = sorted(old.episodes.values(), key=lambda episode: episode.key)
    old.episodes = {}
    if old.limits.is_uniform and new.limits.is_uniform and _alike(old.rule) == _alike(new.rule):
        new.episodes |= {episode.key: episode for episode in episodes}
        return
    other_windows = (old.rule.window_ms, old.rule.slide_ms) != (
        new.rule.window_ms,
        new.rule.slide_ms,
    )
    for episode in episodes:
        key, silent = episode.key, episode.key in new.silent
        mine, clear = sums[:, key], new.limits.of_key(key)[1]
        is_same = _alike(old.limits.rule_of(key)) == _alike(new.limits.rule_of(key))
        if is_same and new.limits.has(key):
            new.episodes[key] = episode
            continue
        if silent:
            goes_on = other_windows or episode.peak > clear
        else:
            goes_on = bool(((mine > clear) | (mine == SAYS_NOTHING)).any())
        is_about = new.limits.has(key)
        if not goes_on or not is_about:
            amounts = _amounts(episode, old, new)
            reason = CHANGED if is_about else new.places.why_left(key)
            yield EpisodeEvent(0, episode, State.RESOLVED, time_ms, *amounts, reason)
            continue
        if other_windows:
            _begin_anew(episode, old, new, ends, mine)
        new.episodes[key] = episode
        state = State.UNKNOWN if silent else episode.state
        yield EpisodeEvent(0, episode, state, time_ms, episode.observed, episode.peak)


def _alike(rule: WindowRule) -> tuple[object, ...]:
    """All of a rule that an alert's events say."""
    return (rule.window_ms, rule.slide_ms, rule.level, rule.clear_level, rule.severity)


def _amounts(episode: Episode, old: RuleState, new: RuleState) -> tuple[int, int]:
    """What an episode observed and its peak, as scores of the new windows."""
    shown = (old.rule.shown(score, old.measure) for score in (episode.observed, episode.peak))
    observed, peak = (new.rule.score_of(nano, new.measure) for nano in shown)
    return observed, peak


def _begin_anew(episode: Episode, old: RuleState, new: RuleState, ends: Ints, sums: Ints) -> None:
    """Let an episode be judged by windows of the new kind."""
    above = sums > new.limits.of_key(episode.key)[1]
    if above.any():
        first = int(above.argmax())
        episode.first_end = int(ends[first])
        episode.observed, episode.peak = int(sums[first]), int(sums.max())
    else:  # it is silent, and the first window that could end it is not before its next reading
        quiet_ms = new.silent.get(episode.key, int(ends[-1]) * new.rule.slide_ms)
        episode.first_end = quiet_ms // new.rule.slide_ms + 1
        episode.observed, episode.peak = _amounts(episode, old, new)
