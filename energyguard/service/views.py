"""What the service shows: plain frozen data, the same for page, API and CLI.

Fields that end in ``_ms`` are milliseconds since 1970 UTC. Values are floats in the unit named
beside them: good for showing; what is counted is counted elsewhere, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A reading as a row of the live table."""

    device: str
    channel: str
    time_ms: int
    value: float
    unit: str
    topic: str


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device that was heard of lately: its newest reading and how much it draws."""

    device: str
    channel: str
    topic: str
    time_ms: int
    value: float
    unit: str
    kw: float | None  # None: a channel without energy, or only one reading so far
    silent: bool  # behind its topic's clock by over `stream.silent` and three of its own steps


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether data still comes; what is not live is said with its age, never as of now."""

    newest_ms: int | None = None  # event time
    received_ms: int | None = None  # wall time at which the newest came
    since_ms: int | None = None  # nothing new since: of meters their newest time, else received_ms
    clock_ms: int | None = None  # what time it is there: of meters the wall clock's
    pace_ms: int = 0  # the step of nearly all devices; 0: not known yet
    live: bool = False
    simulated: bool = False  # with a clock of its own


NOTHING = Freshness()


@dataclass(frozen=True, slots=True)
class Drawn:
    """What devices draw, of those that are not silent; where nothing is live, what it was last."""

    kw: float | None  # None: of no device is it known yet
    at_ms: int | None  # the newest event time of what is summed
    sending: int  # devices
    silent: int
    live: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """The numbers of the first page."""

    kw_now: float | None  # of all devices that are not silent; None: not known of any
    kw_at_ms: int | None  # of which event time that is
    live: bool  # whether it is of now
    kwh_today: float | None  # of the day in `serve.zone` by the data's clock; None: not known
    day_ms: int | None  # when that day began
    readings_per_minute: int  # by the wall clock, over the last minute
    devices: int  # heard of within `stream.silent` of their topic's clock
    devices_silent: int
    open_alerts: int  # pending, firing, acknowledged, silenced, unknown
    firing: int  # firing and nobody has it
    newest_ms: int | None  # the newest event time of all topics
    watermark_ms: int | None  # of the partition that is furthest behind its topic's newest
    lag: int  # records of readings that the worker has not read yet
    heard_ms: int | None  # wall time at which the newest reading came; None: nothing yet
    now_ms: int  # wall time of this answer


@dataclass(frozen=True, slots=True)
class PartitionView:
    """How far the worker is in a partition, and how its readings ended, since the beginning."""

    topic: str
    partition: int
    position: int  # the next record that the worker reads
    end: int  # the next record that will be written
    lag: int  # records
    watermark_ms: int | None
    newest_ms: int | None
    at_ms: int  # wall time of the worker's last word
    accepted: int
    late: int
    duplicate: int
    conflicting: int
    ahead: int
    devices: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How readings ended, and how far along everything is."""

    accepted: int
    late: int
    duplicate: int
    conflicting: int
    ahead: int
    malformed: int  # of the dead letters still kept
    out_of_range: int
    refused_by: dict[str, int]  # "verdict field" -> dead letters, most frequent first
    dead_letters: int  # kept
    partitions: tuple[PartitionView, ...]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was refused at the border, with its bytes."""

    offset: int
    at_ms: int  # wall time of the refusal
    verdict: str
    field: str
    reason: str
    source: str  # api, file:NAME, simulate
    row: int
    topic: str  # where it wanted to go
    shape: str
    original: str  # its bytes as UTF-8, what is not shown as \\xNN
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of a row that was not accepted."""

    row: int
    verdict: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the rows of a batch. ``refused`` lists the first 1,000 of them."""

    accepted: int
    malformed: int
    out_of_range: int
    topic: str
    shape: str
    refused: tuple[RowAnswer, ...] = ()
    refused_more: int = 0  # refused rows that are not listed
    late: int = 0  # of dead letters: late again, or ahead again; not among the accepted
    unjudged: int = 0  # of dead letters: accepted, and no worker has judged them yet
    left: int = 0  # dead letters that cannot be taken again: rows of an export, say
    hint: str = ""  # a sentence: by what name its values would be taken as they were meant


