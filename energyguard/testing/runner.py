"""Plays a scenario: readings through border, worker, detector and alerts, by event time.

Nothing is faked but the log, which is in memory, and the wall clock, which stands where the
readings arrive.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from energyguard.alerts.book import AlertBook
from energyguard.clock import ManualClock
from energyguard.codecs.formats import decode
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST
from energyguard.log.records import decoded
from energyguard.model.quantities import from_nano
from energyguard.model.readings import Verdict
from energyguard.model.topics import ALERTS, DEAD_LETTERS, PROGRESS
from energyguard.pipeline import READINGS
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress
from energyguard.rules.registry import open_book
from energyguard.settings.tree import StreamSettings
from energyguard.stream.windows.detector import detector_worker
from energyguard.stream.windows.stage import window_worker
from energyguard.testing.memory_log import MemoryLog
from energyguard.testing.scenario import Arrival, Expectation, Scenario

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


def play_scenario(scenario: Scenario, rule_files: Sequence[Path] = ()) -> list[str]:
    """Play it; a sentence for each expectation that was not met, with its place.

    Args:
        scenario: what is sent, and what is expected.
        rule_files: files of rules beside the scenario's own and ours.

    Raises:
        ConfigError: a file of rules is wrong, or a rule is not there.
        NotFound: a topic is no topic of readings.
    """
    stage, failures = ScenarioStage(scenario, rule_files), list[str]()
    sent = list(scenario.sent)
    timed = [expected for expected in scenario.expectations if expected.at_ms is not None]
    for expectation in timed:
        now_ms = expectation.at_ms or 0
        while sent and sent[0].arrives_ms <= now_ms:
            sent = stage.deliver(sent)
        stage.wait_until(now_ms)
        failures += stage.failures(expectation)
    while sent:
        sent = stage.deliver(sent)
    stage.wait_until(0)
    for expectation in scenario.expectations:
        if expectation.at_ms is None:
            failures += stage.failures(expectation)
    return failures


class ScenarioStage:
    """The product, as far as a scenario needs it."""

    def __init__(self, scenario: Scenario, rule_files: Sequence[Path]) -> None:
        first_ms = scenario.sent[0].arrives_ms if scenario.sent else 0
        self.name = scenario.name
        self.clock = ManualClock(first_ms)
        self.log = MemoryLog(self.clock, session_s=float("inf"))
        self.gateway = Gateway(self.log, self.clock)
        self.workers = [
            made(
                self.log,
                open_book([*rule_files, *scenario.rule_files], scenario.rules),
                StreamSettings(lateness=scenario.lateness),
                [topic.name for topic in READINGS],
                self.clock,
            )
            for made in (window_worker, detector_worker)
        ]
        self.alerts = AlertBook(clock=self.clock)
        self.events: list[AlertEvent] = []
        self.progress: dict[bytes, PartitionProgress] = {}
        self.refused = Counter[str]()
        self._at = {
            topic: dict(self.log.positions(topic, EARLIEST))
            for topic in (ALERTS.name, PROGRESS.name, DEAD_LETTERS.name)
        }

    def deliver(self, sent: Sequence[Arrival]) -> list[Arrival]:
        """What arrives first, in one delivery a topic; what is left is returned."""
        now_ms = sent[0].arrives_ms
        arrived = [reading for reading in sent if reading.arrives_ms == now_ms]
        self._pass_until(now_ms)
        for worker in self.workers:  # what nothing came for is decided before something comes
            worker.step()
        for topic, readings in groupby(arrived, key=lambda reading: reading.topic):
            rows = "".join(
                f"{r.time_ms},{r.device},{r.channel},{from_nano(r.value)}\n" for r in readings
            )
            shape, found = decode(f"timestamp_ms,device,channel,value\n{rows}".encode())
            self.gateway.take(found, topic=topic, source="scenario", shape=shape)
        self._work()
        return list(sent[len(arrived) :])

    def wait_until(self, now_ms: int) -> None:
        """Let the wall clock go on; the worker sees that nothing comes."""
        self._pass_until(now_ms)
        for _ in range(3):  # what is decided in one second takes effect in the next
            self._work()
            self.clock.sleep(1)
        self._follow()

    def _work(self) -> None:
        """Let the worker and the detector take all that is there."""
        for worker in self.workers:
            while worker.step():
                pass

    def failures(self, expected: Expectation) -> Iterable[str]:
        """The sentence for an expectation that is not met."""
        if expected.verdict is not None:
            found = self._counted(expected.verdict)
            is_met, what = found == expected.count, f"{found:,} {expected.verdict.value}"
        elif expected.at_ms is None:
            found_states = {e.state for e in self.events if e.device == expected.device}
            is_met, what = expected.state not in found_states, f"it was {expected.state}"
        else:
            is_met, what = self._alert_fits(expected)
        if not is_met:
            yield f"{self.name}:{expected.line}: {expected.text}: {what}"

    def _alert_fits(self, expected: Expectation) -> tuple[bool, str]:
        found = self.alerts.find(device=expected.device, limit=1)
        if expected.state is None:
            is_calm = not found or not found[0].open
            return is_calm, "" if is_calm else f"{found[0].condition}: {found[0].sentence}"
        if not found:
            return False, "there is no alert"
        alert = found[0]
        is_met = alert.condition is expected.state and (
            not expected.sign or _SIGNS[expected.sign](alert.observed, expected.level)
        )
        amount = f", observed {from_nano(alert.observed)} {alert.unit}" if alert.measured else ""
        return is_met, f"it is {alert.condition}{amount}"

    def _counted(self, verdict: Verdict) -> int:
        field = verdict.value.replace("-", "_")
        counted = sum(getattr(progress, field) for progress in self.progress.values())
        return int(counted) + self.refused[verdict.value]

    def _pass_until(self, now_ms: int) -> None:
        self.clock.sleep(max(0, now_ms - self.clock.now_ms()) / 1000)

    def _follow(self) -> None:
        """Take what the worker has written, and what was refused."""
        for at in self._at.values():
            for fetched in self.log.read(at, 1_000_000, 0):
                at[fetched.at] = fetched.next_offset
                if fetched.topic == DEAD_LETTERS.name:
                    self.refused.update(dict(h)["verdict"].decode() for h in fetched.headers)
                elif fetched.topic == PROGRESS.name:
                    found = decoded(PARTITION_PROGRESS.decoder, fetched)
                    self.progress |= {progress.key: progress for _, progress in found}
                else:
                    for place, event in decoded(ALERT_EVENT.decoder, fetched):
                        self.events.append(event)
                        self.alerts.tell(event, place.at_ms)
