"""How clients of Kafka are set up, and Kafka's errors as ours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from energyguard.clock import SYSTEM
from energyguard.errors import (
    ConfigError,
    DiskFull,
    EnergyGuardError,
    Fenced,
    Malformed,
    NotFound,
    Overloaded,
    Unauthorized,
    Unavailable,
)

try:
    from confluent_kafka import KafkaError, KafkaException
except ImportError as error:
    raise ConfigError(
        "a log on Kafka needs the extra `kafka`: pip install 'energyguard[kafka]'"
    ) from error

Properties = Mapping[str, Any]

T = TypeVar("T")

RETRY_S: Final = 0.02
ANSWER_S: Final = 20.0
"""How long a request may take before the broker counts as away."""
REFUSED_S: Final = 10.0
"""So long a refused log-in explains why nothing answers."""

COMMON: Final[Properties] = {
    "client.id": "energyguard",
    "socket.keepalive.enable": True,
    "reconnect.backoff.max.ms": 2_000,
    "retry.backoff.ms": 5,  # the default of 100 makes a commit with offsets take 107 ms, not 13
    "topic.metadata.refresh.interval.ms": 5_000,  # a new member of a family is found by then
    "log_level": 3,
}
WRITES: Final[Properties] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "gzip",  # what every client reads without another library
    "compression.level": 1,
    "linger.ms": 1,
    "message.timeout.ms": int(ANSWER_S * 1000),
    "queue.buffering.max.messages": 1_000_000,
}
READS: Final[Properties] = {
    "enable.auto.commit": False,
    "auto.offset.reset": "error",  # never jump over what retention deleted without saying so
    "isolation.level": "read_committed",
    "enable.partition.eof": True,
    "fetch.max.bytes": 16_000_000,
    "max.partition.fetch.bytes": 2_000_000,
    "queued.min.messages": 100_000,  # more would only take memory: as fast, measured
    "queued.max.messages.kbytes": 65_536,
    "fetch.wait.max.ms": 100,  # what is under way must end before a reader can go elsewhere
    "fetch.error.backoff.ms": 50,
    "fetch.queue.backoff.ms": 20,
}

_OURS: Final[tuple[tuple[type[EnergyGuardError], str, tuple[int, ...]], ...]] = (
    (
        Fenced,
        "another member owns the partitions by now",
        (
            KafkaError._FENCED,
            KafkaError.ILLEGAL_GENERATION,
            KafkaError.UNKNOWN_MEMBER_ID,
            KafkaError.FENCED_INSTANCE_ID,
            KafkaError.INVALID_PRODUCER_EPOCH,
            KafkaError.REBALANCE_IN_PROGRESS,
        ),
    ),
    (
        Unauthorized,
        "the broker refuses the log-in: check `log.kafka` (security.protocol, sasl.*, ssl.*)",
        (
            KafkaError._AUTHENTICATION,
            KafkaError.SASL_AUTHENTICATION_FAILED,
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
            KafkaError.CLUSTER_AUTHORIZATION_FAILED,
            KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            KafkaError._SSL,
        ),
    ),
    (
        NotFound,
        "no such topic or partition",
        (
            KafkaError.UNKNOWN_TOPIC_OR_PART,
            KafkaError._UNKNOWN_TOPIC,
            KafkaError._UNKNOWN_PARTITION,
        ),
    ),
    (
        Malformed,
        "a record is larger than the topic takes (`max.message.bytes`)",
        (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE),
    ),
    (Overloaded, "too much is under way", (KafkaError._QUEUE_FULL,)),
    (DiskFull, "the broker cannot write", (KafkaError.KAFKA_STORAGE_ERROR,)),
)

_AWAY: Final = (
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
)

_SOON: Final = (  # a topic that was just made, or a broker that just died, or was slow
    KafkaError._NOENT,
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,  # the same leader, elected anew: who asks
    KafkaError.UNKNOWN_LEADER_EPOCH,  # or who answers has not heard of it yet
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNSTABLE_OFFSET_COMMIT,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)

_quiet = logging.getLogger("energyguard.kafka.client")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # what matters comes as an error; the client tells each attempt


_refusals: dict[str, tuple[float, KafkaError]] = {}
"""By place: when a broker last refused a log-in. The request that needed it just times out."""


def our_error(error: KafkaError, place: str) -> EnergyGuardError:
    """An error of Kafka as one of our tree; what is not known means the broker is away."""
    away = error.code() in _AWAY
    if away and place in _refusals:
        refused_s, refusal = _refusals[place]
        if SYSTEM.monotonic() - refused_s < REFUSED_S:
            error, away = refusal, False
    for kind, text, codes in _OURS:
        if error.code() in codes:
            return kind(f"{place}: {text} ({error.str()})")
    if away:
        return Unavailable(
            f"{place}: no broker answers: is `log.url` right, does it run, and does it want a "
            f"log-in or TLS (`log.kafka`)? ({error.str()})"
        )
    return Unavailable(f"{place}: Kafka does not answer as it should ({error.str()})")


@contextmanager
def our_errors(place: str) -> Iterator[None]:
    """Turn Kafka's errors into ours; they name the place."""
    try:
        yield
    except KafkaException as error:
        raise our_error(error.args[0], place) from error


def patiently(place: str, ask: Callable[[], T], patience_s: float = ANSWER_S) -> T:
    """Ask, and again while Kafka says that it will be able to answer in a moment."""
    until = SYSTEM.monotonic() + patience_s
    while True:
        try:
            return ask()
        except KafkaException as error:
            cause = error.args[0]
            soon = cause.retriable() or cause.code() in _SOON
            if not soon or SYSTEM.monotonic() > until:
                raise our_error(cause, place) from error
            SYSTEM.sleep(RETRY_S)


def client(options: Properties, *more: Properties) -> dict[str, Any]:
    """The properties of a client: ours first, so that the user's ``options`` win."""
    merged: dict[str, Any] = dict(COMMON)
    for properties in more:
        merged |= properties
    place = f"kafka://{options['bootstrap.servers']}"

    def hear(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:
            _refusals[place] = SYSTEM.monotonic(), error

    return merged | dict(options) | {"logger": _quiet, "error_cb": hear}
