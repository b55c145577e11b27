"""What ``energyguard edge status`` says: of an edge that runs, and of one that does not.

The role writes it to ``run/line.json`` of its folder every second. Where no process has the folder,
the log alone says what waits.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from energyguard.edge.link.identity import Bundle
from energyguard.edge.outbox.room import OutboxRoom
from energyguard.edge.outbox.state import read_state
from energyguard.edge.protocol.contract import Outbox
from energyguard.edge.uplink.edge_end import EdgeEnd
from energyguard.log import LATEST, Log, TopicPartition
from energyguard.pipeline import UPLINK
from energyguard.processes.registry import living

FILE = "line.json"
STOPPED = "stopped"


class EdgeReport(msgspec.Struct, frozen=True, kw_only=True):
    """An edge, its outbox and its line; times in ms, by the edge's clock."""

    edge: str
    cloud: str
    line: str
    """`down`, `greeting`, `up`; `stopped`: no process has the folder."""
    reason: str = ""
    queued: int
    """Records that wait, those in flight among them."""
    sent: int = 0
    """Records in flight."""
    acknowledged: int
    """Records that the cloud has, of those that were ever written."""
    lost: int = 0
    oldest_ms: int | None = None
    clock_offset_ms: int | None = None
    round_trip_ms: int | None = None
    last_heartbeat_ms: int | None = None
    waiting_bytes: int = 0
    """Of readings that wait; no more than ``edge.outbox_bytes`` may."""
    room: str = ""
    """`enough`; `thinning`: the oldest averages become minutes; `full`: nothing is taken."""
    thinned: int = 0
    """How many readings less there are because minutes were made of averages, since it began."""
    epoch: str = ""
    at_ms: int = 0


def report_of(
    bundle: Bundle,
    cloud: str,
    outbox: Outbox,
    room: OutboxRoom,
    end: EdgeEnd,
    fault: str,
    now_ms: int,
) -> EdgeReport:
    """How an edge that runs is; ``fault``: why the newest attempt to connect failed."""
    status = end.status()
    return EdgeReport(
        edge=bundle.edge,
        cloud=cloud,
        line=str(status.state),
        reason=fault or status.reason,
        queued=status.queued,
        sent=status.sent,
        acknowledged=acknowledged(outbox),
        lost=status.lost,
        oldest_ms=status.oldest_ms,
        clock_offset_ms=status.offset_ms,
        round_trip_ms=status.round_trip_ms,
        last_heartbeat_ms=status.last_heartbeat_ms,
        waiting_bytes=room.waiting_bytes,
        room=room.state,
        thinned=room.readings,
        epoch=_epoch(outbox),
        at_ms=now_ms,
    )


def report_stopped(bundle: Bundle, cloud: str, log: Log, now_ms: int) -> EdgeReport:
    """How an edge is that does not run, from its log alone."""
    waiting: dict[TopicPartition, int] = {}
    sent, state = 0, read_state(log)
    for topic in UPLINK.topics:
        ends = log.positions(topic, LATEST)
        for at, position in log.positions(topic, UPLINK.group).items():
            sent += position
            if ends[at] > position:
                waiting[at] = position
    queued = sum(log.positions(at.topic, LATEST)[at] - first for at, first in waiting.items())
    oldest = [
        part.timestamps_ms[0] for at in waiting.items() for part in log.read(dict([at]), 1, 0)
    ]
    return EdgeReport(
        edge=bundle.edge,
        cloud=cloud,
        line=STOPPED,
        reason="no process has this folder; `energyguard edge` starts one",
        queued=queued,
        acknowledged=sent,
        oldest_ms=min(oldest, default=None),
        epoch=state.epochs[-1].id if state and state.epochs else "",
        at_ms=now_ms,
    )


def acknowledged(outbox: Outbox) -> int:
    """How many records the cloud has, of those that were ever written."""
    return sum(outbox.position(at) for at in outbox.partitions())


def write_report(edge_dir: Path, report: EdgeReport) -> None:
    """Put the report where it is looked for; it need not outlive a crash of the machine."""
    folder = edge_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f".{FILE}.{os.getpid()}"
    new.write_bytes(msgspec.json.encode(report))
    new.replace(folder / FILE)


def read_report(edge_dir: Path) -> EdgeReport | None:
    """The report of an edge that runs; None: it does not, or has not said anything yet."""
    if not any(process.role == "line" for process in living(edge_dir)):
        return None
    try:
        return msgspec.json.decode((edge_dir / "run" / FILE).read_bytes(), type=EdgeReport)
    except (OSError, msgspec.DecodeError):
        return None


def _epoch(outbox: Outbox) -> str:
    epochs = outbox.epochs
    return epochs[-1].id if epochs else ""
