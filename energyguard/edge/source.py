"""Powers that others write to a log elsewhere, such as Kafka, into the edge's own.

Where reading goes on is known from the edge's log alone: each record that was taken carries, in a
header, its place in the source; so it is taken once, however either side ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from threading import Event

from energyguard.clock import SYSTEM
from energyguard.errors import BehindRetention, Unavailable
from energyguard.log import (
    EARLIEST,
    LATEST,
    Fetched,
    Log,
    Records,
    TopicPartition,
    open_log,
)
from energyguard.log.records import Headers
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

TOPIC = "power_topic"
PLACE = "source"
"""The header with the place in the source: ``partition/offset``."""
READ_RECORDS = 4096
WAIT_S = 0.5

_log = logger(__name__)


def follow_source(log: Log, settings: Settings, stop: Event) -> None:
    """Take what is written to the topic ``power_topic`` of ``edge.source``, until told to stop.

    Raises:
        ConfigError: there is no such log.
    """
    away = Condition(_log, "the source is not there; waiting", "the source is there again")
    url, kafka = settings.edge.source, settings.log.kafka
    with closing(open_log(url, SYSTEM, settings.session_s, kafka)) as source:
        positions: dict[TopicPartition, int] | None = None
        while not stop.is_set():
            try:
                if positions is None:
                    positions = _begin(source, log)
                positions.update(_take(source, positions, log))
                away.end()
            except BehindRetention as gone:
                at = TopicPartition(gone.topic, gone.partition)
                _log.error("deleted at the source before it was taken", reason=str(gone))
                positions = {**(positions or {}), at: gone.earliest}
            except Unavailable as error:  # of which log, and whether it was taken, is not known
                away.begin(error)
                positions = None
                stop.wait(error.retry_after)


def taken(log: Log, partitions: Collection[int]) -> Mapping[int, int]:
    """Of each of these partitions of the source, the next offset; of one never read there is none.

    What comes from a partition lies in one of ours, so the newest record of each is found from the
    end.
    """
    found: dict[int, int] = {}
    ends, begins = log.positions(TOPIC, LATEST), log.positions(TOPIC, EARLIEST)
    for at, end in ends.items():
        wanted = {partition for partition in partitions if partition % len(ends) == at.partition}
        while wanted and end > begins[at]:
            start = max(begins[at], end - READ_RECORDS)
            here = _places(log, at, start, end)
            found.update((partition, here[partition]) for partition in wanted & here.keys())
            wanted -= here.keys()
            end = start
    return found


def _places(log: Log, at: TopicPartition, start: int, end: int) -> Mapping[int, int]:
    """The next offsets of the source that records of ours, from one offset to another, tell."""
    found: dict[int, int] = {}
    while start < end:
        read = log.read({at: start}, end - start, 0)
        for part in read:
            for headers in part.headers:
                if (place := dict(headers).get(PLACE)) is not None:
                    partition, _, offset = place.partition(b"/")
                    found[int(partition)] = int(offset) + 1
            start = part.next_offset
        if not read:
            break
    return found


def _begin(source: Log, log: Log) -> dict[TopicPartition, int]:
    """Where to read on; a source that was made anew is read from its beginning."""
    positions = {}
    ends = source.positions(TOPIC, LATEST)
    known = taken(log, [at.partition for at in ends])
    for at, first in source.positions(TOPIC, EARLIEST).items():
        following = known.get(at.partition, first)
        if following > ends[at]:
            _log.warning("the source was made anew", partition=at.partition)
            following = first
        positions[at] = max(following, first)
    return positions


def _take(
    source: Log, positions: Mapping[TopicPartition, int], log: Log
) -> Mapping[TopicPartition, int]:
    """Take the next records, waiting for them a little."""
    read = source.read(positions, READ_RECORDS, WAIT_S)
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    headers: list[Headers] = []
    partitions: list[int] = []
    ours = len(log.positions(TOPIC, LATEST))
    for part in read:
        keys += part.keys
        values += part.values
        headers += _with_places(part)
        partitions += [part.partition % ours] * len(part)
    if values:
        log.append(TOPIC, Records(keys, values, headers, partitions=partitions))
    return {TopicPartition(part.topic, part.partition): part.next_offset for part in read}


def _with_places(part: Fetched) -> list[Headers]:
    return [
        (*headers, (PLACE, b"%d/%d" % (part.partition, offset)))
        for headers, offset in zip(part.headers, part.offsets, strict=True)
    ]
