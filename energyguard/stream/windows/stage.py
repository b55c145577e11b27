"""Windows and alerts over topics of readings: a worker's stage, with a task for each partition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.catalogue.sums import sum_periods
from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.log import EARLIEST, LATEST, Fetched, Log, TopicPartition
from energyguard.log.records import decoded
from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import PROGRESS, TopicClock, source_of
from energyguard.pipeline import WINDOWS
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import Rule
from energyguard.rules.sums import term_rules
from energyguard.rules.term_rule import TermRule
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.runtime.rule_follower import RuleFollower
from energyguard.stream.runtime.stage import Stage
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.alignment import Alignment, DecodedReadings, decoded_part
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.time.witnesses import Other
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.places import PlacesAt, asks_for_places, selected, senders
from energyguard.stream.windows.task import WindowTask
from energyguard.topics import topic_named

REPORT_S = 1.0
MAX_TIMES = 32
"""Where a revision has more event times ahead, nobody looks at each before going by it."""


class WindowStage(Stage[WindowTask, DecodedReadings]):
    """Windows by event time, by the rules of a book."""

    flow = WINDOWS
    tells_terms: ClassVar[bool] = True
    """Whether windows of the terms of sums are told."""

    def __init__(
        self,
        log: Log,
        book: RuleBook,
        settings: StreamSettings,
        topics: Sequence[str],
        clock: Clock = SYSTEM,
        plausible: PlausibilityLimits = DEFAULT,
        zone: str = "UTC",
        energy: EnergyDefaults = ENERGY_DEFAULTS,
    ) -> None:
        super().__init__(log, topics, clock)
        self.book = book
        self.catalogue = CatalogueRevisions(log, senders, zone, energy)
        self._terms_at = self.catalogue.revision  # what the terms of sums are of
        self._active, self._placed = self._of_flow()
        self._changes = 0  # of the rules, so far
        self.plausible = plausible  # in messages that others sent
        self.limits = WindowLimits.of(settings, book.all(), energy)
        self.idle_s = parse_duration(settings.idle) / 1000
        slack_ms = self.limits.clock.lateness_ms // 2
        self.alignment = Alignment(log, self.flow.group, slack_ms, self.idle_s, clock)
        self._reached_by: dict[TopicPartition, PartitionProgress] = {}  # whoever owns them
        self._rules = RuleFollower(log, book)
        self._progress_at = dict(log.positions(PROGRESS.name, EARLIEST))

    @property
    def counts_energy(self) -> bool:
        """Whether what the catalogue says of channels of energy counts."""
        return True

    @property
    def _reads_catalogue(self) -> bool:
        """Whether anything is judged here: who is retired is not."""
        return bool(self._active) or self.counts_energy

    def _of_flow(self) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """The rules that run, of those that this flow runs; and which of them ask for places.

        Of rules about sums, what is to be told of the terms of these runs, too.
        """
        rules = tuple(rule for rule in self.book.running() if rule.flow == self.flow.name)
        periods_of = partial(sum_periods, revisions=self.catalogue)
        terms = term_rules(rules, periods_of) if self.tells_terms else ()
        return (*rules, *terms), tuple(rule for rule in rules if asks_for_places(rule))

    def task(self, at: TopicPartition) -> WindowTask:
        """A partition's windows, empty."""
        return WindowTask(
            at, self.book, self.limits, self.clock, self.plausible, self.places_of(at.topic)
        )

    def places_of(self, topic: str) -> PlacesAt:
        """Where the devices of a topic stand, at a revision and a time."""
        return partial(self.catalogue.places_at, topic=source_of(topic))

    def decode(self, fetched: Sequence[Fetched]) -> list[DecodedReadings]:
        """The readings that were read."""
        return [decoded_part(part, self.plausible) for part in fetched]

    # Partitions in step

    @property
    def in_step(self) -> bool:
        """Whether messages without a key are kept in step with other workers' now."""
        return self.alignment.shared

    def paused(self) -> Collection[TopicPartition]:
        """Partitions of which much waits."""
        return self.alignment.full()

    def release(self, parts: Iterable[DecodedReadings]) -> list[DecodedReadings]:
        """What may be delivered now."""
        committed = {at: task.position for at, task in self.tasks.items()}
        released = self.alignment.release(parts, committed)
        for at, task in self.tasks.items():
            task.delivered_ms = self.alignment.delivered(at)
        return released

    def keep(self, owned: Collection[TopicPartition]) -> None:
        """Forget what waits of all other partitions."""
        self.alignment.keep(owned)

    # Decisions, and what others say

    def decide(self, task: WindowTask, decisions: Decisions) -> list[Decision]:
        """The rules that run and where devices stand, and time where all is quiet."""
        made = []
        if (revision := self._revision(task)) is not None:
            made.append(task.decision(catalogue=revision))
        if tuple(task.operator.rules) != self._active or task.manifest.decided < 0:
            made.append(task.decision(rules=self._active))
        if (time := self._quiet_time(task)) is not None:
            made.append(task.decision(time=time))
            task.last_record_s = self.clock.monotonic()
        return made + self.witness(task)

    def _revision(self, task: WindowTask) -> int | None:
        """The catalogue that windows have to go by from now on; None: the one that they go by.

        Only where something else is said of a channel of energy or of who is retired, or where a
        rule looks at more than ids, and is about other devices now, or about other hours of theirs.
        """
        now, pinned = self.catalogue.revision, task.operator.places.revision
        if self._must_pin(task):
            return now
        if not self._placed:
            return None
        if pinned is None or task.manifest.decided < 0:
            return now
        devices, (revision, known, changes) = task.operator.devices, task.placed
        if (now, len(devices), self._changes) == task.placed or now <= pinned:
            return None
        task.placed = now, len(devices), self._changes
        if changes != self._changes:
            known = 0  # other rules: nobody has looked at any device
        since = max(pinned, revision)
        moved = self.catalogue.moved(since, devices, known)
        time = task.operator.clock.newest
        times = [time, *self.catalogue.borders(now, time)]
        is_other = len(times) > MAX_TIMES or any(
            self._differ(moved, pinned, now, time, task.operator.topic) for time in times
        )
        return now if is_other else None

    def _must_pin(self, task: WindowTask) -> bool:
        """Whether something else is said of channels, or of who is retired, than it goes by."""
        places, changed = task.operator.places, self.catalogue.retirements.changed_at
        if self.counts_energy:
            changed = max(changed, self.catalogue.described_at)
        return changed > (places.revision or 0) or not places.heeds_retired

    def _differ(self, devices: Sequence[str], old: int, new: int, time: int, topic: str) -> bool:
        """Whether rules are about other devices or hours at a time, by another revision."""
        before, after = (self.catalogue.facts_at(n, time, topic) for n in (old, new))
        if any(rule.goes_by_sites for rule in self._placed) and any(
            before(device).clock != after(device).clock for device in devices
        ):
            return True
        return any(
            (selected(rule, devices, before) != selected(rule, devices, after)).any()
            for rule in self._placed
        )

    def is_behind(self, tasks: Collection[WindowTask], decisions: Decisions) -> bool:
        """Whether partitions without a device do not know what is said of channels."""
        fresh = (
            [task for task in tasks if not task.operator.devices] if self._reads_catalogue else []
        )
        if fresh:
            self._follow_catalogue()
        has_terms = any(isinstance(rule, TermRule) for rule in self._active)
        return any(
            self._must_pin(task) or (has_terms and task.manifest.decided < 0) for task in fresh
        )

    def elsewhere(self, at: TopicPartition) -> Other | None:
        """What a partition's progress says."""
        if (reached := self._reached_by.get(at)) is None:
            return None
        return Other(reached.newest_ms, (self.clock.now_ms() - reached.at_ms) / 1000)

    def _quiet_time(self, task: WindowTask) -> int | None:
        """What time it is for a partition that has been quiet for long; None: leave it."""
        newest = task.operator.clock.newest
        if newest <= NEVER or self.clock.monotonic() - task.last_record_s < self.idle_s:
            return None
        topic = task.at.topic
        times = [known.newest_ms for at, known in self._reached_by.items() if at.topic == topic]
        times += [own.operator.clock.newest for at, own in self.tasks.items() if at.topic == topic]
        if (row := topic_named(topic)) is not None and row.clock is TopicClock.WALL:
            times.append(self.clock.now_ms())
        time = max((time for time in times if time is not None), default=NEVER)
        return time if time > newest and self._is_read(task) else None

    def _is_read(self, task: WindowTask) -> bool:
        """Whether a partition has no records that its task has not taken: then it is quiet."""
        return self.log.positions(task.at.topic, LATEST)[task.at] <= task.position

    def follow(self, tasks: Collection[WindowTask], decisions: Decisions) -> None:
        """Take changes of rules and of the catalogue, and how far others' partitions are."""
        self._follow_rules(tasks, decisions)
        self._follow_catalogue()
        for part in self.log.read(self._progress_at, 1000, 0):
            for _, progress in decoded(PARTITION_PROGRESS.decoder, part):
                self._reached(progress)
            self._progress_at[part.at] = part.next_offset

    def _follow_rules(self, tasks: Collection[WindowTask], decisions: Decisions) -> None:
        if self._rules.refresh():
            self._changes += 1
            self._active, self._placed = self._of_flow()
            self._follow_catalogue()
            longest = max((rule.reach_ms for rule in self.book.all()), default=0)
            if longest > self.limits.horizon_ms:
                self._widen(longest, tasks, decisions)

    def _follow_catalogue(self) -> None:
        """Know what is said of channels, who is retired, and where devices stand."""
        if not self._reads_catalogue:
            return
        self.catalogue.refresh()  # a partition that is pinned further on has read it, too
        if self.counts_energy and self.catalogue.revision != self._terms_at:
            self._terms_at = self.catalogue.revision
            self._active, self._placed = self._of_flow()

    def _reached(self, progress: PartitionProgress) -> None:
        at = TopicPartition(progress.topic, progress.partition)
        self._reached_by[at] = progress
        if progress.delivered_ms is not None and at not in self.tasks:
            self.alignment.hear(at, progress.delivered_ms)

    def _widen(self, longest_ms: int, tasks: Collection[WindowTask], decisions: Decisions) -> None:
        """A window is longer than what the rings hold: warm-start from the log."""
        self.limits = replace(self.limits, horizon_ms=longest_ms)
        for task in tasks:
            task.widen(self.log, self.limits, decisions)

    def report(
        self, tasks: Collection[WindowTask], outputs: PendingOutputs, *, last: bool = False
    ) -> None:
        """Progress once a second."""
        now = self.clock.monotonic()
        for task in tasks:
            news = task.dirty or task.delivered_ms != task.reported_ms
            if last or (news and (self.alignment.shared or now - task.last_report_s >= REPORT_S)):
                task.last_report_s = now
                outputs.add(*task.progress())


def window_worker(
    log: Log,
    book: RuleBook,
    settings: StreamSettings,
    topics: Sequence[str],
    clock: Clock = SYSTEM,
    plausible: PlausibilityLimits = DEFAULT,
    zone: str = "UTC",
    energy: EnergyDefaults = ENERGY_DEFAULTS,
) -> Worker[WindowTask, DecodedReadings]:
    """A member of the group ``worker``: windows and alerts over topics of readings."""
    stage = WindowStage(log, book, settings, topics, clock, plausible, zone, energy)
    return Worker(log, stage, settings, clock)
