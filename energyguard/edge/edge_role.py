"""The role ``edge``: a box in the field, with a log of its own, until it is told to stop.

Everything lies in the edge's folder: its certificate, its log, which is its outbox, and ``run``
with what `energyguard edge status` says. Averages, rules and the line play beside each other in one
process and share the log; one that ends with an error ends all.
"""

from __future__ import annotations

import gc
from functools import partial
from random import Random
from threading import Event
from typing import cast

from energyguard.clock import SYSTEM, Clock
from energyguard.edge.averaging import averaging_worker
from energyguard.edge.contract import Instant
from energyguard.edge.edge_end import EdgeEnd
from energyguard.edge.edge_log import EmbeddedLog
from energyguard.edge.edge_report import report_of, write_report
from energyguard.edge.edge_rules import RuleWorker, edge_rules
from energyguard.edge.identity import Bundle, check_address, joined
from energyguard.edge.memory import give_back, go_small
from energyguard.edge.messages import MAX_FRAME
from energyguard.edge.outbox import LogOutbox
from energyguard.edge.outbox_room import OutboxRoom
from energyguard.edge.source import follow_source
from energyguard.edge.transport import EdgeLine, Happened
from energyguard.errors import Unavailable
from energyguard.model.topics import EDGE_READINGS
from energyguard.processes.registry import present
from energyguard.processes.role_log import role_log
from energyguard.processes.role_runner import RunRole, play_together
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

WAIT_S = 0.05
"""A record that was written travels within this time."""
SECOND_S, OURS_S = 1.0, 0.2
POLL_READINGS = 4_096
"""Readings of a step: an edge has little memory."""

_log = logger(__name__)


def run(settings: Settings, stop: Event) -> None:
    """Measure, keep and send until told to stop; what was taken is on disk.

    Raises:
        ConfigError: the edge has no certificate, or the cloud no address.
        Malformed: the certificate is damaged.
        Conflict: another process has this edge's folder.
        Corrupt: the log is damaged.
    """
    go_small()
    folder = settings.edge_dir
    bundle = joined(folder)
    cloud = settings.edge.cloud or bundle.cloud
    check_address(cloud)
    settings = at_edge(settings)
    with present(folder, "line", max_processes=1), role_log(settings, stop) as log:
        if log is None:
            return
        own = cast(EmbeddedLog, log)  # its address says so
        uplink = Uplink.made(own, settings, bundle, cloud, stop)
        if uplink is not None:
            _log.info("measuring", edge=bundle.edge, cloud=cloud, folder=str(folder))
            gc.collect()
            gc.freeze()
            play_together({"uplink": uplink.play, **_parts(own, settings)}, settings, stop)


def at_edge(settings: Settings) -> Settings:
    """The settings with the edge's log as the log, and steps that need little memory."""
    return settings.model_copy(
        update={
            "log": settings.log.model_copy(update={"url": settings.edge_log_url}),
            "stream": settings.stream.model_copy(
                update={"poll_readings": min(settings.stream.poll_readings, POLL_READINGS)}
            ),
        }
    )


def _parts(log: EmbeddedLog, settings: Settings) -> dict[str, RunRole]:
    """What plays in an edge's process beside the line, by name."""
    parts: dict[str, RunRole] = {
        "averages": lambda _, stop: averaging_worker(
            log,
            settings.edge,
            settings.stream,
            plausible=settings.wire,
            is_full=partial(log.is_full, EDGE_READINGS.name),
        ).run(stop),
    }
    for worker in edge_rules(log, settings):
        parts[f"edge-{worker.stage.flow.name}"] = partial(_work, worker)
    if settings.edge.source:
        parts["edge-source"] = partial(follow_source, log)
    return parts


def _work(worker: RuleWorker, _: Settings, stop: Event) -> None:
    worker.run(stop)


class Uplink:
    """The line of an edge: its end, its outbox and NNG.

    Args:
        outbox: this process's.
        settings: the settings tree.
        bundle: who this edge is.
        cloud: the address of the cloud.
        clock: for everything but the waiting for frames.
    """

    def __init__(
        self,
        outbox: LogOutbox,
        settings: Settings,
        bundle: Bundle,
        cloud: str,
        clock: Clock = SYSTEM,
    ) -> None:
        self._settings, self._bundle, self._cloud, self._clock = settings, bundle, cloud, clock
        self._outbox, self._room = outbox, OutboxRoom(outbox, settings.edge)
        self._end = EdgeEnd(bundle.edge, outbox, settings.edge, Random())
        self._is_up = self._is_dialling = False
        self._second_s, self._logged = -SECOND_S, ""

    @classmethod
    def made(
        cls, log: EmbeddedLog, settings: Settings, bundle: Bundle, cloud: str, stop: Event
    ) -> Uplink | None:
        """An uplink, once the outbox is ours: one that was killed holds it for a few seconds.

        Nothing may be written to the outbox before. None: told to stop.
        """
        outbox = LogOutbox(log, settings.edge)
        while not stop.is_set():
            outbox.tend()
            if outbox.is_ours:
                return cls(outbox, settings, bundle, cloud)
            stop.wait(OURS_S)
        outbox.close()
        return None

    def play(self, _: Settings, stop: Event) -> None:
        """Send until told to stop.

        Raises:
            Fenced: another process has the outbox.
        """
        line = EdgeLine(self._bundle, self._cloud, MAX_FRAME)
        away = Condition(_log, "the outbox does not answer", "the outbox answers again")
        try:
            while not stop.is_set():
                try:
                    self.step(line)
                    away.end()
                except Unavailable as error:
                    away.begin(error)
                    stop.wait(error.retry_after)
        finally:
            line.close()
            self._report(line)
            self._outbox.close()

    def step(self, line: EdgeLine) -> None:
        """Take what has come, say what is to be said; dial where there is no line."""
        due_s = self._end.due_s - self._clock.monotonic()
        frames: list[bytes] = []
        for event in line.wait(min(WAIT_S, max(0.0, due_s))):
            if event.what is Happened.FRAME:
                frames += self._end.received(event.frame, self._now())
                continue
            self._is_dialling, self._is_up = False, event.what is Happened.CONNECTED
            if self._is_up:
                frames += self._end.connected(self._now())
            else:
                frames.clear()
                self._end.disconnected(self._now())
        frames += self._end.poll(self._now())
        if self._is_up:
            line.send(frames)
            if not self._end.is_connected:
                line.drop()
        elif not self._is_dialling and self._clock.monotonic() >= self._end.redial_s:
            self._is_dialling = True
            line.dial()
        if self._clock.monotonic() - self._second_s >= SECOND_S:
            self._second_s = self._clock.monotonic()
            self._outbox.tend()
            self._room.make()
            self._report(line)
            give_back()

    def _report(self, line: EdgeLine) -> None:
        """Write how the line is, and log where it is another."""
        now_ms = self._clock.now_ms()
        outbox, room = self._outbox, self._room
        report = report_of(self._bundle, self._cloud, outbox, room, self._end, line.fault, now_ms)
        write_report(self._settings.edge_dir, report)
        if (logged := f"{report.line} {report.reason}") != self._logged:
            self._logged = logged
            say = _log.warning if report.reason else _log.info
            say(f"the line is {report.line}", cloud=self._cloud, reason=report.reason)

    def _now(self) -> Instant:
        return Instant(self._clock.monotonic(), self._clock.now_ms())
