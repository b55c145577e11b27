"""Where a partition's devices stand, and what is said of them: by a pinned revision, in time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from energyguard.catalogue.known import KnownPlaces, sender_entries
from energyguard.catalogue.revisions import Described, PlacesFrom
from energyguard.domain import load
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.scales import KeyScales
from energyguard.model.catalogue import Entry
from energyguard.model.readings import Bools, Ints
from energyguard.model.selector import DeviceFacts, SiteClock
from energyguard.pipeline import PLACES
from energyguard.rules.devices import Facts, SelectedRule
from energyguard.rules.local_times import DeviceClocks
from energyguard.rules.rule import LEFT, RETIRED, Rule
from energyguard.rules.term_rule import TermRule
from energyguard.stream.windows.readings.verdicts import LaneRows

PlacesAt = Callable[[int, int], PlacesFrom]
"""Where devices stand at a revision of the catalogue and an event time (ms)."""


def nowhere(revision: int, time_ms: int) -> PlacesFrom:
    """Of a device nothing is known but its id: there is no catalogue."""
    return PlacesFrom(DeviceFacts)


@cache
def _domains() -> tuple[KnownPlaces, ...]:
    return tuple(load(places.fold)() for places in PLACES.values())


def senders(device: str, topic: str) -> Mapping[str, Entry]:
    """What domains know of who sends, by id and topic alone: a replay knows the same."""
    return sender_entries(_domains(), device, topic)


class DevicePlaces:
    """Which devices rules are about, and what is said of their channels. Keys are device numbers.

    Args:
        devices: the name of each key; the operator's, which grows.
        places_at: where devices stand at a revision and a time.
    """

    def __init__(self, devices: Sequence[str], places_at: PlacesAt = nowhere) -> None:
        self.devices, self._places_at = devices, places_at
        self.heeds_retired = True
        self.revision: int | None = None
        """The revision of the catalogue that the rules go by; None: by none."""
        self._now = PlacesFrom(DeviceFacts)
        self._before: Facts = DeviceFacts  # where they stood before they were placed anew
        self._described_before: Described = {}
        self._retired_before: frozenset[str] = frozenset()
        self._scales: dict[str, KeyScales] = {}  # by channel, as far as somebody asked
        self.clocks = self._clocks()

    def _clocks(self) -> DeviceClocks:
        return DeviceClocks(self.devices, self.clock)

    def clock(self, device: str) -> SiteClock:
        """By which days people live where a device stands."""
        return self._now.facts(device).clock

    @property
    def until_ms(self) -> int | None:
        """The event time at which somebody may stand elsewhere; None: nobody will."""
        return self._now.until_ms

    def pin(self, revision: int | None, time_ms: int, *, heeds_retired: bool = True) -> None:
        """Go by a revision from now on, at an event time.

        ``heeds_retired``: else it is as before rules heeded who is retired, until it is pinned
        again.
        """
        self.heeds_retired = heeds_retired
        self.revision, self._before, self._scales = revision, self._now.facts, {}
        self._described_before, self._retired_before = self._now.channels, self._now.retired
        self._now = (
            PlacesFrom(DeviceFacts) if revision is None else self._places_at(revision, time_ms)
        )
        if not heeds_retired:
            self._now = self._now._replace(retired=frozenset())
        self.clocks = self._clocks()

    def pass_time(self, time_ms: int) -> bool:
        """Let the time have come that ``until_ms`` says, or a later one.

        Returns:
            Whether a device that is there may stand elsewhere.
        """
        at_border, moving, clocks = time_ms == self._now.until_ms, self._now.moving, self.clocks
        self.pin(self.revision, time_ms)
        if not at_border or moving is None:
            return True
        moved = set(moving).intersection(self.devices)
        clocks.look_again(moved)
        self.clocks = clocks  # all others have theirs
        return bool(moved)

    def follow(self, other: DevicePlaces) -> None:
        """Go by what others go by."""
        self.revision, self._places_at, self._now = other.revision, other._places_at, other._now
        self.clocks = self._clocks()
        self._scales = {}

    def described(self, key: int, channel: str) -> EnergyChannel | None:
        """What is said of a channel of energy; None: nothing."""
        channels = self._now.channels
        return channels.get(self.devices[key], {}).get(channel) if channels else None

    def in_unit(self, channel: str, rows: LaneRows) -> LaneRows:
        """Readings of a channel with their values in its unit."""
        if not (channels := self._now.channels):
            return rows
        scales = self._scales.setdefault(channel, KeyScales())
        if new := self.devices[len(scales) :]:
            found = (channels.get(name, {}).get(channel) for name in new)
            scales.grow([of.scales if of is not None else () for of in found])
        value = scales.in_unit(rows.key, rows.time, rows.value)
        return rows if value is rows.value else replace(rows, value=value)

    def described_anew(self, channel: str) -> Ints:
        """The keys of which something else is said than before they were placed anew."""
        before, now = self._described_before, self._now.channels
        changed = {
            device
            for device in before.keys() | now.keys()
            if before.get(device, {}).get(channel) != now.get(device, {}).get(channel)
        }
        found = [key for key, name in enumerate(self.devices) if name in changed] if changed else []
        return np.array(found, np.int64)

    def selects(self, rule: Rule, key: int) -> bool:
        """Whether a rule is about the device of a key."""
        device = self.devices[key]
        if device in self._now.retired and _heeds_retirement(rule):
            return False
        return not isinstance(rule, SelectedRule) or rule.selects(device, self._now.facts)

    def selected(self, rule: Rule, first: int = 0) -> Bools:
        """Whether a rule is about each device from a key on: (devices - first,)."""
        return _there(rule, self.devices[first:], self._now.facts, self._now.retired)

    def selected_before(self, rule: Rule) -> Bools:
        """Whether a rule was about each device at the revision that was pinned before."""
        return _there(rule, self.devices, self._before, self._retired_before)

    def are_for_all(self, rule: Rule) -> bool:
        """Whether a rule without a selector is about every device."""
        return not self._now.retired or not _heeds_retirement(rule)

    def may_move(self, rule: Rule) -> bool:
        """Whether a rule may be about others than before the devices were placed anew."""
        others = self._now.retired != self._retired_before
        return rule.needs_catalogue or (others and _heeds_retirement(rule))

    def why_left(self, key: int) -> str:
        """Why a rule is about the device of a key no more."""
        return RETIRED if self.devices[key] in self._now.retired else LEFT


def asks_for_places(rule: Rule) -> bool:
    """Whether what a rule makes of readings depends on where devices stand."""
    return rule.needs_catalogue or rule.goes_by_sites


def selected(rule: Rule, devices: Sequence[str], facts: Facts) -> Bools:
    """Whether a rule is about each of some devices."""
    if not isinstance(rule, SelectedRule) or rule.is_uniform:
        return np.ones(len(devices), bool)
    return np.array([rule.selects(device, facts) for device in devices], bool)


def _heeds_retirement(rule: Rule) -> bool:
    """Whether a rule is about no retired device; who counts in a sum until when, the sum says."""
    return not isinstance(rule, TermRule)


def _there(rule: Rule, devices: Sequence[str], facts: Facts, retired: Collection[str]) -> Bools:
    """Whether a rule is about each of some devices, of which some are retired."""
    found = selected(rule, devices, facts)
    if retired and _heeds_retirement(rule):
        found &= np.array([device not in retired for device in devices], bool)
    return found
