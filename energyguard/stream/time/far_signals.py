"""Signals far ahead of their partition's time: one clock may be wrong, two are witnesses."""

from __future__ import annotations

from operator import attrgetter

from energyguard.model.charging import Signal
from energyguard.stream.time.witnesses import (
    FOLLOWING,
    MAX_UNDECIDED,
    PAUSE_MS,
    Waits,
    Witnesses,
    is_followed,
)

AHEAD_S = 3_600  # who is so far beyond all others needs a second charger to be believed
PAUSE_S = PAUSE_MS // 1000
MAX_AHEAD = 1_000
_NEVER = 1 << 62
_SECOND = attrgetter("second")


class FarSignals:
    """Signals that wait for a second charger.

    Args:
        witnesses: what is known of the topic's other chargers.
    """

    def __init__(self, witnesses: Witnesses) -> None:
        self.witnesses = witnesses
        self.reached: int | None = None  # by a charger of another partition
        self.held: list[Signal] = []
        self.in_row = 0  # of those held, how many came since a signal was accepted

    def __bool__(self) -> bool:
        return bool(self.held)

    def put(self, signal: Signal, trusted: int, has_others: bool) -> list[Signal]:
        """Take a signal; gives those that are believed now, in order of time.

        Args:
            signal: one that is far beyond all others.
            trusted: the newest second that is believed.
            has_others: whether there is another charger in the partition.
        """
        near = [held for held in self.held if abs(held.second - signal.second) <= AHEAD_S]
        self.held.append(signal)
        self.in_row += 1
        if any(held.charger != signal.charger for held in near):
            return self._release([*near, signal])
        row = self.held[-self.in_row :]
        times = [held.second for held in row[-FOLLOWING - 1 :]]
        is_alone = not has_others and self.witnesses is Witnesses.NONE
        if is_alone and is_followed(trusted, times, AHEAD_S, PAUSE_S):
            return self._release(row)
        return []

    def up_to(self, second: int) -> list[Signal]:
        """Those that are not far ahead of this second."""
        return self._release([held for held in self.held if held.second <= second + AHEAD_S])

    def _release(self, signals: list[Signal]) -> list[Signal]:
        if signals:
            gone = {id(signal) for signal in signals}
            self.held = [held for held in self.held if id(held) not in gone]
            self.in_row = 0
        return sorted(signals, key=_SECOND)

    def take_all(self) -> list[Signal]:
        """All that wait, in log order: they are judged again."""
        held, self.held, self.in_row = self.held, [], 0
        return held

    def excess(self, has_others: bool) -> list[Signal]:
        """The oldest, where more wait than there is room for."""
        is_open = not has_others and self.witnesses is Witnesses.UNKNOWN
        more = max(0, len(self.held) - (MAX_UNDECIDED if is_open else MAX_AHEAD))
        gone, self.held = self.held[:more], self.held[more:]
        return gone

    def waits(self, newest: int | None, trusted: int) -> Waits | None:
        """What the partition's owner has to know; None: it needs no decision."""
        is_alone = self.witnesses is Witnesses.NONE
        if not self.held and not is_alone:
            return None
        seconds = [held.second for held in self.held]
        return Waits(
            max(seconds, default=0) if newest is None else max([newest, *seconds]),
            min(seconds, default=_NEVER),
            trusted,
            AHEAD_S,
            is_alone,
            self.witnesses is not Witnesses.UNKNOWN,
            len(seconds) > MAX_AHEAD,
        )
