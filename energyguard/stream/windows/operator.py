"""Rules over one partition: a clock, silences, and each channel. Batch in, output out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from energyguard.model.readings import Ints, ReadingBatch, Verdict
from energyguard.model.topics import TopicClock
from energyguard.rules.rule import Rule
from energyguard.rules.valued import ValueRule
from energyguard.stream.time.clock import Admitted, PartitionClock
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.time.witnesses import Witnesses
from energyguard.stream.windows.channels.channel_operator import ChannelOperator
from energyguard.stream.windows.channels.energy_operator import operator_of
from energyguard.stream.windows.channels.energy_state import DescriptionOf, by_kind
from energyguard.stream.windows.episodes.output import (
    AlertTransition,
    Collected,
    WindowOutput,
    episode_event,
    in_order,
    silence_event,
)
from energyguard.stream.windows.limits import ChannelLimits, WindowLimits
from energyguard.stream.windows.places import DevicePlaces, PlacesAt, nowhere
from energyguard.stream.windows.readings.numbering import DeviceNumbers, rows_by_channel
from energyguard.stream.windows.readings.verdicts import LaneRows
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange
from energyguard.stream.windows.rhythm.silences import Silences, SilenceTransition
from energyguard.stream.windows.snapshot import LEARNED, load_windows, save_windows
from energyguard.stream.windows.values import Happened, ValueRules
from energyguard.topics import topic_named

_LIMITS = WindowLimits()


class WindowOperator:
    """The operator of windows and episodes over one partition."""

    def __init__(
        self,
        topic: str,
        rules: Sequence[Rule],
        limits: WindowLimits = _LIMITS,
        *,
        follow_episodes: bool = True,
        witnesses: Witnesses = Witnesses.NONE,
        flow: str = "",
        places_at: PlacesAt = nowhere,
        described_by: DescriptionOf = by_kind,
    ) -> None:
        """Make an operator in which nothing is yet.

        Args:
            topic: of the readings.
            rules: those that run.
            limits: what event time allows; they reach as far back as its rules at least.
            follow_episodes: whether alerts are wanted, or windows alone.
            witnesses: what is known of the topic's other partitions.
            flow: run only the rules of this flow; empty: of all. That of the detector judges
                values as they come, and no more: it counts no readings, keeps none of them, and
                leaves it to the windows to say who is silent.
            places_at: where devices stand at a revision of the catalogue and a time.
            described_by: what is said of devices' channels of energy.
        """
        row = topic_named(topic)
        kind = row.clock if row else TopicClock.DATA
        self.topic, self.limits, self._described_by = topic, limits.reaching(rules), described_by
        self.clock = PartitionClock(kind, limits.clock, witnesses)
        self.devices: list[str] = []
        self.places = DevicePlaces(self.devices, places_at)
        self.lanes: dict[str, ChannelOperator] = {}
        self.flow, self.counts_readings = flow, flow != ValueRule.flow
        self.rules, self.follow_episodes = self.runs(rules), follow_episodes
        self.silences = Silences(limits.silent_ms, self.places)
        self.silences.set_rules(self.rules, NEVER)
        self.values = ValueRules(self.places)
        self.values.run(self.rules)
        self.kept: dict[str, bytes] = {}  # parts of a snapshot that its owner has
        self.saved: set[str] = set()  # the names of the parts that the last snapshot left
        self._numbers = DeviceNumbers(self.devices)
        self._rank: Ints = np.empty(0, np.int64)

    def runs(self, rules: Sequence[Rule]) -> list[Rule]:
        """Those of some rules that are of its flow."""
        return [rule for rule in rules if self.flow in ("", rule.flow)]

    def process(self, batch: ReadingBatch) -> WindowOutput:
        """Take readings in log order; how they are cut into batches changes nothing."""
        outcome = WindowOutput(self.devices)
        if not len(batch):
            return outcome
        admitted = self.clock.admit(batch, self._numbers.of(batch.readings.column(0)))
        return self._admit(admitted, outcome)

    def witness(self, reached_ms: int | None) -> WindowOutput:
        """Other devices of the topic have reached a time; None: there are none."""
        return self._admit(self.clock.witness(reached_ms), WindowOutput(self.devices))

    def end(self) -> WindowOutput:
        """The input has ended: what waits is judged by what is known."""
        return self._admit(self.clock.end(), WindowOutput(self.devices))

    def _admit(self, admitted: Admitted | None, outcome: WindowOutput) -> WindowOutput:
        if admitted is None:
            return outcome
        if admitted.ahead is not None and self.counts_readings:
            outcome.put_apart(Verdict.AHEAD, admitted.ahead)
        batch, device, start = admitted.batch, admitted.device, 0
        while start < len(batch):
            stop = len(batch)
            if (until_ms := self.places.until_ms) is not None:
                came = batch.time[start:] >= until_ms
                stop = start + int(came.argmax()) if came.any() else stop
            if stop > start:
                outcome.add(self._judge(batch.cut(start, stop), device[start:stop]))
            if stop < len(batch):
                self._cross(int(batch.time[stop]), outcome)
            start = stop
        return outcome

    def _cross(self, time_ms: int, outcome: WindowOutput, *, end: bool = False) -> None:
        """Let devices stand where they do from each event time on that comes up to this one."""
        while (until_ms := self.places.until_ms) is not None and until_ms <= time_ms:
            before = self.clock.newest
            if before > NEVER:
                self.clock.pass_through(np.array([until_ms]))
                outcome.add(self._pass(until_ms, before, end=end))
            if self.places.pass_time(until_ms if before > NEVER else time_ms):
                outcome.add(self._place_anew())

    def _judge(self, batch: ReadingBatch, device: Ints) -> WindowOutput:
        """Take readings over which nobody comes to stand elsewhere."""
        outcome, before = WindowOutput(self.devices), self.clock.newest
        run = self.clock.pass_through(batch.time)
        places = rows_by_channel(batch)
        for channel in places:
            self.lane(channel)  # a new one knows who is quiet before this batch
        collected = Collected(follow_episodes=self.follow_episodes)
        every = LaneRows(np.arange(len(batch)), device, batch.time, batch.value, batch.sequence)
        changes = self._silences(outcome, every, run, before)
        news: dict[str, LaneRows] = {}
        for channel in [*places, *(c for c in self.lanes if c not in places)]:
            at = places.get(channel, np.empty(0, np.int64))
            rows = every if len(at) == len(batch) else every.where(at)
            lane = self.lane(channel)
            judged, news[channel] = lane.process(rows, run, before, changes, collected)
            if self.counts_readings:
                outcome.put_judged(batch, at, judged)
            self._place(outcome, channel, collected)
        self._judge_values(outcome, news, run, changes)
        self._finish(outcome, collected)
        return outcome

    def _judge_values(
        self,
        outcome: WindowOutput,
        news: Mapping[str, LaneRows],
        run: Ints,
        changes: list[SilenceChange],
    ) -> None:
        """Rules about values, over the newest readings of all channels."""
        if self.follow_episodes and self.values.states:
            self._place_values(outcome, self.values.follow(news, run, changes))

    def _place_values(self, outcome: WindowOutput, happened: Happened) -> None:
        for state, event in happened:
            transition = AlertTransition(state, event)
            self._place(outcome, state.channel, Collected(transitions=[transition]))

    def advance(self, time_ms: int, *, end: bool = False) -> WindowOutput:
        """Let event time be at least this: windows close as if a reading had said so.

        ``end``: because the input ends, so that no device has gone silent.
        """
        outcome = WindowOutput(self.devices)
        if self.clock.newest > NEVER:
            self._cross(time_ms, outcome, end=end)
        before = self.clock.newest
        self.clock.decide(time_ms)
        if before > NEVER and time_ms > before:
            outcome.add(self._pass(time_ms, before, end=end))
        return outcome

    def _pass(self, time_ms: int, before: int, *, end: bool) -> WindowOutput:
        """Time has come from one to another, without a reading."""
        outcome = WindowOutput(self.devices)
        collected = Collected(follow_episodes=self.follow_episodes)
        rows = LaneRows(*(np.empty(0, np.int64),) * 5)
        run = np.array([time_ms])
        changes = [] if end else self._silences(outcome, rows, run, before)
        for channel, lane in self.lanes.items():
            lane.ended = end
            lane.process(rows, run, before, changes, collected)
            lane.ended = False
            self._place(outcome, channel, collected)
        self._judge_values(outcome, {}, run, changes)
        self._finish(outcome, collected)
        return outcome

    def set_rules(self, rules: Sequence[Rule]) -> WindowOutput:
        """Run these rules from the next reading on."""
        outcome = WindowOutput(self.devices)
        self.rules = self.runs(rules)
        self._place_silences(outcome, self.silences.set_rules(self.rules, self.clock.newest))
        for channel, lane in self.lanes.items():
            transitions = lane.set_rules(self.rules, self.clock.newest)
            self._place(outcome, channel, Collected(transitions=transitions))
        self._place_values(outcome, self.values.set_rules(self.rules, self.clock.newest))
        self._finish(outcome, Collected())
        return outcome

    def place(self, revision: int) -> WindowOutput:
        """Go by a revision of the catalogue from the next reading on."""
        self.places.pin(revision, self.clock.newest)
        return self._place_anew()

    def _place_anew(self) -> WindowOutput:
        """Devices may stand elsewhere from now on."""
        outcome, newest = WindowOutput(self.devices), self.clock.newest
        self._place_silences(outcome, self.silences.place_anew(newest))
        for channel, lane in self.lanes.items():
            self._place(outcome, channel, Collected(transitions=lane.place_anew(newest)))
        self._place_values(outcome, self.values.place_anew(newest))
        self._finish(outcome, Collected())
        return outcome

    def like(self, limits: WindowLimits) -> WindowOperator:
        """An empty operator with the same devices, rules and other limits: to read again."""
        other = WindowOperator(
            self.topic, self.rules, limits, witnesses=self.clock.witnesses, flow=self.flow,
            described_by=self._described_by,
        )  # fmt: skip
        other._numbers.extend(self.devices)
        other.places.follow(self.places)
        return other

    def widen(self, other: WindowOperator) -> None:
        """Hold as much of the past as another does that has just read it again."""
        self.limits = other.limits
        self.saved = {name for name in self.saved if name.startswith(LEARNED)}
        for channel, lane in other.lanes.items():
            self.lane(channel).widen(lane)

    def snapshot(self) -> dict[str, bytes | None]:
        """The parts that changed since the last snapshot, by name; None: gone."""
        return save_windows(self)

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot, from all its parts."""
        load_windows(self, parts)
        self._numbers.recount()

    def lane(self, channel: str) -> ChannelOperator:
        """The lane of a channel, made on first use."""
        lane = self.lanes.get(channel)
        if lane is None:
            limits = ChannelLimits(self.limits.clock.lateness_ms, self.limits.horizon_ms)
            about = channel, limits, self.places, self._described_by
            self.lanes[channel] = lane = operator_of(*about, keeps_past=self.counts_readings)
            lane.silent.update(self.silences.quiet)
            lane.run_rules(self.rules, NEVER)
        lane.grow(len(self.devices))
        return lane

    def _silences(
        self, outcome: WindowOutput, rows: LaneRows, run: Ints, before: int
    ) -> list[SilenceChange]:
        """The devices that went quiet or came back, whatever their channels."""
        if not self.follow_episodes:
            return []
        changes, found = self.silences.follow(rows, run, before, len(self.devices))
        self._place_silences(outcome, found)
        return changes

    def _place_silences(self, outcome: WindowOutput, found: list[SilenceTransition]) -> None:
        for transition in found if self.counts_readings else ():
            change = transition.change
            event = silence_event(self.topic, self.devices[change.key], transition)
            outcome.placed.append(((change.at, change.key), event))

    def _place(self, outcome: WindowOutput, channel: str, collected: Collected) -> None:
        """Turn a channel's transitions into alert events; none are left for the next channel."""
        for transition in collected.transitions:
            event = transition.event
            made = episode_event(self.topic, channel, self.devices[event.key], transition)
            outcome.placed.append(((event.at, event.key), made))
        collected.transitions = []

    def _finish(self, outcome: WindowOutput, collected: Collected) -> None:
        outcome.closed = collected.closed
        if collected.breaches:
            if len(self._rank) != (n := len(self.devices)):
                self._rank = np.empty(n, np.int64)
                self._rank[np.argsort(np.array(self.devices, object))] = np.arange(n)
            outcome.breaches = in_order(collected.breaches, self._rank)
        outcome.placed.sort(key=lambda item: item[0])
