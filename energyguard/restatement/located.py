"""What only the history knows of spans: where readings lie, whose an import's are, what goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from energyguard.log import TopicPartition
from energyguard.model.days import ms_of
from energyguard.model.topics import DAY_MS, partition_for
from energyguard.restatement.changed import ENERGY, ChangedSpan
from energyguard.restatement.pieces import Query
from energyguard.topics import topic_named


def corrected_spans(query: Query, span: ChangedSpan) -> Iterator[ChangedSpan]:
    """A corrected span where its readings lie, hardly longer than there are any.

    Raises:
        Unavailable: the history is not there now.
    """
    for row in query("devices", device=span.device).to_pylist():
        at = device_partition(row["topic"], span.device)
        if at is not None and row["channel"] == span.channel:
            first, last = (ms_of(row[end]) for end in ("first", "last"))
            from_ms, to_ms = max(span.from_ms, first - DAY_MS), min(span.to_ms, last + DAY_MS)
            yield span._replace(at=at, from_ms=from_ms, to_ms=to_ms)


def import_spans(query: Query, import_id: str) -> Iterator[ChangedSpan]:
    """The devices of an import: there may be many, of a long time.

    Raises:
        Unavailable: the history is not there now.
    """
    for row in query("import_spans", import_id=import_id).to_pylist():
        at = device_partition(row["topic"], row["device"])
        if at is not None and row["channel"] in ENERGY:
            ends = row["from_ms"], row["until_ms"] - 1
            yield ChangedSpan(at, row["device"], row["channel"], *ends, import_id)


def followed_spans(query: Query, is_sum: Callable[[str, str], bool]) -> Iterator[ChangedSpan]:
    """The alerts that were told otherwise and are not over, each where it began.

    Args:
        query: asks the history.
        is_sum: whether a rule is about a sum of that name.

    Raises:
        Unavailable: the history is not there now.
    """
    for row in query("followed_alerts").to_pylist():
        at, since_ms = device_partition(row["topic"], row["device"]), row["since_ms"]
        if at is not None:
            of_sum = is_sum(row["rule"], row["device"])
            yield ChangedSpan(at, row["device"], row["channel"], since_ms, since_ms, is_sum=of_sum)


def device_partition(topic: str, device: str) -> TopicPartition | None:
    """Where a device's readings of a topic lie; None: there is no such topic."""
    row = topic_named(topic)
    return TopicPartition(topic, partition_for(device.encode(), row.partitions)) if row else None
