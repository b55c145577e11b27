"""The ordered, replayable record through which all stages talk.

A *topic* has partitions; a partition is a sequence of records that is only ever appended to. What
``append`` has returned for is on disk (or on the broker's in-sync replicas). Positions belong to a
*consumer group* and move only when a transaction of the group commits them. Offsets count records.

    records.py   what a record is, in batches
    decoded.py   records of JSON topics as objects
    sqlite.py    one file, several processes: the embedded default
    kafka/       a Kafka cluster, for more than one machine
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError
from energyguard.log.records import Fetched, Records, TopicPartition

Positions = Mapping[TopicPartition, int]
EARLIEST: Final = "@earliest"
LATEST: Final = "@latest"


class Membership(Protocol):
    """A member's place in a consumer group: the partitions it owns, under one generation."""

    @property
    def group(self) -> str:
        """The group's name."""
        ...

    @property
    def generation(self) -> int:
        """Grows with each change of owners; a transaction of an older one is fenced."""
        ...

    @property
    def assigned(self) -> Positions:
        """The partitions owned now, each with the position that the group has committed."""
        ...

    def poll(self) -> bool:
        """Say that this member lives, and take changes of ownership: true if there was one.

        To be called every second or so; a member silent for the session time-out (default 10 s)
        loses its partitions. Partitions that others gained are missing from ``assigned``
        afterwards; their state must be let go.
        """
        ...

    def leave(self) -> None:
        """Give the partitions up at once."""
        ...


class Transaction(Protocol):
    """Outputs and positions: all or nothing."""

    def append(self, topic: str, records: Records) -> None:
        """Add records to the outputs."""
        ...

    def move(self, positions: Positions) -> None:
        """Set the group's positions: the next offset to read of each partition."""
        ...


class Log(Protocol):
    """An ordered, replayable record; the only coupling between stages.

    ``gapless`` says whether the offsets of a partition count its records one by one.
    """

    gapless: bool

    def append(self, topic: str, records: Records) -> Positions:
        """Append; return the next offset of each partition written. Durable on return.

        Records with ``partitions`` go where these say; others go by their key's murmur2, and
        without a key to the partitions in turn. A topic of the table is made on first use.

        Raises:
            NotFound: the table has no such topic.
            DiskFull, Overloaded, Unavailable: nothing was taken; ``retry_after`` says when.
        """
        ...

    def read(self, at: Positions, limit: int, wait: float) -> Sequence[Fetched]:
        """Records from these positions on, at most about ``limit``, waiting up to ``wait`` s.

        Only committed records are seen. Returns an empty list when nothing came.

        Raises:
            BehindRetention: a position is older than what is left.
        """
        ...

    def join(self, group: str, topics: Sequence[str]) -> Membership:
        """Become a member of a group that reads topics; a name may end in ``*``.

        A new group starts at the earliest record.
        """
        ...

    def transaction(self, membership: Membership) -> AbstractContextManager[Transaction]:
        """Outputs and positions in one commit when the block ends; nothing when it raises.

        Raises:
            Fenced: on commit, another member owns one of the membership's partitions by now, or
                the lease ran out and somebody noticed.
        """
        ...

    def positions(self, topic: str, of: str) -> Positions:
        """Per partition: the ``EARLIEST`` offset left, the ``LATEST`` (the next to be written),
        or the position that the group named ``of`` has committed. A family (``replay.*``) gives
        the partitions of all its members.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


Options = Mapping[str, str]
_NONE: Options = {}


def _sqlite(address: str, clock: Clock, session_s: float, options: Options) -> Log:
    from energyguard.log.sqlite import SqliteLog

    return SqliteLog(address.removeprefix("/"), clock, session_s)


def _kafka(address: str, clock: Clock, session_s: float, options: Options) -> Log:
    from energyguard.log.kafka import KafkaLog

    return KafkaLog(address, clock, session_s, options)


BACKENDS: Mapping[str, Callable[[str, Clock, float, Options], Log]] = {
    "sqlite": _sqlite,
    "kafka": _kafka,
}


def open_log(
    url: str, clock: Clock = SYSTEM, session_s: float = 10.0, options: Options = _NONE
) -> Log:
    """Open the log at ``sqlite:///path/of/file`` (three slashes: relative, four: absolute), or at
    ``kafka://host:port,host:port``.

    Args:
        url: where the log is.
        clock: for the times of appends, leases and retention.
        session_s: a member of a group silent for this long loses its partitions.
        options: properties for the clients of Kafka, as librdkafka names them.

    Raises:
        ConfigError: the scheme is unknown (the message names those there are), or an extra is
            not installed.
    """
    scheme, _, address = url.partition("://")
    backend = BACKENDS.get(scheme)
    if backend is None:
        raise ConfigError(
            f"log: no backend {scheme!r} in {url!r}; there are: {', '.join(BACKENDS)}"
        )
    return backend(address, clock, session_s, options)


__all__ = [
    "EARLIEST",
    "LATEST",
    "Fetched",
    "Log",
    "Membership",
    "Positions",
    "Records",
    "TopicPartition",
    "Transaction",
    "open_log",
]
