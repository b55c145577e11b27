"""The role ``cloud``: the lines of all edges, into the log, until it is told to stop.

One process at a time holds the group ``cloud``; another waits until it may. Who is fenced, or does
not know what became of a transaction, lets go of everything: all lines, and what it believed to be
held. It begins again with what the log holds, and the edges connect again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.edge.cloud.arrivals import Arrivals, Outputs
from energyguard.edge.cloud.cloud_end import CloudEnd, Commit
from energyguard.edge.cloud.line_alerts import LineWatch
from energyguard.edge.cloud.placing import Placing
from energyguard.edge.link.identity import Authority
from energyguard.edge.link.transport import CloudPort, Happened, LineEvent
from energyguard.edge.protocol.contract import Instant, Outgoing
from energyguard.edge.protocol.messages import MAX_FRAME
from energyguard.errors import ConfigError
from energyguard.log import Log, Membership, Records, TopicPartition
from energyguard.log.compacted import CompactedTable
from energyguard.model.topics import EDGES
from energyguard.pipeline import CLOUD
from energyguard.processes.role_log import role_log
from energyguard.processes.sole_owner import play_alone
from energyguard.records.alerts import ALERT_EVENT
from energyguard.records.edges import EDGE_ENTRY, EDGE_LINK, EdgeLink
from energyguard.settings.tree import Settings
from energyguard.telemetry import METRICS, Condition, logger

WAIT_S = 0.25
SECOND_S = 1.0
REPORT_S = 5.0
FAREWELL_S = 1.0
"""A line that is refused stays so long, for the refusal to arrive."""

_log = logger(__name__)


def run(settings: Settings, stop: Event) -> None:
    """Take what edges send until told to stop.

    Raises:
        ConfigError: there is no address to listen on, or nothing can listen there.
        Corrupt: the authority's file is damaged.
    """
    if not settings.cloud.listen:
        raise ConfigError("cloud.listen is empty: say where edges connect, such as `0.0.0.0:5556`")
    authority = Authority(settings.data_dir)
    with role_log(settings, stop) as log:
        if log is None:
            return
        away = Condition(_log, "edges have to wait", "edges are served again")
        play_alone(
            log,
            CLOUD,
            stop,
            away,
            lambda member: Cloud(log, member, settings, authority).serve(stop),
        )


class Cloud:
    """The cloud's end of all lines, while this process holds the group.

    Args:
        log: where all goes.
        member: of the group ``cloud``, which owns its partition.
        settings: the settings tree.
        authority: of the certificates.
        clock: for everything but the waiting for frames.
    """

    def __init__(
        self,
        log: Log,
        member: Membership,
        settings: Settings,
        authority: Authority,
        clock: Clock = SYSTEM,
    ) -> None:
        self._log, self._member, self._clock = log, member, clock
        self._settings, self._authority = settings, authority
        self._entries = CompactedTable(log, EDGE_ENTRY)
        self._entries.refresh()
        links = CompactedTable(log, EDGE_LINK)
        links.refresh()
        self._arrivals = Arrivals(log, settings.wire, clock)
        self._placing = Placing(log, settings, clock)
        self._watch = LineWatch(links.rows, settings.cloud)
        self._end = CloudEnd(
            links.rows, dict(self._entries.rows), settings.cloud, secrets.token_hex(8)
        )
        self._leaving: dict[int, float] = {}
        self._has_more = False  # perhaps: a transaction takes but a part
        self._looked_s = self._reported_s = clock.monotonic()

    def serve(self, stop: Event) -> None:
        """Serve until told to stop, or until the group is no longer ours.

        Raises:
            Fenced, Unavailable: what became of the newest transaction is not known here.
        """
        self._place(self._arrivals.devices())
        port = CloudPort(self._settings.cloud.listen, self._authority.server, MAX_FRAME)
        _log.info("listening", address=self._settings.cloud.listen, edges=len(self._entries.rows))
        try:
            while not stop.is_set() and self._is_owner():
                self.step(port)
            if stop.is_set():
                self._report()
        finally:
            port.close()

    def step(self, port: CloudPort) -> None:
        """Take what has come, commit it, answer."""
        due_s = 0.0 if self._has_more else self._end.due_s - self._clock.monotonic()
        events = port.wait(min(WAIT_S, max(0.0, due_s)))
        outgoing: list[Outgoing] = []
        for event in events:
            outgoing += self._took(event)
        outgoing += self._end.poll(self._now())
        _send(port, outgoing, self._leaving, self._clock.monotonic())
        commit = self._end.pending(self._now())
        self._has_more = commit is not None
        if commit is not None:
            self._commit(commit, port)
        if self._clock.monotonic() - self._reported_s >= REPORT_S:
            self._report()

    def _took(self, event: LineEvent) -> Sequence[Outgoing]:
        if event.what is Happened.CONNECTED:
            _log.info("a line is there", edge=event.identity)
            return self._end.connected(event.peer, event.identity, self._now())
        if event.what is Happened.LOST:
            _log.info("a line is gone", edge=event.identity)
            self._leaving.pop(event.peer, None)
            self._end.disconnected(event.peer, self._now())
            return ()
        return self._end.received(event.peer, event.frame, self._now())

    def _commit(self, commit: Commit, port: CloudPort) -> None:
        """Append what came, with what is held then; acknowledge when it is durable."""
        found = self._arrivals.unpacked(commit.arrived)
        outputs = found.outputs
        for edge, devices in found.devices.items():
            outputs += self._placing.answer(edge, devices)
        links = {
            edge: self._watch.marked(
                edge, msgspec.structs.replace(link, readings=link.readings + found.readings[edge])
            )
            for edge, link in commit.links.items()
        }
        with METRICS["commit_seconds"].time():
            self._append([*outputs, _links(links)])
        outgoing = self._end.committed(replace(commit, links=links), self._now())
        if found.devices:
            self._arrivals.refresh()
        for edge in found.devices:
            self._end.places(edge, self._placing.of(edge))
        _send(port, outgoing, self._leaving, self._clock.monotonic())

    def _append(self, outputs: Outputs) -> None:
        with self._log.transaction(self._member) as transaction:
            for topic, records in outputs:
                transaction.append(topic, records)
            transaction.move({TopicPartition(EDGES.name, 0): self._entries.position})

    def _is_owner(self) -> bool:
        """Once a second: say that we live, and take who was let in or forgotten."""
        now_s = self._clock.monotonic()
        if now_s - self._looked_s < SECOND_S:
            return True
        self._looked_s = now_s
        if self._member.poll() or not self._member.assigned:
            return False
        if self._entries.refresh():
            self._end.entries = dict(self._entries.rows)
            self._release()
        if changed := self._placing.changed():
            self._place(changed)
        return True

    def _release(self) -> None:
        """Free the devices of edges that were forgotten."""
        gone = {n for n, entry in self._entries.rows.items() if entry.forgotten_ms is not None}
        released = {n: devices for n, devices in self._arrivals.devices().items() if n in gone}
        if released:
            self._append(self._arrivals.released(gone))
            self._arrivals.refresh()
            self._placing.forget(released)

    def _place(self, devices: dict[str, list[str]]) -> None:
        """Answer where devices of edges stand."""
        outputs: Outputs = []
        for edge, names in devices.items():
            outputs += self._placing.answer(edge, names)
        if outputs:
            self._append(outputs)
        for edge in devices:
            self._end.places(edge, self._placing.of(edge))

    def _report(self) -> None:
        """Write how each line is, and what alerts there are of it."""
        self._reported_s = self._clock.monotonic()
        now = self._now()
        links = self._end.report(now)
        report = self._watch.look(links, self._entries.rows, now.monotonic_s, now.wall_ms)
        if report.links:
            keys = [event.device.encode() for event in report.events]
            events = Records(keys, [ALERT_EVENT.encode(event) for event in report.events])
            self._append([(ALERT_EVENT.name, events), _links(report.links)])
            self._watch.committed(report)

    def _now(self) -> Instant:
        return Instant(self._clock.monotonic(), self._clock.now_ms())


def _links(links: dict[str, EdgeLink]) -> tuple[str, Records]:
    keys = [edge.encode() for edge in links]
    return EDGE_LINK.name, Records(keys, [EDGE_LINK.encode(link) for link in links.values()])


def _send(
    port: CloudPort, outgoing: Sequence[Outgoing], leaving: dict[int, float], now_s: float
) -> None:
    """Send frames, those of one peer together; let go of whom the end wants no more."""
    frames: dict[int, list[bytes]] = {}
    for peer, frame in outgoing:
        if frame is None:
            leaving.setdefault(peer, now_s + FAREWELL_S)
        else:
            frames.setdefault(peer, []).append(frame)
    for peer, together in frames.items():
        port.send(peer, together)
    for peer in [peer for peer, at_s in leaving.items() if at_s <= now_s]:
        del leaving[peer]
        port.drop(peer)
