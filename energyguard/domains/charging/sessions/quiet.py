"""What time it is at chargers from which nothing comes, and whether that makes a difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.log import TopicPartition

ANYWAY_S: Final = 5
"""Of event time: it goes on at least so often where nothing is due, for the total."""


def newest_of_topics(times: Mapping[TopicPartition, int | None]) -> dict[str, int]:
    """The newest time of each topic: of two partitions, since one clock may be wrong."""
    of: dict[str, list[int]] = defaultdict(list)
    for at, time in times.items():
        if time is not None:
            of[at.topic].append(time)
    return {topic: sorted(each)[-2:][0] for topic, each in of.items()}


def matters(operator: SessionOperator, second: int) -> bool:
    """Whether it makes a difference that all up to a second is over."""
    due, done = operator.due, operator.done
    if due is not None and due <= second:
        return True
    return done is not None and second >= done + ANYWAY_S
