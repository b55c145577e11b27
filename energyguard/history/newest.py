"""Where a range ends that nobody gave an end: at the newest time of what is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from energyguard.model.topics import TopicClock
from energyguard.topics import TOPICS

_WALL = ",".join(topic.name for topic in TOPICS if topic.clock is TopicClock.WALL)


def newest_ms(
    query: Callable[..., pa.Table], now_ms: int, device: str = "", channel: str = ""
) -> int | None:
    """The newest event time of a device's readings (empty: of all); None: there are none.

    What the worker judged to be ahead of its clock is passed over; so is what meters of now have
    beyond the wall clock: one wrong clock must not move the range of all.

    Args:
        query: asks the history (``History.query``).
        now_ms: the wall clock.
        device: one device; empty: all.
        channel: one channel; empty: any.
    """
    found = query("newest", device=device, channel=channel, now_ms=now_ms, wall=_WALL).to_pydict()
    return next(iter(found["newest_ms"]), None)
