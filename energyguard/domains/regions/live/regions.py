"""States now: follows places and the averages of edges, and knows what may be shown of them."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from threading import Event, Lock

import pyarrow.compute as pc

from energyguard.clock import Clock
from energyguard.codecs.records import backfilled, read_settled
from energyguard.domains.regions.live.group_powers import EVERYBODY, SLOT_MS, GroupPowers
from energyguard.domains.regions.live.states import RegionsView, regions_view
from energyguard.domains.regions.records import PLACE
from energyguard.domains.regions.states import NAMES
from energyguard.domains.regions.topics import PLACES
from energyguard.errors import NotFound
from energyguard.log import Fetched, Log
from energyguard.log.records import decoded
from energyguard.model.readings import times_of
from energyguard.model.topics import EDGE_READINGS
from energyguard.service.contract import Service
from energyguard.service.live.follow import ALL, Follower, Pulse
from energyguard.service.views import NOTHING, Freshness
from energyguard.settings.tree import Settings

CHANNEL = "power_kw"
QUIET_MS = 60_000
SHARE = 0.2
NEWEST = 50
"""So many records of each partition are read back at the start."""


class RegionProjection:
    """Power by state, in memory. All methods are quick and thread-safe."""

    def __init__(self, log: Log, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings.regions, clock
        self._limits = settings.wire
        self._lock, self._stop, self._pulse = Lock(), Event(), Pulse()
        self._powers = GroupPowers(settings.regions.min_homes)
        self._places = Follower(
            "places", log, {PLACES.name: ALL}, self._take_places, self._stop, clock=clock
        )
        self._averages = Follower(
            "averages",
            log,
            {EDGE_READINGS.name: NEWEST},
            self._take_averages,
            self._stop,
            limit=10_000,
            share=SHARE,
            clock=clock,
        )

    def start(self) -> None:
        """Begin to follow the log; places first, without which no average is of anywhere."""
        self._places.start()
        self._places.caught_up.wait(5.0)
        self._averages.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        for follower in (self._places, self._averages):
            if follower.is_alive():
                follower.join(5.0)

    @property
    def fault(self) -> str:
        """What keeps it from following; empty: nothing."""
        return self._places.fault or self._averages.fault

    @property
    def homes(self) -> int:
        """How many homes have a place, shown or not."""
        return len(self.names(EVERYBODY))

    def view(self, seen: Container[str] = EVERYBODY) -> RegionsView:
        """All states as they may be shown; none while places are read that may be old ones.

        Args:
            seen: the homes that somebody sees: a group that has others is not shown.
        """
        is_reading = self._places.is_alive() and not self._places.caught_up.is_set()
        with self._lock:
            groups = [] if is_reading else list(self._powers.shown(self._clock.now_ms(), seen))
        return regions_view(groups, self._settings.min_homes, self._settings.price_eur_per_kwh)

    def check(self, given: Mapping[str, object]) -> None:
        """See that there is the state of which something is asked.

        Raises:
            NotFound: there is none of this name.
        """
        region = str(given.get("region", ""))
        if region and region not in NAMES:
            raise NotFound(f"no state {region!r}; there are: {', '.join(NAMES)}")

    def of_some(self, devices: Container[str]) -> SomeRegions:
        """The states as far as their homes are some devices of the catalogue."""
        return SomeRegions(self, devices)

    def names(self, devices: Container[str]) -> Collection[str]:
        """The homes that have a place, and are some devices of the catalogue."""
        with self._lock:
            return [home for home in self._powers.homes if home in devices]

    def event_ms(self, seen: Container[str] = EVERYBODY) -> int | None:
        """What time it is at the homes that are seen; None: nothing was heard."""
        with self._lock:
            return self._powers.newest_ms(seen)

    def fresh(self, seen: Container[str] = EVERYBODY) -> Freshness:
        """Whether averages come, of homes that are seen."""
        newest_ms, received_ms = self.event_ms(seen), self._pulse.received_ms
        if newest_ms is None and seen is not EVERYBODY:
            return NOTHING
        live = newest_ms is not None and self._pulse.beats(self._clock.now_ms(), QUIET_MS)
        return Freshness(newest_ms, received_ms, received_ms, newest_ms, SLOT_MS, live=live)

    def _take_places(self, news: Sequence[Fetched]) -> None:
        with self._lock:
            for part in news:
                for _, place in decoded(PLACE.decoder, part):
                    self._powers.put(place)

    def _take_averages(self, news: Sequence[Fetched]) -> None:
        for part in news:
            keys, values = list(part.keys), list(part.values)
            if (past := backfilled(list(part.headers))) is not None:
                keys = [key for key, old in zip(keys, past, strict=True) if not old]
                values = [value for value, old in zip(values, past, strict=True) if not old]
            if not values:
                continue
            received_ms = min(self._clock.now_ms(), max(part.timestamps_ms))
            self._pulse.hear(received_ms)
            readings = read_settled(keys, values, self._limits, part.topic).readings
            powers = readings.filter(pc.equal(readings.column("channel"), CHANNEL))
            rows = zip(
                powers.column("device").to_pylist(),
                times_of(powers).tolist(),
                powers.column("value").to_pylist(),
                strict=True,
            )
            with self._lock:
                for device, time_ms, nano_kw in rows:
                    self._powers.take(device, time_ms, nano_kw, received_ms)


class SomeRegions:
    """The states as if there were no other homes than some: of groups that have others, nothing.

    Args:
        whole: all of them.
        devices: the homes that are seen; they may change.
    """

    def __init__(self, whole: RegionProjection, devices: Container[str]) -> None:
        self._whole, self._devices = whole, devices

    def start(self) -> None:
        """Nothing: who has all of them follows."""

    def close(self) -> None:
        """Nothing, as well."""

    @property
    def homes(self) -> int:
        """How many homes that are seen have a place, shown or not."""
        return len(self._whole.names(self._devices))

    def view(self) -> RegionsView:
        """All states as they may be shown."""
        return self._whole.view(self._devices)

    def check(self, given: Mapping[str, object]) -> None:
        """See that there is the state of which something is asked.

        Raises:
            NotFound: there is none of this name.
        """
        self._whole.check(given)

    def event_ms(self) -> int | None:
        """What time it is at the homes; None: nothing was heard."""
        return self._whole.event_ms(self._devices)

    def fresh(self) -> Freshness:
        """Whether averages come."""
        return self._whole.fresh(self._devices)

    def of_some(self, devices: Container[str]) -> SomeRegions:
        """Of fewer still."""
        return SomeRegions(self._whole, frozenset(self.names(devices)))

    def names(self, devices: Container[str]) -> Collection[str]:
        """The homes that are seen here and there."""
        return [home for home in self._whole.names(self._devices) if home in devices]


def regions_of(service: Service) -> RegionProjection | SomeRegions:
    """The states of a service, as far as they are seen."""
    projection = service.projections["regions"]
    assert isinstance(projection, RegionProjection | SomeRegions)
    return projection
