"""The role ``edge``: a box in the field, with a log of its own, until it is told to stop.

Everything lies in the edge's folder: its certificate, its log, which is its outbox, and ``run``
with what `energyguard edge status` says. Averages, rules and the line play beside each other in one
process and share the log; one that ends with an error ends all. What they need is loaded after the
process was made small, in which the order counts: see ``memory.py``.
"""

from __future__ import annotations

import gc
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, cast

from energyguard.edge.memory import go_small, release_libraries
from energyguard.model.topics import EDGE_READINGS
from energyguard.pipeline import AVERAGES, DETECTOR, UPLINK, WINDOWS
from energyguard.processes.registry import present
from energyguard.processes.role_runner import RunRole, play_together
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

if TYPE_CHECKING:
    from energyguard.edge.edge_rules import RuleWorker
    from energyguard.edge.outbox.edge_log import EmbeddedLog

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
    from energyguard.edge.link.identity import check_address, joined
    from energyguard.edge.uplink.uplink import Uplink
    from energyguard.processes.role_log import role_log

    folder = settings.edge_dir
    bundle = joined(folder)
    cloud = settings.edge.cloud or bundle.cloud
    check_address(cloud)
    settings = at_edge(settings)
    with present(folder, "line", max_processes=1), role_log(settings, stop) as log:
        if log is None:
            return
        own = cast("EmbeddedLog", log)  # its address says so
        own.evict(_groups())  # the line of this folder is ours: who had it before is dead
        uplink = Uplink.made(own, settings, bundle, cloud, stop)
        if uplink is not None:
            _log.info("measuring", edge=bundle.edge, cloud=cloud, folder=str(folder))
            parts = {"uplink": uplink.play, **_parts(own, settings)}
            gc.collect()
            gc.freeze()
            release_libraries()
            play_together(parts, settings, stop)


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


def _groups() -> set[str]:
    """What an edge's process is a member of."""
    from energyguard.edge.outbox.edge_log import KEPT
    from energyguard.edge.source import GROUP

    return {KEPT, GROUP, *(flow.group for flow in (UPLINK, AVERAGES, WINDOWS, DETECTOR))}


def _parts(log: EmbeddedLog, settings: Settings) -> dict[str, RunRole]:
    """What plays in an edge's process beside the line, by name."""
    from energyguard.edge.averaging.stage import averaging_worker
    from energyguard.edge.edge_rules import edge_rules
    from energyguard.edge.source import follow_source

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
