"""What is kept of one channel of one partition, and what becomes of it when rules change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from energyguard.model.channels import MEASURES
from energyguard.model.readings import Bools, Ints
from energyguard.rules.rule import Rule
from energyguard.rules.windowed import WindowRule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.episodes.episode import EpisodeEvent
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.episodes.output import AlertTransition
from energyguard.stream.windows.episodes.rule_change import carried
from energyguard.stream.windows.limits import ChannelLimits
from energyguard.stream.windows.panes.registers import Registers
from energyguard.stream.windows.panes.terms import Silence
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.readings.recent_readings import RecentReadings
from energyguard.stream.windows.readings.verdicts import LaneRows


class ChannelLane:
    """The state of one channel. Keys are device numbers, dense over the partition."""

    def __init__(
        self, channel: str, limits: ChannelLimits, places: DevicePlaces, *, keeps_past: bool = True
    ) -> None:
        self.channel, self.places, self.limits = channel, places, limits
        self.keeps_past = keeps_past  # else a reading can only be new, or late
        self.measure = MEASURES[channel]
        # A level is judged by what is known when time passes the window's end: no sum is to become
        # complete, and whoever waits for a danger to be certain is told too late.
        self.patience_ms = 0 if self.measure.is_level else limits.lateness_ms
        self.ring = RecentReadings()
        self.newest = np.empty(0, np.int64)
        self.registers = Registers(self.measure)
        self.rule_states: list[RuleState] = []
        self._widths: dict[int, int] = {}  # for each slide, how many panes its longest window has
        self._windows: set[tuple[int, int]] = set()  # slides and lengths of windows
        self.ended = False  # the input is over: windows close, and nobody waits for readings
        self.silent: dict[int, int] = {}  # of each quiet key, the newest reading before its silence
        self.gaps: dict[int, Silence] = {}  # of keys that rules sum up, the last silence that ended

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        if keys > len(self.newest):
            more = np.full(max(keys, len(self.newest) * 9 // 8) - len(self.newest), NEVER)
            self.newest = np.concatenate([self.newest, more])
        self.registers.grow(len(self.newest))

    def widen(self, other: ChannelLane) -> None:
        """Hold the past that another has, which has just read more of it."""
        self.limits, self.ring = other.limits, other.ring
        self.registers.widen(other.registers)

    def save(self) -> dict[str, Any]:
        """What a snapshot has of it beside its readings, registers and episodes."""
        return {}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Be as at a snapshot; readings and registers are there already."""

    def run_rules(self, rules: Sequence[Rule], newest: int) -> None:
        """Run these rules from now on; what they need of the past comes from the ring."""
        about = [r for r in rules if isinstance(r, WindowRule) and self.channel in r.channels]
        self.rule_states = [
            RuleState(rule, self.measure, self.places, self.silent, self.gaps) for rule in about
        ]
        self._widths.clear()
        for slide, reach in (windows := {(r.slide_ms, r.reach_ms) for r in about}):
            self._widths[slide] = max(self._widths.get(slide, 0), reach // slide)
        self._windows = windows
        gaps = {(rule.slide_ms, rule.gap_ms) for rule in about if rule.gap_ms}
        self.registers.cover(gaps, len(self.newest))
        if newest > NEVER:
            self.registers.rebuild(self._widths, self._closed(newest), newest, self.ring)

    def set_rules(self, rules: Sequence[Rule], newest: int) -> list[AlertTransition]:
        """Run other rules: open episodes go on or end, and those that the past holds begin."""
        old = {state.rule.id: state for state in self.rule_states}
        self.run_rules(rules, newest)
        found: list[AlertTransition] = []
        for state in self.rule_states if newest > NEVER else ():
            rule = state.rule
            panes = self.registers.panes[rule.slide_ms]
            closed = self._closed(newest)[rule.slide_ms]
            before = old.get(rule.id)
            if before is not None and before.rule.scored == rule.scored:
                del old[rule.id]
                ends = np.arange(closed, (panes.head + 1 if state.is_early else closed) + 1)
                scores = self.scores_now(rule, ends)
                more = carried(before, state, ends, scores, newest)
                found += [AlertTransition(state, event) for event in more]
            found += [AlertTransition(state, e) for e in self.begin_all(state, newest)]
        return [AlertTransition(s, e) for s in old.values() for e in s.stop(newest)] + found

    def scores_now(self, rule: WindowRule, ends: Ints) -> Ints:
        """How bad windows are that end before panes ``ends``: (ends, keys)."""
        return self.registers.scores(rule, ends)

    def begin_all(
        self, state: RuleState, newest: int, of: Bools | None = None
    ) -> Iterator[EpisodeEvent]:
        """Begin the episodes that the past already holds; ``of``: only of these keys."""
        slide = state.rule.slide_ms
        return state.begin_all(self.registers.panes[slide], self._closed(newest)[slide], newest, of)

    def place_anew(self, newest: int) -> list[AlertTransition]:
        """Devices may stand elsewhere from now on."""
        about = [state for state in self.rule_states if self.places.may_move(state.rule)]
        found: list[AlertTransition] = []
        for state in about if newest > NEVER else ():
            found += [AlertTransition(state, event) for event in state.leave(newest)]
            came = state.came(len(self.newest))
            found += [AlertTransition(state, e) for e in self.begin_all(state, newest, came)]
        return found

    def _closed(self, newest: int) -> dict[int, int]:
        """For each slide, the end (in panes) of the last window closed at a newest time."""
        return {slide: (newest - self.patience_ms) // slide for slide in self._widths}

    def late(self, rows: LaneRows, run: Ints) -> Bools:
        """Readings for which every window that would hold them is closed."""
        return self.late_by(rows, run[rows.at] - self.limits.lateness_ms)

    def late_by(self, rows: LaneRows, closed: Ints) -> Bools:
        """The same, of readings just after each of which windows are closed that end by a time."""
        late = np.ones(len(rows), bool)
        for slide, window in self._windows or {(1, self.limits.horizon_ms)}:
            pane = (rows.time - self.measure.shift) // slide
            late &= pane * slide + window <= closed
        return late
