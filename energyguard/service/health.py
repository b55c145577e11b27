"""Whether the system can do its work now, and what is wrong where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from energyguard.durable.atomic import MIN_FREE, free_bytes
from energyguard.errors import EnergyGuardError
from energyguard.flow import Flow
from energyguard.history import History
from energyguard.history.losses import open_losses
from energyguard.log import LATEST, Log, TopicPartition
from energyguard.log.lag import unread
from energyguard.log.sqlite.lost import path_of
from energyguard.log.sqlite.set_aside import summary
from energyguard.model.topics import ALERTS
from energyguard.pipeline import DETECTOR, DOMAIN_STAGES, INGESTOR, POLL, STAGES, flows_at_work
from energyguard.poll.states import states_in
from energyguard.processes.registry import ailing
from energyguard.service.edges import trouble
from energyguard.service.live.live import LiveProjection
from energyguard.service.views import SystemHealth
from energyguard.settings.tree import Settings

OK = "ok"
WORKER_QUIET_MS = 15_000
"""A worker that says nothing for this long while records wait is not well."""
WAITS_MS = 60_000
"""Nor is a group when a record waits for it for this long."""


def health(
    log: Log,
    live: LiveProjection,
    history: History,
    settings: Settings,
    now_ms: int,
    failing: Callable[[], Iterable[str]],
) -> SystemHealth:
    """Ask every part. Without worker or history, readings can still be taken: that is ready.

    Args:
        log: is asked what waits.
        live: is asked for faults, and of edges.
        history: is asked something small.
        settings: the settings tree.
        now_ms: the wall time.
        failing: the names of routes by which nobody is told any more.
    """
    parts = {
        "log": _fault(lambda: log.positions(ALERTS.name, LATEST)),
        "live": live.fault or OK,
        "worker": _worker(live, now_ms),
        "history": _history(history, settings),
        "disk": _disk(settings),
    }
    ready = parts["log"] == parts["live"] == parts["disk"] == OK
    if parts["log"] == OK and INGESTOR in flows_at_work(log.positions, settings):
        parts["ingestor"] = _waits(log, INGESTOR, "the store", now_ms)
    if parts["log"] == OK and _any(log, DETECTOR.topics):
        parts["detector"] = _waits(log, DETECTOR, "the role detector", now_ms)
    for role in DOMAIN_STAGES if parts["log"] == OK else ():
        for first in role.flows[:1]:  # what it writes for itself waits for it no longer than that
            if _any(log, first.topics):
                parts[role.name] = _waits(log, first, f"the role {role.name}", now_ms)
    if (polled := states_in(settings.data_dir)) and POLL.is_wanted(settings):
        parts[POLL.name] = polled.words()
    if words := trouble(live.edges.all()):
        parts["edges"] = words
    if parts["log"] == OK and (names := list(failing())):
        parts["routes"] = _routes(names)
    if (file := path_of(settings.log_url)) and (damage := summary(file)):
        parts["damage"] = damage
    roles = [role.name for role in STAGES]
    parts |= {role: what for role, what in ailing(settings.data_dir).items() if role in roles}
    return SystemHealth(ready=ready, parts=parts)


def _routes(failing: Iterable[str]) -> str:
    """Who is not told; why is for those who may see addresses: `/readyz` asks nobody who he is."""
    return f"the last message failed: {', '.join(failing)}; `energyguard notify log` says why"


def _history(history: History, settings: Settings) -> str:
    fault = _fault(lambda: history.query("totals", start_ms=0, end_ms=1))
    return open_losses(settings.data_dir) or fault if fault == OK else fault


def _disk(settings: Settings) -> str:
    """Whether there is room: a full disk takes no readings."""
    file = path_of(settings.log_url)
    for folder in {settings.data_dir, file.parent if file else settings.data_dir}:
        if (free := free_bytes(folder)) < MIN_FREE:
            return f"{folder.absolute()}: {free // 1024} KiB free; no reading is taken"
    return OK


def _worker(live: LiveProjection, now_ms: int) -> str:
    partitions = live.partitions()
    waiting = sum(partition.lag for partition in partitions)
    reported_ms = max((partition.at_ms for partition in partitions), default=0)
    if waiting and reported_ms < now_ms - WORKER_QUIET_MS:
        return f"{waiting} records wait, and no worker takes them"
    return OK


def _waits(log: Log, flow: Flow, what: str, now_ms: int) -> str:
    """Whether a record has waited too long for a flow; ``what`` it is that they wait for."""
    try:
        behind = _behind(log, flow)
        for at in behind:
            for fetched in log.read({at: behind[at].start}, 1, 0.0):
                waits_ms = now_ms - fetched.timestamps_ms[0]
                if waits_ms > WAITS_MS:
                    many = sum(map(len, behind.values()))
                    return f"{many} records wait for {what}, one of them for {waits_ms // 1000} s"
    except EnergyGuardError as error:
        return str(error)
    return OK


def _behind(log: Log, flow: Flow) -> dict[TopicPartition, range]:
    """The offsets that a flow has not read, of each partition where there are any."""
    return {
        at: left
        for topic in flow.topics
        for at, left in unread(log.positions, topic, flow.group).items()
        if left
    }


def _any(log: Log, topics: Iterable[str]) -> bool:
    """Whether anything was ever written to one of these topics."""
    return any(end for topic in topics for end in log.positions(topic, LATEST).values())


def _fault(ask: Callable[[], object]) -> str:
    try:
        ask()
    except EnergyGuardError as error:
        return str(error)
    return OK
