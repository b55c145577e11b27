"""The line of an edge, played: frames between its end, its outbox and NNG, and its report."""

from __future__ import annotations

from random import Random
from threading import Event

from energyguard.clock import SYSTEM, Clock
from energyguard.edge.link.identity import Bundle
from energyguard.edge.link.transport import EdgeLine, Happened
from energyguard.edge.memory import give_back
from energyguard.edge.outbox.edge_log import EmbeddedLog
from energyguard.edge.outbox.outbox import LogOutbox
from energyguard.edge.outbox.room import OutboxRoom
from energyguard.edge.protocol.contract import Instant
from energyguard.edge.protocol.messages import MAX_FRAME
from energyguard.edge.uplink.edge_end import EdgeEnd
from energyguard.edge.uplink.report import report_of, write_report
from energyguard.errors import Unavailable
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

WAIT_S = 0.05
"""A record that was written travels within this time."""
SECOND_S, OURS_S = 1.0, 0.2

_log = logger(__name__)


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
