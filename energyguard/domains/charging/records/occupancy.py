"""Records of ``energyguard.occupancy``: how many cars stand at the chargers of a partition."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.domains.charging import topics
from energyguard.records.contract import TopicRecord, doc


class OccupancyUpdate(msgspec.Struct):
    """How the number of cars changed in partitions of a topic."""

    topic: Annotated[str, doc("The topic of the signals.")]
    partitions: Annotated[
        dict[int, tuple[int, list[tuple[int, int]]]],
        doc(
            "Of each: the second up to which it is certain, and the changes until then: from a "
            "second on, so many cars stand. The first of them says what was so before."
        ),
    ] = {}


OCCUPANCY_UPDATE = TopicRecord(topics.OCCUPANCY, OccupancyUpdate, "topic")
