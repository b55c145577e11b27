"""One run: meters send, processes die, all is well again, and everything is looked at."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from energyguard.history import NO_SEQUENCE
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.log import Log, Records, TopicPartition
from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.readings import BACKFILL
from energyguard.model.topics import CATALOGUE, CORRECTIONS, DAY_MS, ENERGY_READINGS, STATE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.stream.runtime.checkpoint import APPLIED, read_snapshots
from energyguard.testing import MemoryLog
from tests.simulation.counting.meters import (
    BEGIN_MS,
    HOUR_MS,
    KINDS,
    Sent,
    Weather,
    packed,
    readings,
    unpacked,
)
from tests.simulation.counting.noted import TOPICS, Written, end, note
from tests.simulation.counting.processes import Processes
from tests.simulation.counting.steps import WorldClock

SIZES = (1, 2, 3, 7, 7, 20, 20, 61, 200)
TROUBLES = frozenset(
    [
        "leave",
        "kill",
        "stop",
        "jump",
        "tear",
        "tidy",
        "retain",
        "describe",
        "correct",
        "sleep",
        "die",
        "gone",
    ]
)
_FACTS = (
    ChannelFacts(),
    ChannelFacts(length="15 minutes"),
    ChannelFacts(stamp="end"),
    ChannelFacts(max_power_kw=20),
)


class Cut(NamedTuple):
    """A life with less in it: to see what a failing one needs.

    Attributes:
        meters: those that send; empty: all.
        readings: so many of theirs at most.
        calm: troubles that do not happen: some of ``TROUBLES``.
    """

    meters: frozenset[str] = frozenset()
    readings: int = 10**9
    calm: frozenset[str] = frozenset()


EVERYTHING = Cut()


class Life(Processes):
    """A log, a worker or two, an archive, and what happens to them."""

    def __init__(
        self, seed: int, cut: Cut = EVERYTHING, new_log: Callable[[WorldClock], Log] = MemoryLog
    ) -> None:
        super().__init__(Random(seed), new_log)
        self.seed, self.cut = seed, cut
        chance = self.random.choice
        self.weather = Weather(
            again=chance((0, 0.05, 0.3)),
            other=chance((0, 0.02)),
            late=chance((0, 0.02)) if seed % 2 else 0,
            ahead=seed % 8 in (1, 7),
            past=seed % 8 in (3, 7),
        )
        sent = readings(Random(seed), self.weather)
        self.sent = [r for r in sent if not cut.meters or r.device in cut.meters][: cut.readings]
        self.written: Written = {}
        self.described: dict[str, Device] = {}
        self.revision = 0
        self.versions: dict[str, tuple[CatalogueVersion, ...]] = {}
        self.wrong: list[str] = []
        self.looked_at: dict[TopicPartition, int] = {}
        self.is_torn = seed % 4 == 2  # snapshots are damaged; else old records may be deleted
        self.is_described = seed % 4 == 1
        self.is_corrected = seed % 4 in (0, 3)
        self.corrections = CorrectionBook()

    def run(self) -> None:
        """Suffer, heal, end."""
        crash, gone = self.random.choice((0, 0.05, 0.2)), self.random.choice((0, 0.05, 0.2))
        self.danger.crash = 0 if "die" in self.cut.calm else crash
        self.danger.gone = 0 if "gone" in self.cut.calm else gone
        left = list(self.sent)
        while left:
            left = self.deliver(left)
            for _ in range(self.random.choice((0, 1, 2, 3, 6))):
                self.happen()
        self.heal()

    def happen(self) -> None:
        """Somebody does something, or something goes wrong."""
        self.clock.sleep(self.random.choice((0.05, 0.3, 0.3, 1.2)))
        what: tuple[tuple[Callable[[], None], float], ...] = (
            (self.work, 10), (self.keep, 6), (self.another, 0.5), (self.leave, 0.5),
            (self.kill, 0.4), (self.stop, 0.3), (self.jump, 0.4), (self.tear, 0.6),
            (self.tidy, 0.4), (self.retain, 0.4), (self.describe, 0.4), (self.sleep, 0.1),
            (self.correct, 0.6),
        )  # fmt: skip
        chosen = self.random.choices([w for w, _ in what], [n for _, n in what])[0]
        if chosen.__name__ not in self.cut.calm:
            chosen()

    def heal(self) -> None:
        """All is well again, until everything is done; then the input ends."""
        self.danger.crash = self.danger.gone = 0.0
        self.clock.skew_ms = 0
        is_over = self.settle()
        end(self.log, self.end_ms)
        if not (self.settle() and is_over):
            self.wrong.append("they do not come to an end")
        self.note()

    @property
    def end_ms(self) -> int:
        """What time it is when the input has ended."""
        return max((r.arrives_ms for r in self.sent), default=BEGIN_MS) + DAY_MS

    # What meters send

    def deliver(self, left: list[Sent]) -> list[Sent]:
        """A body of some size; where its sender does not know whether it came, it comes twice."""
        size = self.random.choice(SIZES)
        self.clock.wall_ms = max(self.clock.wall_ms, left[:size][-1].arrives_ms)
        for is_backfill in (False, True):
            for topic in TOPICS:
                body = [r for r in left[:size] if (r.topic, r.is_backfill) == (topic, is_backfill)]
                for _ in range(1 + (self.random.random() < 0.03)):
                    self.append(topic, body, is_backfill)
        return left[size:]

    def append(self, topic: str, body: list[Sent], is_backfill: bool) -> None:
        """As the border does."""
        if body:
            columns = [[r[i] for r in body] for i in (2, 3, 4, 5)]
            self.log.append(topic, packed(columns, BACKFILL if is_backfill else ()))

    def describe(self) -> None:
        """Somebody says something else of a meter's channels."""
        if self.is_described:
            device, facts = f"M{self.random.randrange(4)}", self.random.choice(_FACTS)
            self.described[device] = entry = Device(
                name=device, channels=dict.fromkeys(KINDS, facts)
            )
            self.revision += 1
            version = CatalogueVersion(revision=self.revision, entry=entry)
            self.versions[device] = (*self.versions.get(device, ()), version)
            value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=self.versions[device]))
            self.log.append(CATALOGUE.name, Records([f"device/{device}".encode()], [value]))

    def correct(self) -> None:
        """Somebody says that readings are wrong, or have another value, or takes that back."""
        if not self.is_corrected:
            return
        chance, about = self.random, self.random.choice(self.sent)
        known = self.corrections.all()
        number = f"c{len(known)}"
        if known and chance.random() < 0.3:
            made = Correction(id=number, at_ms=0, by="me", undoes=chance.choice(known).id)
        else:
            made = Correction(
                id=number, at_ms=0, by="me", device=about.device, channel=about.channel,
                start_ms=about.time_ms, end_ms=about.time_ms + chance.choice((1, HOUR_MS)),
                new_value=chance.choice(("", "0.5")),
            )  # fmt: skip
        self.corrections.put(made)
        key = (made.device or made.undoes).encode()
        self.log.append(CORRECTIONS.name, Records([key], [CORRECTION.encode(made)]))

    # What goes wrong

    def jump(self) -> None:
        """The wall clock is set: forwards, backwards, right again."""
        if not self.weather.keeps_order:
            self.clock.skew_ms = self.random.choice((0, 0, -7_200_000, 3_600_000, DAY_MS, -1_000))

    def sleep(self) -> None:
        """Everybody stands still for longer than a lease."""
        self.clock.sleep(self.random.choice((12, 70)))

    def tear(self) -> None:
        """A part of a snapshot is lost."""
        if self.is_torn and isinstance(self.log, MemoryLog):
            partitions = self.log._partitions.items()
            kept = [p for at, p in partitions if at.topic == STATE.name and p.rows]
            if kept:
                partition = self.random.choice(kept)
                place = self.random.randrange(len(partition.rows))
                if not (partition.rows[place][1] or b"").endswith(APPLIED.encode()):
                    del partition.rows[place], partition.appended_ms[place]

    def tidy(self) -> None:
        """Compaction; retention is far away."""
        if isinstance(self.log, MemoryLog) and not self.clock.skew_ms:
            self.note()
            self.log.tidy()

    def retain(self) -> None:
        """Readings that all have read, and that no snapshot needs, are deleted."""
        if self.is_torn or not isinstance(self.log, MemoryLog):
            return
        self.note()
        places = [TopicPartition(t, p) for t in TOPICS for p in range(ENERGY_READINGS.partitions)]
        saved = read_snapshots(self.log, "windows", places)
        for at, (manifest, _) in saved.items():
            committed = self.log.positions(at.topic, "history")[at]
            partition, until = self.log._partitions[at], min(committed, manifest.position)
            gone = sum(row[0] < until for row in partition.rows)
            partition.earliest = max(partition.earliest, until)
            del partition.rows[:gone], partition.appended_ms[:gone]

    # What is seen on the way

    def note(self) -> None:
        """Write down what the log has, before something of it goes."""
        note(self.log, self.written)

    def look(self) -> None:
        """What the group `history` has committed is in its tables."""
        self.note()
        rows = self.tables.rows["readings"]
        for topic in TOPICS:
            for at, to in self.log.positions(topic, "history").items():
                mine = self.written[at]
                while (read := self.looked_at.get(at, 0)) < len(mine) and mine[read][0] < to:
                    self.looked_at[at] = read + 1
                    for device, channel, ms, _ in unpacked(mine[read][2]):
                        key = (ms, device, channel, ms, NO_SEQUENCE)
                        if key not in rows.get((device, channel), {}):
                            self.wrong.append(f"{at} is committed to {to}: {key} is not kept")
