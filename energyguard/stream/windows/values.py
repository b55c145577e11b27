"""Rules that judge values as they come, over the channels of one partition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from energyguard.model.readings import Ints
from energyguard.rules.rule import Rule
from energyguard.rules.valued import (
    DescribedKeys,
    DescribedScorer,
    LearningScorer,
    ValueRows,
    ValueRule,
)
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.episodes.episode import EpisodeEvent
from energyguard.stream.windows.episodes.states import ScoredRows, ValueEpisode, ValueState
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.readings.counter_steps import STEP, CounterSteps
from energyguard.stream.windows.readings.verdicts import LaneRows
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange

Happened = Iterator[tuple[ValueState, EpisodeEvent]]
Saved = dict[str, Any]


class Moments:
    """Channels of a device side by side: the moments of which each of them has told its value.

    A reading completes a moment when the newest readings of all channels have the same time.
    """

    def __init__(self, channels: tuple[str, ...]) -> None:
        self.channels = channels
        self.time: Ints = np.empty((len(channels), 0), np.int64)
        """The newest time of each channel and key, ms: (channels, keys)."""
        self.value: Ints = np.empty((len(channels), 0), np.int64)

    def take(self, news: Mapping[str, LaneRows], keys: int) -> tuple[LaneRows, dict[str, Ints]]:
        """The moments that some readings complete, in log order; values by channel."""
        self._grow(keys)
        parts = [news.get(name) for name in self.channels]
        found = self._side_by_side(parts)
        for i, part in enumerate(parts):
            if part is not None and len(part):  # of a key the last one wins: it is the newest
                self.time[i, part.key], self.value[i, part.key] = part.time, part.value
        return found

    def _grow(self, keys: int) -> None:
        more = keys - self.time.shape[1]
        if more > 0:
            wide = np.full((len(self.channels), more), NEVER)
            self.time = np.concatenate([self.time, wide], axis=1)
            self.value = np.concatenate([self.value, np.zeros_like(wide)], axis=1)

    def _side_by_side(self, parts: Sequence[LaneRows | None]) -> tuple[LaneRows, dict[str, Ints]]:
        whole = [part for part in parts if part is not None and len(part)]
        if len(whole) == len(parts) and _in_rows(whole):  # as a rule: a message has them all
            last = whole[int(np.argmax([part.at[0] for part in whole]))]
            values = [part.value for part in whole]
            return last, dict(zip(self.channels, values, strict=True))
        if not whole:
            none = np.empty(0, np.int64)
            return LaneRows(none, none, none, none, none), dict.fromkeys(self.channels, none)
        return self._in_log_order(parts)

    def _in_log_order(self, parts: Sequence[LaneRows | None]) -> tuple[LaneRows, dict[str, Ints]]:
        """However the channels come: the newest of each, just after each reading."""
        have = [(i, part) for i, part in enumerate(parts) if part is not None]
        at, key, time, value, sequence = (
            np.concatenate([getattr(part, name) for _, part in have])
            for name in ("at", "key", "time", "value", "sequence")
        )
        channel = np.concatenate([np.full(len(part), i) for i, part in have])
        order = np.lexsort((at, key))
        rows = LaneRows(at, key, time, value, sequence).where(order)
        channel = channel[order]
        n = len(rows)
        first = np.ones(n, bool)
        first[1:] = rows.key[1:] != rows.key[:-1]
        begin = np.maximum.accumulate(np.where(first, np.arange(n), 0))
        times, values = [], []
        for i in range(len(parts)):
            newest = np.maximum.accumulate(np.where(channel == i, np.arange(n), -1))
            here = newest >= begin
            times.append(np.where(here, rows.time[newest], self.time[i, rows.key]))
            values.append(np.where(here, rows.value[newest], self.value[i, rows.key]))
        complete = np.all([column == rows.time for column in times], axis=0)
        chosen = np.flatnonzero(complete)
        chosen = chosen[np.argsort(rows.at[chosen], kind="stable")]
        columns = {name: values[i][chosen] for i, name in enumerate(self.channels)}
        return rows.where(chosen), columns


def _in_rows(parts: Sequence[LaneRows]) -> bool:
    """Whether channels come side by side: row after row, each with all of them."""
    first, others = parts[0], parts[1:]
    if any(len(part) != len(first) for part in others):
        return False
    low = high = first.at
    for part in others:
        if not (np.array_equal(part.key, first.key) and np.array_equal(part.time, first.time)):
            return False
        low, high = np.minimum(low, part.at), np.maximum(high, part.at)
    last = parts[int(np.argmax([part.at[0] for part in parts]))]
    return bool((high[:-1] < low[1:]).all()) and bool((last.at == high).all())


class ValueRules:
    """Every rule about values, with its scorers and episodes. Keys are device numbers.

    Args:
        places: which devices rules are about.
    """

    def __init__(self, places: DevicePlaces) -> None:
        self.places, self.devices = places, places.devices
        self.states: list[ValueState] = []
        self.silent: dict[int, int] = {}
        self.moments: dict[tuple[str, ...], Moments] = {}
        self.steps: CounterSteps | None = None  # where a rule is about them

    def run(self, rules: Sequence[Rule]) -> None:
        """Run these rules from now on, with nothing in them."""
        self.states = [
            ValueState(rule, channel, rule.scorer(), self.silent, self.places)
            for rule in rules
            if isinstance(rule, ValueRule)
            for channel in (rule.channels[:1] if rule.together else rule.channels)
        ]
        wanted = {s.rule.channels for s in self.states if s.rule.together}
        self.moments = {of: self.moments.get(of) or Moments(of) for of in sorted(wanted)}
        if any(STEP in state.rule.channels for state in self.states):
            self.steps = self.steps or CounterSteps()
        else:
            self.steps = None

    def set_rules(self, rules: Sequence[Rule], newest: int) -> Happened:
        """Run other rules: open alerts go on or end, and what was remembered stays."""
        old = {(state.rule.id, state.channel): state for state in self.states}
        self.run(rules)
        for state in self.states:
            if (before := old.pop((state.rule.id, state.channel), None)) is None:
                continue
            if before.rule.kind == state.rule.kind:
                yield from ((state, e) for e in state.carried(before, newest))
            else:
                yield from ((before, event) for event in before.stop(newest))
        for before in old.values():
            yield from ((before, event) for event in before.stop(newest))

    def place_anew(self, newest: int) -> Happened:
        """Devices may stand elsewhere from now on: what is about others is over.

        Of channels of energy something else may be said, too.
        """
        for state in self.states:
            if isinstance(state.scorer, DescribedScorer):
                again = self.places.described_anew(state.channel)
                if len(again):
                    of = DescribedKeys(state.channel, self.devices, self.places.described)
                    state.scorer.describe_again(of, again)
            if self.places.may_move(state.rule):
                yield from ((state, event) for event in state.place_anew(newest))

    def follow(
        self, news: Mapping[str, LaneRows], run: Ints, changes: Sequence[SilenceChange]
    ) -> Happened:
        """What happens over a batch.

        Args:
            news: by channel, its readings that are newer than all of their key before.
            run: the partition's newest time just after each reading of the batch.
            changes: the keys that went quiet or came back.
        """
        keys = len(self.devices)
        real = {name: self.places.in_unit(name, rows) for name, rows in news.items()}
        if self.steps is not None and STEP in (stepped := self.steps.take(real, keys)):
            news, real = {**news, STEP: stepped[STEP]}, {**real, STEP: stepped[STEP]}
        together = {of: moments.take(real, keys) for of, moments in self.moments.items()}
        for state in self.states:
            if state.rule.together:
                rows, values = together[state.rule.channels]
            elif (found := (news if state.goes_by_sent else real).get(state.channel)) is not None:
                rows, values = found, {state.channel: found.value}
            elif state.episodes:
                rows, values = _NOTHING, {state.channel: _NOTHING.value}
            else:
                continue
            if (which := state.meant(rows.key)) is not None:
                rows = rows.where(which)
                values = {name: column[which] for name, column in values.items()}
            places = self.places
            given = ValueRows(
                self.devices, rows.key, rows.time, values, places.clocks, places.described
            )
            scores = state.scorer.score(given)
            yield from ((state, e) for e in state.follow(ScoredRows(rows, scores), run, changes))
        for change in changes:
            if change.quiet:
                self.silent[change.key] = change.last_ms
            else:
                self.silent.pop(change.key, None)

    def save(self) -> Saved:
        """What it knows, by part of a snapshot."""
        parts: Saved = {}
        for of, moments in self.moments.items():
            parts[f"moments/{'+'.join(of)}"] = [moments.time.ravel(), moments.value.ravel()]
        if self.steps is not None:
            parts["counter-steps"] = self.steps.save()
        for state in self.states:
            episodes = [msgspec.to_builtins(e) for e in state.episodes.values()]
            whose = f"{state.rule.id}/{state.channel}"
            if isinstance(state.scorer, LearningScorer):
                known, learned = state.scorer.parts()
                parts |= {} if learned is None else {f"learned/{whose}": learned}
            else:
                known = state.scorer.save()
            parts[f"values/{whose}"] = [episodes, known]
        return parts

    def restore(
        self,
        rules: Sequence[Rule],
        quiet: Mapping[int, int],
        part: Callable[[str], Any],
    ) -> None:
        """Be as at a snapshot.

        Args:
            rules: those that ran.
            quiet: the keys that were.
            part: gives what was saved of a part; None: nothing.
        """
        self.silent.clear()
        self.silent.update(quiet)
        self.run(rules)
        for of, moments in self.moments.items():
            if (saved := part(f"moments/{'+'.join(of)}")) is not None:
                moments.time, moments.value = (column.reshape(len(of), -1) for column in saved)
        if self.steps is not None and (saved := part("counter-steps")) is not None:
            self.steps.restore(saved)
        for state in self.states:
            whose = f"{state.rule.id}/{state.channel}"
            if (saved := part(f"values/{whose}")) is not None:
                episodes, remembered = saved
                if (learned := part(f"learned/{whose}")) is not None:
                    remembered |= learned
                for episode in msgspec.convert(episodes, list[ValueEpisode]):
                    state.episodes[episode.key] = episode
                state.scorer.restore(remembered)


_NONE = np.empty(0, np.int64)
_NOTHING = LaneRows(_NONE, _NONE, _NONE, _NONE, _NONE)
