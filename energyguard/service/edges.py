"""The edges, as the cloud sees them: who was let in, and how each line is.

A fold of ``energyguard.edges``, which service and CLI write, and ``energyguard.edge-links``, which
the role ``cloud`` writes. That role alone says who is silent; where it tells nothing any more,
nobody knows how the lines are, and no edge is blamed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import RLock
from typing import Any

from energyguard.clock import Clock
from energyguard.edge.cloud.line_alerts import CLOCK, SILENT, awaited
from energyguard.edge.link.enrolment import Enrolment
from energyguard.errors import NotFound
from energyguard.log import Fetched, Log
from energyguard.log.compacted import CompactedTable
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import EDGE_DEVICES, EDGE_LINKS, EDGES
from energyguard.records.edges import EDGE_DEVICE, EDGE_ENTRY, EDGE_LINK, EdgeEntry, EdgeLink
from energyguard.service.views import EdgeState, EdgeView
from energyguard.settings.edge import CloudSettings

REPORT_MS = 15_000
"""Of an edge that is heard the cloud reports more often than this."""


class EdgeProjection:
    """The edges by name. Thread-safe.

    Args:
        log: where it is written who is forgotten.
        settings: what is silent, and how far off a clock may be.
        clock: the wall clock.
    """

    def __init__(self, log: Log, settings: CloudSettings, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._silent_ms = parse_duration(settings.silent)
        self._off_ms = parse_duration(settings.clock_offset)
        entries, links = CompactedTable(log, EDGE_ENTRY), CompactedTable(log, EDGE_LINK)
        owned = CompactedTable(log, EDGE_DEVICE)
        self._tables = entries, links
        self._entries, self._links, self._owned = entries.rows, links.rows, owned.rows
        self._lock = RLock()
        self.takers: Mapping[str, Callable[[Fetched], object]] = {
            EDGES.name: partial(self._take, entries),
            EDGE_LINKS.name: partial(self._take, links),
            EDGE_DEVICES.name: partial(self._take, owned),
        }

    def read(self) -> None:
        """Read all that the log has, once: for who does not follow it."""
        with self._lock:
            for table in self._tables:
                table.refresh()

    def all(self) -> list[EdgeView]:
        """Every edge that was ever let in, by name."""
        with self._lock:
            return [self._shown(name) for name in sorted(self._entries.keys() | self._links)]

    def get(self, name: str) -> EdgeView:
        """One edge.

        Raises:
            NotFound: none of this name was ever let in.
        """
        with self._lock:
            if name not in self._entries and name not in self._links:
                known = ", ".join(sorted(self._entries)) or "none"
                raise NotFound(f"no edge {name!r}; there are: {known}")
            return self._shown(name)

    def devices(self, name: str) -> frozenset[str]:
        """The devices that are an edge's."""
        with self._lock:
            return frozenset(d for d, owned in self._owned.items() if owned.edge == name)

    def forget(self, name: str, by: str) -> EdgeView:
        """Let an edge in no more: the cloud ends its line, and its devices are free for another.

        What came from it stays. Who is forgotten already stays so, by whom it was.

        Raises:
            NotFound: none of this name was ever let in.
        """
        with self._lock:
            self.get(name)
            entry = Enrolment(self._log, self._clock).forget(name, by)
            self._entries[name] = entry  # who asks sees it at once
            return self._shown(name)

    def _take(self, table: CompactedTable[Any], fetched: Fetched) -> None:
        with self._lock:
            table.take(fetched)

    def _shown(self, name: str) -> EdgeView:
        entry, link = self._entries.get(name), self._links.get(name)
        now_ms = self._clock.now_ms()
        state = self._state(entry, link, now_ms)
        beat_ms = link.heartbeat_ms if link else None
        behind_ms = (link.behind_ms or 0) if link and link.queued else 0
        behind = beat_ms is not None and state not in ("never-heard", "forgotten")
        offset_ms = link.offset_ms if link else None
        parts = link.held if link else ()
        raised = {alert.rule for alert in link.alerts} if link else set()
        return EdgeView(
            edge=name,
            state=state,
            identity=entry.identity if entry else "",
            let_in_by=entry.by if entry else "",
            let_in_ms=entry.at_ms if entry else None,
            connected_ms=link.connected_ms if link and state == "connected" else None,
            heartbeat_ms=beat_ms,
            queued=link.queued if link else 0,
            queued_ms=link.behind_ms if link and link.queued else None,
            lag_ms=max(0, now_ms - (beat_ms or 0) + behind_ms) if behind else None,
            offset_ms=offset_ms,
            clock_off=state != "forgotten"
            and (CLOCK in raised or abs(offset_ms or 0) > self._off_ms),
            readings=link.readings if link else 0,
            held=sum(held.next - held.first for part in parts for held in part.ranges),
            lost=sum(part.void for part in parts),
            epoch=link.epoch if link else "",
            forgotten_ms=entry.forgotten_ms if entry else None,
            forgotten_by=entry.forgotten_by if entry else "",
        )

    def _state(self, entry: EdgeEntry | None, link: EdgeLink | None, now_ms: int) -> EdgeState:
        if entry is None or entry.forgotten_ms is not None:
            return "forgotten"
        if link is None or link.heartbeat_ms is None or awaited(entry, link):
            return "never-heard"
        if any(alert.rule == SILENT for alert in link.alerts):
            return "silent"
        allowed_ms = self._silent_ms + REPORT_MS
        if now_ms - max(report.at_ms for report in self._links.values()) > allowed_ms:
            return "unknown"
        if now_ms - link.heartbeat_ms > allowed_ms:
            return "silent"
        return "disconnected" if link.connected_ms is None else "connected"


def trouble(edges: Sequence[EdgeView]) -> str:
    """What is wrong with the edges, in a sentence; ``ok``: nothing; empty: there are none."""
    here = [edge for edge in edges if edge.state != "forgotten"]
    silent = ", ".join(edge.edge for edge in here if edge.state == "silent")
    off = ", ".join(edge.edge for edge in here if edge.clock_off)
    unknown = sum(edge.state == "unknown" for edge in here)
    wrong = [
        words
        for count, words in (
            (unknown, "the role cloud tells nothing of the edges: does it run?"),
            (silent, f"silent: {silent} (power? network?)"),
            (off, f"a clock that is off: {off} (timedatectl set-ntp true, there)"),
        )
        if count
    ]
    return "; ".join(wrong) or ("ok" if here else "")
