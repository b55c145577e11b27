"""The ordered, replayable record through which all stages talk.

A *topic* has partitions; a partition is a sequence of records that is only ever appended to. What
``append`` has returned for is on disk (or on the broker's in-sync replicas). Positions belong to a
*consumer group* and move only when a transaction of the group commits them. Offsets count records.

    contract.py  what every log promises
    records.py   what a record is, in batches; which partition it goes to
    sqlite/      one file, several processes: the embedded default
    kafka/       a Kafka cluster, for more than one machine
    balance.py   who owns which partition; compaction.py, keeping.py: what is kept how long
    compacted.py, dead_letters.py, lag.py, waiting.py   what others ask of any log
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError
from energyguard.log.contract import (
    EARLIEST,
    LATEST,
    MAX_BYTES,
    Log,
    Membership,
    Positions,
    Transaction,
)
from energyguard.log.records import Fetched, Records, TopicPartition

Options = Mapping[str, str]
_NONE: Options = {}


def _sqlite(address: str, clock: Clock, session_s: float, options: Options) -> Log:
    from energyguard.log.sqlite.log import SqliteLog

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
    "MAX_BYTES",
    "Fetched",
    "Log",
    "Membership",
    "Positions",
    "Records",
    "TopicPartition",
    "Transaction",
    "open_log",
]
