"""Powers that others write to a log elsewhere, such as Kafka, into the edge's own, each once.

How far it was read stands in the edge's own log, written in the transaction that takes the records:
so however either side ends, nothing is taken twice and nothing is left out. A partition of the
source goes into one of ours, and keeps its order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from threading import Event

import msgspec

from energyguard.clock import SYSTEM
from energyguard.errors import BehindRetention, Fenced, Unavailable
from energyguard.log import EARLIEST, LATEST, Fetched, Log, Records, TopicPartition, open_log
from energyguard.log.compacted import newest_value
from energyguard.log.records import Headers
from energyguard.model.topics import EDGE_LINKS
from energyguard.records.edges import EDGE_LINK, EpochStart, SourcePositions
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

TOPIC = "power_topic"
GROUP = "edge-source"
"""Who is its member may take: no two processes do."""
READ_RECORDS = 4096
WAIT_S = 0.5

_DECODER = msgspec.json.Decoder(SourcePositions)
_log = logger(__name__)

Positions = dict[TopicPartition, int]


def follow_source(log: Log, settings: Settings, stop: Event) -> None:
    """Take what is written to the topic ``power_topic`` of ``edge.source``, until told to stop.

    Raises:
        ConfigError: there is no such log.
    """
    away = Condition(_log, "the source is not there; waiting", "the source is there again")
    url, kafka = settings.edge.source, settings.log.kafka
    with closing(open_log(url, SYSTEM, settings.session_s, kafka)) as source:
        follower = SourceFollower(source, log, url)
        while not stop.is_set():
            try:
                follower.take(WAIT_S)
                away.end()
            except (Unavailable, Fenced) as error:  # of which log is not known
                away.begin(error)
                stop.wait(getattr(error, "retry_after", 1.0))
        follower.leave()


class SourceFollower:
    """Takes what is written to the topic of another log.

    Args:
        source: the other log.
        log: the edge's own.
        url: the address of the source, by which it is known how far it was taken.
    """

    def __init__(self, source: Log, log: Log, url: str) -> None:
        self._source, self._log = source, log
        self._key = f"source/{url}".encode()
        self._member = log.join(GROUP, [EDGE_LINKS.name])
        self._positions: Positions | None = None

    def take(self, wait_s: float) -> int:
        """Take the next records, waiting for them a little; return how many.

        Raises:
            Fenced: another process took over meanwhile; nothing was taken.
            Unavailable: one of the logs does not answer, or ours is full. Whether anything was
                taken is found out at the next call.
        """
        self._member.poll()
        if not self._member.assigned:
            self._positions = None
            SYSTEM.sleep(wait_s)
            return 0
        try:
            if self._positions is None:
                self._positions = self._begin()
            return self._move(self._positions, self._source.read(
                self._positions, READ_RECORDS, wait_s
            ))  # fmt: skip
        except BehindRetention as gone:
            _log.error("deleted at the source before it was taken", reason=str(gone))
            at = TopicPartition(gone.topic, gone.partition)
            self._positions = {**(self._positions or {}), at: gone.earliest}
            return 0
        except (Unavailable, Fenced):
            self._positions = None
            raise

    def _move(self, positions: Positions, read: Sequence[Fetched]) -> int:
        """Append what was read, and how far that is, in one transaction."""
        positions = {**positions, **{part.at: part.next_offset for part in read}}
        records = self._records(read)
        if read:
            taken = tuple(EpochStart(*at, to) for at, to in sorted(positions.items()))
            record = EDGE_LINK.encode(SourcePositions(taken=taken))
            with self._log.transaction(self._member) as transaction:
                transaction.append(TOPIC, records)
                transaction.append(EDGE_LINKS.name, Records([self._key], [record]))
        self._positions = positions
        return len(records)

    def _records(self, read: Sequence[Fetched]) -> Records:
        """Records of the source as they go into ours."""
        ours = len(self._log.positions(TOPIC, LATEST))
        keys: list[bytes | None] = []
        values: list[bytes | None] = []
        headers: list[Headers] = []
        partitions: list[int] = []
        for part in read:
            keys += part.keys
            values += part.values
            headers += part.headers
            partitions += [part.partition % ours] * len(part)
        return Records(keys, values, headers, partitions=partitions)

    def _begin(self) -> Positions:
        """Where to read on; a source that was made anew is read from its beginning."""
        known = self._known()
        ends = self._source.positions(TOPIC, LATEST)
        positions = {}
        for at, first in self._source.positions(TOPIC, EARLIEST).items():
            following = known.get(at, first)
            if following > ends[at]:
                _log.warning("the source was made anew", partition=at.partition)
                following = first
            positions[at] = max(following, first)
        return positions

    def _known(self) -> Mapping[TopicPartition, int]:
        """How far our log says that the source was taken."""
        found = newest_value(self._log, EDGE_LINKS.name, self._key)
        if found is None:
            return {}
        return {TopicPartition(s.topic, s.partition): s.first for s in _DECODER.decode(found).taken}

    def leave(self) -> None:
        """Let another process take."""
        self._member.leave()
