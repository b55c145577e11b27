"""Alerts of the lines: an edge that is not heard for too long, and a clock that is off.

    watch = LineWatch(links, settings)            # links: as the log has them
    report = watch.look(end.report(now), entries, now.monotonic_s, now.wall_ms)
    ...                                           # report.events and report.links: one transaction
    watch.committed(report)                       # only then is it so
    watch.marked(name, link)                      # of a link that is written beside readings

An alert that is open stands in its edge's own record (``EdgeLink.alerts``), which is written in the
transaction that appends the event: who starts again raises none twice and forgets none. How long an
edge is silent is measured by a clock that nobody sets; after a start each has its whole time again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import NANO, parse_duration, spell_duration
from energyguard.model.topics import DAY_MS, EDGE_LINKS
from energyguard.records.alerts import AlertEvent, alert_id
from energyguard.records.edges import EdgeEntry, EdgeLink, LineAlert
from energyguard.settings.edge import CloudSettings

SILENT = "edge-silent"
CLOCK = "edge-clock"
FORGOTTEN = "the edge was forgotten"
SAME_MS = 1_000
"""A heartbeat that moved by less is the same one: it is told of by two clocks."""
CLEARS = 0.5
"""A clock is right again within this part of what it may be off by."""

Alerts = tuple[LineAlert, ...]


class LineReport(NamedTuple):
    """What to append in one transaction."""

    events: list[AlertEvent]
    links: dict[str, EdgeLink]  # by edge


class _Change(NamedTuple):
    """Of an edge: the alerts that are open then, and what is to be said of it."""

    alerts: Alerts
    events: list[AlertEvent]


class LineWatch:
    """Which alerts of which lines are open.

    Args:
        links: what the log has of each edge: its open alerts are known from there.
        settings: after how long, and how far off, something is an alert.
    """

    def __init__(self, links: Mapping[str, EdgeLink], settings: CloudSettings) -> None:
        self._silent_ms = parse_duration(settings.silent)
        self._off_ms = parse_duration(settings.clock_offset)
        self._open: dict[str, Alerts] = {name: link.alerts for name, link in links.items()}
        self._beats: dict[str, tuple[int, float]] = {}  # edge: which heartbeat, since when (s)

    def look(
        self,
        links: Mapping[str, EdgeLink],
        entries: Mapping[str, EdgeEntry],
        now_s: float,
        now_ms: int,
    ) -> LineReport:
        """What has begun and what is over; the same until it is ``committed``.

        Args:
            links: how each line is now.
            entries: the edges that were let in; one that was forgotten has no alerts.
            now_s: of a clock that only goes on, in s.
            now_ms: wall time.
        """
        found = LineReport([], {})
        for name, link in links.items():
            beat_ms = link.heartbeat_ms
            if beat_ms is None:
                found.links[name] = self.marked(name, link)
                continue
            if not _is_same(self._beats.get(name, (None, 0.0))[0], beat_ms):
                self._beats[name] = beat_ms, now_s
            entry = entries.get(name)
            if entry is None or entry.forgotten_ms is not None:
                self._beats[name] = beat_ms, now_s  # let in again, it has its whole time
                change = self._forgotten(name, link, now_ms)
            else:
                change = self._change(name, link, entry, now_s, now_ms)
            found.events.extend(change.events)
            found.links[name] = replace(link, alerts=change.alerts)
        return found

    def committed(self, report: LineReport) -> None:
        """What was appended is so from now on."""
        self._open.update({name: link.alerts for name, link in report.links.items()})

    def marked(self, name: str, link: EdgeLink) -> EdgeLink:
        """A report with the alerts that are open."""
        alerts = self._open.get(name, ())
        return link if link.alerts == alerts else replace(link, alerts=alerts)

    def _change(
        self, name: str, link: EdgeLink, entry: EdgeEntry, now_s: float, now_ms: int
    ) -> _Change:
        assert link.heartbeat_ms is not None  # else there is nothing to change
        opened = {alert.rule: alert for alert in self._open.get(name, ())}
        events = []
        silent, off = opened.get(SILENT), opened.get(CLOCK)
        waited_ms = (now_s - self._beats[name][1]) * 1000
        if silent is not None and not _is_same(silent.since_ms, link.heartbeat_ms):
            events.append(self._silence(name, silent, State.RESOLVED, link.heartbeat_ms))
            del opened[SILENT]
        elif silent is None and waited_ms > self._silent_ms and not awaited(entry, link):
            opened[SILENT] = _begun(SILENT, name, link, link.heartbeat_ms)
            events.append(self._silence(name, opened[SILENT], State.FIRING, now_ms))
        offset_ms = link.offset_ms or 0
        if off is not None and abs(offset_ms) <= self._off_ms * CLEARS:
            events.append(self._clock(name, off, State.RESOLVED, offset_ms, now_ms))
            del opened[CLOCK]
        elif off is None and abs(offset_ms) > self._off_ms:
            opened[CLOCK] = _begun(CLOCK, name, link, now_ms)
            events.append(self._clock(name, opened[CLOCK], State.FIRING, offset_ms, now_ms))
        return _Change(tuple(opened.values()), events)

    def _forgotten(self, name: str, link: EdgeLink, now_ms: int) -> _Change:
        events = [
            self._silence(name, alert, State.RESOLVED, now_ms, FORGOTTEN)
            if alert.rule == SILENT
            else self._clock(name, alert, State.RESOLVED, link.offset_ms or 0, now_ms, FORGOTTEN)
            for alert in self._open.get(name, ())
        ]
        return _Change((), events)

    def _silence(
        self, name: str, alert: LineAlert, state: State, time_ms: int, reason: str = ""
    ) -> AlertEvent:
        lasted_ms = max(time_ms - alert.since_ms, self._silent_ms)
        about = (
            f"edge {name} is heard again"
            if state is State.RESOLVED
            else f"edge {name} has not been heard for {spell_duration(self._silent_ms)}: look "
            "after its power and its network; what it measures waits on its disk"
        )
        return _event(name, alert, state, time_ms, lasted_ms, self._silent_ms, about, reason)

    def _clock(
        self, name: str, alert: LineAlert, state: State, offset_ms: int, now_ms: int,
        reason: str = "",
    ) -> AlertEvent:  # fmt: skip
        way = "ahead of" if offset_ms > 0 else "behind"
        about = (
            f"the clock of edge {name} is right again"
            if state is State.RESOLVED
            else f"the clock of edge {name} is {_spelled(abs(offset_ms))} {way} ours: set it there "
            "(timedatectl set-ntp true); its readings have its times"
        )
        return _event(name, alert, state, now_ms, abs(offset_ms), self._off_ms, about, reason)


def awaited(entry: EdgeEntry, link: EdgeLink) -> bool:
    """Whether an edge was never heard since it was let in."""
    beat_ms = link.heartbeat_ms
    return beat_ms is None or (link.connected_ms is None and beat_ms < entry.at_ms)


def _is_same(before_ms: int | None, beat_ms: int) -> bool:
    """Whether two reports tell of the same heartbeat."""
    return before_ms is not None and abs(beat_ms - before_ms) < SAME_MS


def _begun(rule: str, name: str, link: EdgeLink, since_ms: int) -> LineAlert:
    return LineAlert(rule, alert_id(EDGE_LINKS.name, rule, name, link.epoch, since_ms), since_ms)


def _spelled(ms: int) -> str:
    """About how long, for people: ``23.9 hours``."""
    for unit_ms, word in ((DAY_MS, "days"), (3_600_000, "hours"), (60_000, "minutes")):
        if ms >= 2 * unit_ms:
            return f"{ms / unit_ms:.1f} {word}"
    return f"{ms / 1000:.0f} s"


def _event(
    name: str, alert: LineAlert, state: State, time_ms: int, amount_ms: int, limit_ms: int,
    about: str, reason: str,
) -> AlertEvent:  # fmt: skip
    observed = amount_ms * (NANO // 1000)
    return AlertEvent(
        id=alert.id, rule=alert.rule, device=name, channel="", severity=Severity.WARNING,
        state=state, time_ms=time_ms, since_ms=alert.since_ms, window_start_ms=alert.since_ms,
        window_end_ms=alert.since_ms, observed=observed, expected=limit_ms * (NANO // 1000),
        peak=observed, unit="s", topic=EDGE_LINKS.name,
        about=f"edge {name}: {reason}" if reason else about, reason=reason,
    )  # fmt: skip
