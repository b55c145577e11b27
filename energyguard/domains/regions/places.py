"""Where homes stand: as the operator's file says, else drawn once; and in which group each counts.

A place is kept in ``energyguard.places`` and never drawn again. What the file says goes before it.

Homes of a state are put into groups of ``regions.min_homes``, in the order in which they come. A
group is shown whole or not at all (``docs/regions.md``, Privacy), so it never changes once it is
whole: when one of its homes moves away, or more homes are asked of a group, it is dissolved, and
its homes count again, in other company, when they have rested.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import msgspec

from energyguard.domains.regions.groups import HomeGroups
from energyguard.domains.regions.places_file import Where, read_places
from energyguard.domains.regions.records import PLACE, Place
from energyguard.domains.regions.states import STATES
from energyguard.edge.protocol.enrichment import EdgePlace, PlacesAnswer
from energyguard.errors import ConfigError
from energyguard.log import Log, Records
from energyguard.log.compacted import CompactedTable
from energyguard.model.quantities import parse_duration
from energyguard.settings.regions import RegionsSettings
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

DRAWN_FROM = Path(__file__).parent / "german_places.csv"
"""Postal codes of towns of all sixteen states, written from general knowledge; not a directory."""

_log = logger(__name__)


@lru_cache(maxsize=1)
def drawn_from() -> Mapping[str, tuple[Where, ...]]:
    """The places of the list, by state."""
    found: dict[str, list[Where]] = {state.region: [] for state in STATES}
    with DRAWN_FROM.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["region"]].append(Where(row["postal_code"], row["city"], row["region"]))
    return {region: tuple(places) for region, places in found.items()}


def drawn(device: str, seed: int) -> Where:
    """The place of a device that nobody has named: the same on every machine.

    A state by its people, then one of its places.
    """
    digest = hashlib.blake2b(f"{seed}\0{device}".encode(), digest_size=16).digest()
    first, second = (int.from_bytes(half, "big") for half in (digest[:8], digest[8:]))
    bounds = list(accumulate(state.thousands for state in STATES))
    at = first % bounds[-1]
    state = next(state for state, bound in zip(STATES, bounds, strict=True) if at < bound)
    places = drawn_from()[state.region]
    return places[second % len(places)]


def places(log: Log, settings: Settings) -> HomePlaces:
    """What answers the places of edges' devices (``Domain.enrichment``).

    Raises:
        ConfigError: the file of places cannot be used; every line at fault is named.
    """
    return HomePlaces(log, settings.regions)


class HomePlaces:
    """An ``edge.enrichment.Enrichment``. For one thread."""

    def __init__(self, log: Log, settings: RegionsSettings) -> None:
        self._settings, self._rest_ms = settings, parse_duration(settings.rest)
        self._file = _PlacesFile(settings.places)
        self._table = CompactedTable(log, PLACE)
        self._homes: HomeGroups | None = None  # until the log was read
        self._unwritten: dict[str, None] = {}  # homes of which the log has another place, or none

    def answer(self, edge: str, devices: Collection[str], now_ms: int) -> PlacesAnswer:
        """The places of these devices of an edge; with the records that the log lacks.

        Raises:
            Unavailable: the log does not answer.
        """
        homes = self._reviewed(now_ms)
        for device in devices:
            self._settle(homes, device, edge, now_ms)
        found = tuple(
            EdgePlace(device=device, postal_code=at.postal_code, region=at.region, city=at.city)
            for device in devices
            if (at := homes.get(device)) is not None and at.region
        )
        keys = [device.encode() for device in self._unwritten]
        values = [PLACE.encode(homes.get(device)) for device in self._unwritten]
        return PlacesAnswer(found, PLACE.name, Records(keys, values))

    def changed(self, now_ms: int) -> Collection[str]:
        """Devices whose place, or group, is to be another: the file changed, or the settings.

        Raises:
            Unavailable: the log does not answer.
        """
        self._reviewed(now_ms)
        return tuple(self._unwritten)

    def _reviewed(self, now_ms: int) -> HomeGroups:
        """All homes, held against a file that is new; what the log has by now is written."""
        self._table.refresh()
        is_new = self._file.refresh()
        if (homes := self._homes) is None:
            homes, is_new = HomeGroups(self._table.rows), True
        for device in list(self._unwritten):
            if self._table.rows.get(device) == homes.get(device):
                del self._unwritten[device]
        if is_new:
            for place in homes:
                self._settle(homes, place.device, place.edge, now_ms)
            self._dissolve_small(homes, now_ms)
        self._homes = homes
        return homes

    def _put(self, homes: HomeGroups, place: Place) -> None:
        homes.put(place)
        self._unwritten[place.device] = None

    def _settle(self, homes: HomeGroups, device: str, edge: str, now_ms: int) -> None:
        """Let a home stand where it belongs."""
        old = homes.get(device)
        where, is_drawn = self._belongs(device, old)
        new = Place(
            device=device,
            postal_code=where.postal_code,
            region=where.region,
            city=where.city,
            edge=edge,
            drawn=is_drawn,
        )
        if old is not None and old.region == where.region:
            new = msgspec.structs.replace(
                new, group=old.group, group_size=old.group_size, from_ms=old.from_ms
            )
        if new == old:
            return
        if old is not None and (old.postal_code, old.region) != (new.postal_code, new.region):
            _log.info("a place changed", device=device, was=old.postal_code, now=new.postal_code)
        if old is not None and old.region == new.region:
            self._put(homes, new)
        else:
            self._move(homes, device, old, new, now_ms)

    def _belongs(self, device: str, old: Place | None) -> tuple[Where, bool]:
        """Where a home stands, and whether that was drawn."""
        if (named := self._file.places.get(device)) is not None:
            return named, False
        if old is not None and old.drawn:
            return Where(old.postal_code, old.city, old.region), True
        return drawn(device, self._settings.seed), True

    def _move(
        self, homes: HomeGroups, device: str, old: Place | None, new: Place, now_ms: int
    ) -> None:
        """Let a home stand in another state; who was shown with it goes into other groups."""
        from_ms, left = 0 if old is None else old.from_ms, list[str]()
        if old is not None and homes.is_whole(old):
            from_ms = now_ms + self._rest_ms
            left = [other for other in homes.members(old.group) if other != device]
        self._put(homes, msgspec.structs.replace(new, from_ms=from_ms))
        self._join(homes, device, from_ms)
        self._regroup(homes, left, from_ms)

    def _dissolve_small(self, homes: HomeGroups, now_ms: int) -> None:
        """Groups of fewer homes than are asked for now."""
        for group, size in list(homes.sizes()):
            if size < self._settings.min_homes:
                members = homes.members(group)
                was_shown = len(members) >= size
                self._regroup(homes, members, now_ms + self._rest_ms if was_shown else 0)

    def _regroup(self, homes: HomeGroups, devices: Collection[str], from_ms: int) -> None:
        for device in devices:  # all of them out, before the first goes in again
            if (place := homes.get(device)) is not None:
                homes.put(msgspec.structs.replace(place, group="", group_size=0))
        for device in devices:
            self._join(homes, device, from_ms)

    def _join(self, homes: HomeGroups, device: str, from_ms: int) -> None:
        """Put a home into the group of its state that waits for one, or into a new one."""
        place = homes.get(device)
        if place is None or not place.region:
            return
        size = self._settings.min_homes
        joined = msgspec.structs.replace(
            place,
            group=homes.open_group(place.region, size),
            group_size=size,
            from_ms=max(from_ms, place.from_ms),
        )
        self._put(homes, joined)


class _PlacesFile:
    """The operator's file, read again when it is another one. A bad one leaves what was."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = self._stamp()
        self.places = {} if path is None else read_places(path)

    def refresh(self) -> bool:
        """Whether it says something new."""
        if self._path is None or (stamp := self._stamp()) == self._seen:
            return False
        self._seen = stamp
        try:
            self.places = read_places(self._path)
        except ConfigError as error:
            _log.error("the file of places cannot be used: what it said before holds",
                       reason=str(error))  # fmt: skip
            return False
        return True

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return None
        return None if found is None else (found.st_mtime_ns, found.st_size)
