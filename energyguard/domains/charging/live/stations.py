"""Stations now: who stands where, what is charged, what it comes to. Follows the log by itself."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from difflib import get_close_matches
from threading import Event, Lock

from energyguard.clock import Clock
from energyguard.domains.charging import topics
from energyguard.domains.charging.codec import signal
from energyguard.domains.charging.flows import STATIONS
from energyguard.domains.charging.live.bays import Bays
from energyguard.domains.charging.live.views import BayView, StationView
from energyguard.domains.charging.places import device_id
from energyguard.domains.charging.records.stations import BAY, CHARGER
from energyguard.domains.charging.sessions.stage import limits_of
from energyguard.domains.charging.topics import SENT
from energyguard.errors import NotFound, Rejected
from energyguard.log import Fetched, Log
from energyguard.log.records import decoded
from energyguard.model.readings import Verdict
from energyguard.model.topics import DEAD_LETTERS, TICK_HEADER
from energyguard.records.dead_letters import DeadLetterHeaders
from energyguard.service.contract import Service
from energyguard.service.live.follow import ALL, Follower, Pulse
from energyguard.service.views import NOTHING, Freshness
from energyguard.settings.tree import Settings

SIGNALS_SHARE = 0.1
QUIET_MS = 15 * 60_000
_SIGNALS = {topic.name: 5 for topic in SENT}
_RESULTS = {
    topic.name: 250 if topic is DEAD_LETTERS else ALL
    for topic in STATIONS.reads
    if topic not in SENT
}
_FAULTS = {Verdict.MALFORMED, Verdict.OUT_OF_RANGE}


class StationProjection:
    """Bays and stations, in memory. All methods are quick and thread-safe."""

    def __init__(self, log: Log, settings: Settings, clock: Clock) -> None:
        self._clock, self._lock, self._stop = clock, Lock(), Event()
        self._bays = Bays(limits_of(settings.charging))
        self._pulse, self._simulated = Pulse(), False
        self._results = Follower("bays", log, _RESULTS, self._take, self._stop, clock=clock)
        self._signals = Follower(
            "signals",
            log,
            _SIGNALS,
            self._take,
            self._stop,
            limit=10_000,
            share=SIGNALS_SHARE,
            clock=clock,
        )

    def start(self) -> None:
        """Begin to follow the log."""
        self._results.start()
        self._signals.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        for follower in (self._results, self._signals):
            if follower.is_alive():
                follower.join(5.0)

    @property
    def fault(self) -> str:
        """What keeps it from following; empty: nothing."""
        return self._results.fault or self._signals.fault

    def bays(self, station: str = "") -> list[BayView]:
        """Every bay of a station, or of all, by station and charger."""
        with self._lock:
            return self._bays.views(self._clock.now_ms(), station)

    def of_charger(self, charger: str) -> list[BayView]:
        """The bay of a charger, or one for each of its plugs; none: nothing was heard of it."""
        with self._lock:
            return self._bays.of_charger(self._clock.now_ms(), charger)

    def stations(self) -> list[StationView]:
        """Every station with bays, by name."""
        with self._lock:
            return self._bays.stations(self._bays.views(self._clock.now_ms()))

    def of_bays(self, bays: Iterable[BayView]) -> list[StationView]:
        """The stations that these bays are of, by name."""
        with self._lock:
            return self._bays.stations(bays)

    def check(self, given: Mapping[str, object]) -> None:
        """See that there is the charger of which something is asked.

        Raises:
            NotFound: there is none of this name; the message has some that are near.
        """
        check_charger(given, self.bays())

    def of_some(self, devices: Container[str]) -> SomeStations:
        """Bays and stations as far as their chargers are some devices of the catalogue."""
        return SomeStations(self, devices)

    def names(self, devices: Container[str]) -> frozenset[str]:
        """The chargers that are listed, and are some devices of the catalogue; and their plugs."""
        with self._lock:
            listed, plugs = list(self._bays.listed.values()), self._bays.plugs()
        seen = frozenset(charger.charger for charger in listed if device_id(charger) in devices)
        return seen | {plug for plug, charger in plugs.items() if charger in seen}

    def event_ms(self) -> int | None:
        """What time it is at the chargers; None: nothing was heard."""
        with self._lock:
            return self._bays.event_ms(self._clock.now_ms())

    def fresh(self) -> Freshness:
        """Whether signals come. Real chargers may be quiet for a while, simulated ones are not."""
        now_ms = self._clock.now_ms()
        with self._lock:
            event_ms, newest_ms = self._bays.event_ms(now_ms), self._bays.newest_ms
            quiet_ms = 0 if self._simulated else QUIET_MS
            live = newest_ms is not None and self._pulse.beats(now_ms, quiet_ms)
        received_ms = self._pulse.received_ms
        return Freshness(
            newest_ms, received_ms, received_ms, event_ms, live=live, simulated=self._simulated
        )

    def _take(self, news: Sequence[Fetched]) -> None:
        for part in news:
            with self._lock:
                if part.topic == topics.BAYS.name:
                    for found, bay in decoded(BAY.decoder, part):
                        self._bays.take_bay(bay, found.at_ms)
                elif part.topic == topics.CHARGERS.name:
                    for _, charger in decoded(CHARGER.decoder, part):
                        self._bays.take_charger(charger)
                elif part.topic == DEAD_LETTERS.name:
                    self._refused(part)
                else:
                    self._signals_of(part)

    def _signals_of(self, part: Fetched) -> None:
        self._pulse.hear(min(self._clock.now_ms(), max(part.timestamps_ms)))
        self._simulated = TICK_HEADER in dict(part.headers[-1])
        for value, at_ms in zip(part.values, part.timestamps_ms, strict=True):
            try:
                news = signal(value or b"")
            except Rejected:
                continue  # its dead letter says more
            self._bays.take_signal(news, at_ms)

    def _refused(self, part: Fetched) -> None:
        for value, headers in zip(part.values, part.headers, strict=True):
            found = DeadLetterHeaders.decode(headers)
            if value and found.topic.startswith(topics.SIGNALS.name) and found.verdict in _FAULTS:
                self._bays.take_fault(value, found.reason)


class SomeStations:
    """Bays and stations as if there were no other chargers than some.

    A charger that is not listed is no device of the catalogue, and so in nobody's part. What time
    it is at the chargers is of all: a clock is no one's.

    Args:
        whole: all of them.
        devices: the ids of those that are seen; they may change.
    """

    def __init__(self, whole: StationProjection | SomeStations, devices: Container[str]) -> None:
        self._whole, self._devices = whole, devices

    def start(self) -> None:
        """Nothing: who has all of them follows."""

    def close(self) -> None:
        """Nothing, as well."""

    def bays(self, station: str = "") -> list[BayView]:
        """Every bay that is seen, of a station or of all."""
        seen = self._whole.names(self._devices)
        return [bay for bay in self._whole.bays(station) if bay.charger in seen]

    def of_charger(self, charger: str) -> list[BayView]:
        """The bay of a charger, or one for each of its plugs; none where it is not seen."""
        seen = charger in self._whole.names(self._devices)
        return self._whole.of_charger(charger) if seen else []

    def stations(self) -> list[StationView]:
        """Every station with bays that are seen, and these alone."""
        return self.of_bays(self.bays())

    def of_bays(self, bays: Iterable[BayView]) -> list[StationView]:
        """The stations that these bays are of, by name."""
        return self._whole.of_bays(bays)

    def check(self, given: Mapping[str, object]) -> None:
        """See that there is the charger of which something is asked, and that it is seen.

        Raises:
            NotFound: there is none of this name that is seen.
        """
        check_charger(given, self.bays())

    def event_ms(self) -> int | None:
        """What time it is at the chargers; None: none is seen, or nothing was heard."""
        return self._whole.event_ms() if self._whole.names(self._devices) else None

    def fresh(self) -> Freshness:
        """Whether signals come; of none, where no charger is seen."""
        return self._whole.fresh() if self._whole.names(self._devices) else NOTHING

    def of_some(self, devices: Container[str]) -> SomeStations:
        """Of fewer still."""
        return SomeStations(self, devices)

    def names(self, devices: Container[str]) -> frozenset[str]:
        """The chargers that are seen here and there."""
        return self._whole.names(self._devices) & self._whole.names(devices)


def check_charger(given: Mapping[str, object], bays: Iterable[BayView]) -> None:
    """See that there is the charger of which something is asked.

    Raises:
        NotFound: there is none of this name; the message has some that are near.
    """
    known = [bay.charger for bay in bays]
    charger = str(given.get("charger", ""))
    if charger and charger not in known:
        near = ", ".join(get_close_matches(charger, known)) or "none of a similar name"
        raise NotFound(f"no charger {charger!r}; near: {near}")


def stations_of(service: Service) -> StationProjection | SomeStations:
    """The stations of a service, as far as they are seen."""
    projection = service.projections["chargers"]
    assert isinstance(projection, StationProjection | SomeStations)
    return projection
