"""The power of each group of homes, in the newest moment in which all of its homes were measured.

What is shown of homes is made of these sums and of nothing else, so nobody who sees it, however
often, learns more than the sum of a group (``docs/regions.md``, Privacy).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from energyguard.domains.regions.records import Place

SLOT_MS = 5_000
"""A home is measured in a moment when it has an average that begins in these ms of event time."""
MAX_OPEN = 64
"""So many moments a group waits for its last home: five minutes."""
FRESH_MS = 5 * 60_000
"""A group that was last whole so long ago (wall clock) is not shown as of now."""


class GroupPower(NamedTuple):
    """A group in a moment in which all of its homes were measured."""

    region: str
    homes: int
    watts: float  # of all together
    slot: int  # the moment: event time // SLOT_MS


@dataclass(slots=True)
class _Group:
    size: int
    from_ms: int
    members: set[str] = field(default_factory=set)
    open: dict[int, dict[str, int]] = field(default_factory=dict)  # by moment, home: 1e-9 kW
    slot: int = -1
    nano_kw: int = 0  # of all, in that moment
    whole_ms: int = 0  # wall time at which the last home's word on that moment came


class _Everybody:
    def __contains__(self, home: object) -> bool:
        return True


EVERYBODY: Final[Container[str]] = _Everybody()


def _is_of(group: _Group, homes: Container[str]) -> bool:
    return homes is EVERYBODY or all(home in homes for home in group.members)


class GroupPowers:
    """A fold of places and of averages. For one thread at a time.

    Args:
        min_homes: groups of fewer are not shown.
    """

    def __init__(self, min_homes: int) -> None:
        self._min_homes = min_homes
        self._places: dict[str, Place] = {}
        self._groups: defaultdict[str, _Group] = defaultdict(lambda: _Group(0, 0))

    def newest_ms(self, seen: Container[str] = EVERYBODY) -> int | None:
        """The newest moment of any group of homes that are seen, event time; None: none yet."""
        slots = [group.slot for group in self._groups.values() if _is_of(group, seen)]
        slot = max(slots, default=-1)
        return None if slot < 0 else slot * SLOT_MS

    @property
    def homes(self) -> Collection[str]:
        """The homes that have a place."""
        return self._places.keys()

    def put(self, place: Place) -> None:
        """A home has a place. A group that changes begins anew."""
        device = place.device
        old = self._places.get(device)
        self._places[device] = place
        if old is not None and (old.group, old.from_ms) == (place.group, place.from_ms):
            return
        if old is not None and old.group:
            members = self._groups[old.group].members - {device}
            self._groups[old.group] = _Group(old.group_size, 0, members)
        if place.group:
            known = self._groups[place.group]
            self._groups[place.group] = _Group(
                place.group_size, max(known.from_ms, place.from_ms), known.members | {device}
            )

    def take(self, device: str, time_ms: int, nano_kw: int, received_ms: int) -> None:
        """A home was measured: its average power in 1e-9 kW. The first word on a moment holds.

        Args:
            device: the home.
            time_ms: when the average begins, event time.
            nano_kw: the average.
            received_ms: when it came, wall time.
        """
        place = self._places.get(device)
        if place is None or not place.group:
            return
        group, slot = self._groups[place.group], time_ms // SLOT_MS
        if slot <= group.slot:
            return
        measured = group.open.setdefault(slot, {})
        measured.setdefault(device, nano_kw)
        if len(measured) == group.size and measured.keys() == group.members:
            group.slot, group.nano_kw = slot, sum(measured.values())
            group.whole_ms = received_ms
            group.open = {at: homes for at, homes in group.open.items() if at > slot}
        elif len(group.open) > MAX_OPEN:
            del group.open[min(group.open)]

    def shown(self, now_ms: int, seen: Container[str] = EVERYBODY) -> Iterator[GroupPower]:
        """The groups that may be shown: whole, large enough, rested, and measured lately.

        Args:
            now_ms: wall time.
            seen: the homes that somebody sees: a group that has others is not shown.
        """
        for name, group in self._groups.items():
            is_whole = len(group.members) == group.size >= self._min_homes
            is_now = group.slot >= 0 and now_ms - group.whole_ms <= FRESH_MS
            if is_whole and is_now and now_ms >= group.from_ms and _is_of(group, seen):
                region = name.rpartition("/")[0]
                yield GroupPower(region, group.size, group.nano_kw / 1e6, group.slot)