@dataclass(frozen=True, slots=True)
class WindowAlert:
    """A record of ``energy_alerts``: a window over its threshold."""

    id: str
    household_id: str
    window_start: str
    window_end: str
    kwh: float
    rule: str
    mode: str


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """Whether the system can do its work now; ``parts`` says what each part says of itself."""

    ready: bool
    parts: dict[str, str]  # log, live, worker, history, … -> "ok" or a sentence


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the replicated store."""

    node: str  # its address
    up: bool  # it has replied just now; else it is silent: dead, cut off or held
    held: bool  # it was told from here to take no traffic, and not since to take it again
    can_hold: bool  # it runs with `--fault-injection`; of a silent node, as far as is known
    share: float  # of all copies of slots, between 0 and 1
    slots: int  # that it owns, or is going to
    rows: int | None  # that it has; None: it is silent
    lacking: int  # slots in which it and another owner do not have the same rows
    to_fetch: int  # slots that are still on their way to it
    hints: int  # batches that wait for it, at all coordinators
    for_others: int = 0  # rows that it holds for their owners, as a stand-in


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The replicated store, as this process sees it."""

    epoch: int
    moving: bool  # slots are on their way to new owners; else it is settled
    strategy: str
    copies: int  # of each key
    slots: int
    slots_alike: int  # all of whose owners replied, with the same rows
    nodes: tuple[NodeView, ...]  # by address


EdgeState = Literal["connected", "disconnected", "silent", "unknown", "never-heard", "forgotten"]
"""Unknown: the role ``cloud``, which would tell of it, tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupView:
    """A copy of the data folder."""

    name: str
    made_ms: int | None = None  # wall time
    bytes: int | None = None
    files: int | None = None
    version: str = ""  # of the software that made it
    fault: str = ""  # why it cannot be used


@dataclass(frozen=True, slots=True)
class EdgeView:
    """An edge as the cloud sees it; all times are of the wall clock."""

    edge: str  # its name
    state: EdgeState
    identity: str  # the certificate that counts: NAME#SERIAL
    let_in_by: str
    let_in_ms: int | None
    connected_ms: int | None  # since when there is a line; None: there is none
    heartbeat_ms: int | None  # when it was last heard; None: never
    queued: int  # records that waited there when it was last heard
    queued_ms: int | None  # how old the oldest of them was
    lag_ms: int | None  # how far what is here is behind; None: it was never heard, or is forgotten
    offset_ms: int | None  # its clock less ours
    clock_off: bool  # by more than `cloud.clock_offset`
    readings: int  # that came from it, ever
    held: int  # records of its outbox that are here
    lost: int  # records that it has no more, and that never came
    epoch: str  # of its log; it changes when that is made anew
    forgotten_ms: int | None
    forgotten_by: str


Kind = Literal[
    "ready",
    "readings",
    "alert",
    "anomaly",
    "action",
    "window",
    "progress",
    "dead-letter",
    "missed",
]


@dataclass(frozen=True, slots=True)
class Update:
    """Something new for a subscriber.

    ``ready`` comes first: from its id on, nothing is missed.
    ``readings`` (``{"rows": [ReadingView…], "per_minute"}``) and ``progress`` are states: only
    the newest waits for a slow subscriber. ``alert`` (``Alert`` as it is now), ``anomaly`` (in
    place of the ``alert`` with which one fires first, for those who ask for it), ``action``,
    ``window`` (``WindowAlert``) and ``dead-letter`` are facts: each is delivered, and ``missed``
    (``{"events": n}``) says that a slow subscriber was spared some.
    """

    kind: Kind
    data: Any
    id: str = field(default="")  # the log positions up to here; resume after it
