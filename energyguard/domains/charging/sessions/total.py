"""How many cars stand at all chargers of a topic, second by second, from what its parts tell.

It needs nothing but msgspec: Flink's workers run it too.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from energyguard.domains.charging.records.occupancy import OccupancyUpdate

MAX_S = 86_400
"""Of a longer time in which nothing changed, and nothing was certain, nothing is written."""


def seconds(first: int, last: int) -> range:
    """The seconds of a span that are written: a jump of the clock writes none."""
    return range(first, last + 1 if last - first < MAX_S else first)


class Partition(msgspec.Struct):
    """What is known of a partition."""

    until: int  # certain up to this second
    stand: int = 0  # cars, at the next second of the total
    changes: list[tuple[int, int]] = []  # after that


class TopicTotal(msgspec.Struct):
    """The cars of a topic."""

    partitions: dict[int, Partition] = {}
    done: int | None = None  # told up to this second

    def take(self, update: OccupancyUpdate) -> Iterator[tuple[int, int]]:
        """Seconds that became certain, each with how many cars stood."""
        for number, (until, changes) in update.partitions.items():
            partition = self.partitions.get(number)
            if partition is None:
                partition = self.partitions[number] = Partition(
                    changes[0][0] - 1 if changes else until
                )
            for second, stand in changes:
                if second <= partition.until:
                    continue  # told before
                if self.done is not None and second <= self.done:
                    partition.stand = stand
                else:
                    partition.changes.append((second, stand))
            partition.until = max(partition.until, until)
        return self._certain()

    def _certain(self) -> Iterator[tuple[int, int]]:
        every = self.partitions.values()
        end = min(partition.until for partition in every)
        if self.done is None:
            first = [partition.changes[0][0] for partition in every if partition.changes]
            if not first:
                return
            self.done = min(first) - 1
        moments = sorted(
            {second for partition in every for second, _ in partition.changes if second <= end}
        )
        for moment in [*moments, end + 1]:
            stand = sum(partition.stand for partition in every)
            for second in seconds(self.done + 1, moment - 1):
                yield second, stand
            self.done = max(self.done, moment - 1)
            for partition in every:
                while partition.changes and partition.changes[0][0] <= moment:
                    partition.stand = partition.changes.pop(0)[1]
