"""The product's topics, beside the domains': who writes them, key, clock, how long they stay.

A topic of readings declares its clock. ``wall``: meters that send as they measure. ``data``:
simulations and replays, which run faster than time.

Which partition a key goes to is as Kafka's own clients choose it: murmur2, positive, modulo
(``org.apache.kafka.common.utils.Utils.murmur2`` and Kafka's default partitioner).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

DAY_MS = 86_400_000
TICK_HEADER = "tick"
"""The header of a simulator's records: the event time (ms) of the last tick in them."""


class TopicClock(StrEnum):
    """What a reading's time is held against, to tell a clock that runs ahead."""

    WALL = "wall"
    DATA = "data"
    NONE = "none"  # not a topic of readings


class Holds(StrEnum):
    """What the values of a topic's records are."""

    READINGS = "readings"  # packed readings, see codecs/records.py
    JSON = "json"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. ``name`` may end in ``*``: a family, each member made on first use.

    ``kept_for`` names a group. Where that group is at work, nothing that it has not read is
    deleted, however old; Kafka knows no such promise, so there it cannot be held.
    """

    name: str
    about: str
    holds: Holds = Holds.JSON
    clock: TopicClock = TopicClock.NONE
    energy: bool = True  # its devices measure energy: they count in what a site draws
    keyed: bool = True  # one device is always in one partition
    partitions: int = 8
    compacted: bool = False
    retention_ms: int | None = 7 * DAY_MS
    retention_bytes: int | None = 8 * 2**30  # of one topic; None: no limit
    kept_for: str = ""


ENERGY_READINGS = Topic(
    "energy_readings",
    "Household readings of simulators and replays.",
    Holds.READINGS,
    TopicClock.DATA,
)
METER_READINGS = Topic(
    "meter_readings",
    "Readings that meters and programs send as they measure (POST /api/v1/readings).",
    Holds.READINGS,
    TopicClock.WALL,
)
BUILDING_READINGS = Topic(
    "energyguard.readings",
    "Floor readings of a building, as system A's senders write them: JSON, a floor a message.",
    Holds.READINGS,
    TopicClock.DATA,
)
REPLAY_READINGS = Topic(
    "replay.*", "A file replayed with its own times.", Holds.READINGS, TopicClock.DATA
)
EDGE_READINGS = Topic(
    "edge_readings",
    "Readings that edges send: averages of 5 s, and registers as they came; at an edge its outbox.",
    Holds.READINGS,
    TopicClock.DATA,
    kept_for="uplink",
)
REPARTITIONED = Topic(
    "energyguard.repartitioned.*",
    "Readings that came without a key in another topic, each in its device's partition.",
    Holds.READINGS,
    TopicClock.DATA,
)
ENERGY_ALERTS = Topic(
    "energy_alerts", "System C's alert record per window over a threshold; key: household."
)
ALERTS = Topic(
    "energyguard.alerts",
    "Alert events, one alert per episode; key: device.",
    retention_ms=None,
    kept_for="uplink",
)
ALERT_ACTIONS = Topic(
    "energyguard.alert-actions",
    "What people did: acknowledge, silence; key: alert id.",
    partitions=1,
    retention_ms=None,
)
READ_MARKS = Topic(
    "energyguard.read-marks",
    "How far people have read the notifications; key: the person.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
LATE = Topic(
    "energyguard.late",
    "Readings that no window counted (late, duplicate, conflicting, ahead: header `verdict`).",
    Holds.READINGS,
)
DEAD_LETTERS = Topic(
    "energyguard.dead-letters",
    "Messages refused at the border: original bytes, place and reason in the headers.",
    Holds.BYTES,
    keyed=False,
    partitions=1,
    retention_ms=30 * DAY_MS,
)
TIME = Topic(
    "energyguard.time",
    "Decisions of a partition's owner: at that offset, time is that, or the rules are those.",
    partitions=1,
)
RULES = Topic(
    "energyguard.rules",
    "Rules as switched or changed while running; key: rule id.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
PROGRESS = Topic(
    "energyguard.progress",
    "Watermark, position and counts by verdict; key: topic/partition.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
EDGES = Topic(
    "energyguard.edges",
    "Edges that may send: who let them in, and when they were forgotten; key: edge.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
EDGE_LINKS = Topic(
    "energyguard.edge-links",
    "What the cloud holds of each edge's outbox, and how its line is; key: edge.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
EDGE_DEVICES = Topic(
    "energyguard.edge-devices",
    "The edge that each device belongs to, the first that sent it; key: device.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
SENDERS = Topic(
    "energyguard.senders",
    "What devices say of themselves: their name, their model; key: device.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
CATALOGUE_CHANGES = Topic(
    "energyguard.catalogue-changes",
    "Changes of the catalogue that somebody asked for; key: `site/ID`, `device/ID`, …",
    partitions=1,
    retention_ms=None,
)
CATALOGUE = Topic(
    "energyguard.catalogue",
    "Sites, devices, groups and tariffs, each with all of its versions; key: `site/ID`, …",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
AUDIT = Topic(
    "energyguard.audit",
    "Who came in, who was refused, who changed what; key: who.",
    partitions=1,
    retention_ms=None,
)
PREFERENCES = Topic(
    "energyguard.preferences",
    "How people read the page: language, numbers, clock; key: the person.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
PRICES = Topic(
    "energyguard.prices",
    "Dynamic prices of energy; key: `LIST/DAY`, the day of UTC on which they begin.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
SILENCES = Topic(
    "energyguard.silences",
    "Alerts by device, site or rule that are quiet until some time; key: the silence.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
ROUTES = Topic(
    "energyguard.routes",
    "Who is told of alerts outside of the house; addresses are encrypted; key: the route.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
DELIVERIES = Topic(
    "energyguard.deliveries",
    "What was told, to whom, and how it went; key: `ROUTE/ALERT/NEWS/REVISION`.",
    partitions=1,
    compacted=True,
    retention_ms=None,
)
CORRECTIONS = Topic(
    "energyguard.corrections",
    "What people say of readings: wrong, or another value; undone, too; key: device or import.",
    partitions=1,
    retention_ms=None,
    retention_bytes=None,
)
WINDOW_TERMS = Topic(
    "energyguard.window-terms",
    "What windows of devices came to that a rule sums up; key: the virtual device.",
)
STATE = Topic(
    "energyguard.state",
    "Snapshots of operators in chunks of at most 900 kB, manifest last.",
    Holds.BYTES,
    compacted=True,
    retention_ms=None,
)
CORE_TOPICS: tuple[Topic, ...] = (
    ENERGY_READINGS, METER_READINGS, BUILDING_READINGS, REPLAY_READINGS, EDGE_READINGS,
    REPARTITIONED, ENERGY_ALERTS, ALERTS, ALERT_ACTIONS, READ_MARKS, LATE, DEAD_LETTERS, TIME,
    RULES, PROGRESS, EDGES, EDGE_LINKS, EDGE_DEVICES, SENDERS, CATALOGUE_CHANGES, CATALOGUE,
    AUDIT, PREFERENCES, SILENCES, ROUTES, DELIVERIES, PRICES, CORRECTIONS, WINDOW_TERMS, STATE,
)  # fmt: skip


def repartitioned(source: str) -> str:
    """Where readings of a topic go that came without a key."""
    return REPARTITIONED.name[:-1] + source


@lru_cache(maxsize=1024)
def source_of(topic: str) -> str:
    """The topic that its senders know: of one of ``repartitioned`` its source, else itself."""
    return topic.removeprefix(REPARTITIONED.name[:-1])


_M = 0x5BD1E995
_SEED = 0x9747B28C
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit hash of a key, unsigned."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ (k >> 24)) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)


@lru_cache(maxsize=1 << 20)
def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
