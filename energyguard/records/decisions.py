"""Records of ``energyguard.time``: what the owner of a partition decided, and from which offset on.

A record says one thing: a time, the rules that run, the catalogue's revision, who else is there, or
(of many partitions of a topic at once) the time of those from which nothing came. Two flows may
decide about one topic: the detector's decisions have names of their own, which the other one passes
over.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc

RuleT = TypeVar("RuleT")


class PartitionDecision(
    msgspec.Struct, Generic[RuleT], frozen=True, kw_only=True, omit_defaults=True
):
    """A decision about a partition, at an offset of it."""

    topic: Annotated[str, doc("Of a decision of the detector: `detector/` and the topic.")]
    partition: Annotated[int, doc("Of many partitions: not there.")] = -1
    offset: Annotated[int, doc("From this record of the partition on.")] = -1
    time: Annotated[int | None, doc("So late is it there.", "ms")] = None
    end: Annotated[bool, doc("The input ends there: nobody has gone silent.")] = False
    rules: Annotated[tuple[RuleT, ...] | None, doc("The rules that run.")] = None
    catalogue: Annotated[int | None, doc("The catalogue's revision that rules go by.")] = None
    reached: Annotated[int | None, doc("A second device of the topic has come so far.", "ms")] = (
        None
    )
    without: Annotated[
        tuple[str, str, str] | None,
        doc("Sums of readings of this topic, under this rule, wait no longer for this device."),
    ] = None
    alone: Annotated[bool, doc("No other partition has a device that sends.")] = False
    quiet: Annotated[
        dict[int, tuple[int, int]],
        doc("Of partitions from which nothing came: offset, and time in ms."),
    ] = {}


DECISION = TopicRecord(topics.TIME, PartitionDecision[dict[str, Any]], "topic/partition, or topic")
"""Rules have the fields of their kind: who knows it decodes ``PartitionDecision[Rule]``."""
