"""Groups of homes: which home is in which, and which one of a state still waits for homes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from energyguard.domains.regions.records import Place


class HomeGroups:
    """All homes with their places, and the groups that these say. For one thread."""

    def __init__(self, homes: Mapping[str, Place]) -> None:
        self._homes: dict[str, Place] = {}
        self._groups: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._newest: defaultdict[str, int] = defaultdict(int)  # by state
        self._open: dict[tuple[str, int], str] = {}  # by state and size
        for place in homes.values():
            self.put(place)
        for group, size in list(self.sizes()):
            if len(self._groups[group]) < size:
                self._open[group.rpartition("/")[0], size] = group

    def __iter__(self) -> Iterator[Place]:
        return iter(list(self._homes.values()))

    def get(self, device: str) -> Place | None:
        """Where a home is."""
        return self._homes.get(device)

    def put(self, place: Place) -> None:
        """A home is there now, and in no other group any more."""
        device = place.device
        if (old := self._homes.get(device)) is not None and old.group:
            self._groups[old.group].pop(device, None)
        self._homes[device] = place
        if place.group:
            self._groups[place.group][device] = None
            region, _, number = place.group.rpartition("/")
            self._newest[region] = max(self._newest[region], int(number))

    def members(self, group: str) -> list[str]:
        """The homes of a group, in the order in which they came."""
        return list(self._groups.get(group, ()))

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Every group with homes, and how many it has when it is whole."""
        for group, members in self._groups.items():
            if members:
                yield group, self._homes[next(iter(members))].group_size

    def is_whole(self, place: Place) -> bool:
        """Whether the group of this home has all its homes: it is shown, or was."""
        return bool(place.group) and len(self._groups[place.group]) >= place.group_size

    def open_group(self, region: str, size: int) -> str:
        """The group of a state that waits for a home; a new one where none does."""
        found = self._open.get((region, size))
        if found is None or len(self._groups[found]) >= size:
            self._newest[region] += 1
            found = self._open[region, size] = f"{region}/{self._newest[region]}"
        return found
