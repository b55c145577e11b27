"""A power far beyond its device's time: a clock that is wrong, or the end of a long pause.

It waits for the device's next one. Where that goes on from there, the pause was one; where it goes
on from before, the clock was wrong for a moment, and what waited is set apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energyguard.model.readings import Bools, Ints, ReadingBatch, Verdict, join
from energyguard.stream.time.trusted import NEVER


class BelievedPowers(NamedTuple):
    """Powers in the order in which they count, the device of each, and those set apart."""

    batch: ReadingBatch
    device: Ints
    apart: list[tuple[Verdict, ReadingBatch]]


class FarPowers:
    """The powers that wait, one of a device at most.

    Args:
        ahead_ms: a power further beyond its device's newest waits.
    """

    def __init__(self, ahead_ms: int) -> None:
        self.ahead_ms = ahead_ms
        self.held: dict[int, ReadingBatch] = {}

    def judge(self, batch: ReadingBatch, device: Ints, prior: Ints, newest: Ints) -> BelievedPowers:
        """Take powers in log order; give those that count now.

        Args:
            batch: n powers.
            device: of each.
            prior: of each, the newest time of its device before it, in log order.
            newest: by device, before all of them.
        """
        beyond = (prior > NEVER) & (batch.time > prior + self.ahead_ms)
        if not self.held and not beyond.any():
            return BelievedPowers(batch, device, [])
        of_concern = np.zeros(len(newest), bool)
        of_concern[device[beyond]] = True
        of_concern[list(self.held)] = True
        return self._one_by_one(batch, device, of_concern[device], newest)

    def _one_by_one(
        self, batch: ReadingBatch, device: Ints, of_concern: Bools, newest: Ints
    ) -> BelievedPowers:
        waiting = list(self.held)
        pool = join([*self.held.values(), batch])
        who = np.concatenate([np.array(waiting, np.int64), device])
        held = {name: place for place, name in enumerate(waiting)}
        reached = {name: int(newest[name]) for name in {*device[of_concern].tolist()}}
        order: list[int] = []
        apart: list[tuple[Verdict, int]] = []
        for place, (name, is_of_concern) in enumerate(
            zip(device.tolist(), of_concern.tolist(), strict=True), len(waiting)
        ):
            if not is_of_concern:
                order.append(place)
                continue
            time, before = int(pool.time[place]), held.get(name)
            limit = reached[name] + self.ahead_ms
            if reached[name] <= NEVER or time <= limit:
                if before is not None:
                    apart.append((Verdict.AHEAD, held.pop(name)))
                order.append(place)
                reached[name] = max(reached[name], time)
            elif before is None:
                held[name] = place
            elif time == pool.time[before]:
                apart.append((Verdict.DUPLICATE, place))
            elif abs(time - int(pool.time[before])) <= self.ahead_ms:
                order += [held.pop(name), place]
                reached[name] = max(time, int(pool.time[before]))
            else:
                apart.append((Verdict.AHEAD, before))
                held[name] = place
        self.held = {name: pool.take(np.array([place])) for name, place in held.items()}
        through = np.array(order, np.int64)
        set_apart = [(verdict, pool.take(np.array([place]))) for verdict, place in apart]
        return BelievedPowers(pool.take(through), who[through], set_apart)

    def take_all(self) -> tuple[ReadingBatch, Ints] | None:
        """Those that wait, and their devices: nothing else will come."""
        if not self.held:
            return None
        found = join(list(self.held.values())), np.array(list(self.held), np.int64)
        self.held = {}
        return found
