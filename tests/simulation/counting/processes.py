"""Workers and an archive on one log, each of which may die at any step."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from random import Random
from typing import Any, cast

from energyguard.errors import Fenced, Unavailable
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import LATEST, Log
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import Settings, StreamSettings
from energyguard.sinks.archive import Archive
from energyguard.sinks.energy_facts import EnergyFacts
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker
from tests.simulation.counting.meters import BEGIN_MS, KINDS, KWH
from tests.simulation.counting.noted import TOPICS
from tests.simulation.counting.steps import Crashed, Danger, StepLog, WorldClock
from tests.simulation.counting.tables import MemoryTables, StepTables

SETTINGS = Settings()
RULES = (
    ThresholdRule(
        id="quarter", channels=KINDS, window_ms=900_000, slide_ms=300_000,
        raise_above=KWH // 4, clear_at=KWH // 5,
    ),
    ThresholdRule(
        id="hour", channels=KINDS, window_ms=3_600_000, slide_ms=900_000,
        raise_above=2 * KWH, clear_at=2 * KWH, dwell_ms=900_000,
    ),
)  # fmt: skip


def book() -> RuleBook:
    """The rules that run."""
    return RuleBook(RULES, [rule.id for rule in RULES])


class Processes:
    """A log, tables, and who works with them."""

    def __init__(self, random: Random, new_log: Callable[[WorldClock], Log]) -> None:
        self.random, self.clock = random, WorldClock(BEGIN_MS)
        self.log = new_log(self.clock)
        self.tables = MemoryTables()
        self.danger = Danger(random)
        readings = random.choice((64, 300, 65_536))
        self.settings = StreamSettings(snapshot="2s", poll_readings=readings)
        self.workers: list[Worker[Any, Any]] = []
        self.archive: Archive | None = None
        self.facts: EnergyFacts | None = None
        self.crashes = 0

    def look(self) -> None:
        """See whether all is well so far."""

    def alive(self, what: Callable[[], Any]) -> bool:
        """Do something; false: whoever did it died."""
        try:
            what()
        except Crashed:
            self.crashes += 1
            return False
        except (Unavailable, Fenced):
            pass  # who does it waits, and tries again
        return True

    def made_worker(self) -> Worker[Any, Any]:
        """A process of its own."""
        log = StepLog(self.log, self.danger.step)
        return window_worker(log, book(), self.settings, TOPICS, self.clock)

    def another(self) -> None:
        """One more worker, at most two."""
        if len(self.workers) < 2:
            self.alive(lambda: self.workers.append(self.made_worker()))

    def work(self) -> None:
        """A worker takes a step."""
        if not self.workers:
            self.another()
            return
        worker = self.random.choice(self.workers)
        if not self.alive(worker.step):
            self.workers.remove(worker)

    def leave(self) -> None:
        """A worker saves its state and goes."""
        if self.workers:
            self.alive(self.workers.pop(self.random.randrange(len(self.workers))).drain)

    def kill(self) -> None:
        """A worker dies between two steps: its partitions are free when its lease is over."""
        if self.workers:
            self.workers.pop(self.random.randrange(len(self.workers)))
            self.clock.sleep(self.random.choice((0, 12)))

    def keep(self) -> None:
        """The archive takes a step."""
        if self.archive is None:
            self.alive(self.open_archive)
            return
        archive, facts = self.archive, self.facts
        assert facts is not None

        def step() -> None:
            archive.step(0.0)
            facts.step()

        if not self.alive(step):
            self.archive = None
        self.look()

    def open_archive(self) -> None:
        """A process of its own."""
        history = cast(ChdbHistory, StepTables(self.tables, self.danger.step, self.random))
        log, people = StepLog(self.log, self.danger.step), cast(People, Nobody())
        archive = Archive(history, log, 0.5, people, clock=self.clock)
        archive._roller.shutdown()
        archive._roller = cast(Any, Roller(self.random))
        self.facts = EnergyFacts(log, history, archive, SETTINGS)
        self.archive = archive

    def stop(self) -> None:
        """The archive dies, or goes in peace."""
        archive, self.archive = self.archive, None
        if archive is not None and self.random.random() < 0.3:
            self.alive(archive.close)
        self.look()

    def settle(self) -> bool:
        """Everybody works until nothing is left; false: it does not come to an end."""
        self.workers = self.workers[:1] or [self.made_worker()]
        calm = 0
        for _ in range(100):
            self.clock.sleep(3.5)  # a lease of the dead ends after ten seconds
            self.workers[0].step()
            self.keep()
            calm = calm + 1 if self._is_done() else 0
            if calm > 3:
                break
        if self.archive:
            self.archive.settle()
        self.look()
        return calm > 3

    def _is_done(self) -> bool:
        """Whether all is read, and everything that was decided has taken effect."""
        worker = self.workers[0]
        return not any(task.undecided(worker.decisions) for task in worker.tasks.values()) and all(
            self.log.positions(topic, "worker") == self.log.positions(topic, LATEST)
            for topic in TOPICS
        )


class Roller(Executor):
    """Makes roll-ups when somebody waits for them, or before: as the seed has it."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def submit(self, what: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        made = _Waited(lambda: what(*arguments))
        if self._random.random() < 0.5:
            made.make()
        return made


class _Waited(Future[Any]):
    def __init__(self, what: Callable[[], Any]) -> None:
        super().__init__()
        self._what: Callable[[], Any] | None = what

    def make(self) -> None:
        what, self._what = self._what, None
        if what is not None:
            try:
                self.set_result(what())
            except BaseException as error:
                self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        self.make()
        return super().result(timeout)


class Nobody:
    """People that no reading tells of."""

    def keep(self) -> None:
        pass

    def pseudonym(self, name: str) -> str:
        return name
