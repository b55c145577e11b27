"""What each bay looks like now: a fold of the newest signals, and of what the worker says of them.

The newest signal of a charger tells what its bay looks like at once; ``energyguard.bays`` follows
some seconds later, and knows what no single signal tells: the parking session, and whether it is
too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from energyguard.domains.charging.live.views import BAY_STATES, BayState, BayView, StationView
from energyguard.domains.charging.model import (
    NANO,
    ChargingTransaction,
    ParkingLimits,
    Signal,
    SignalKind,
    exact_profit,
)
from energyguard.domains.charging.records.stations import BayNow, Charger
from energyguard.domains.charging.sessions.signals import AHEAD_S

_AFTER = {
    SignalKind.ARRIVE: "parked",
    SignalKind.CONNECT: "connected",
    SignalKind.START: "charging",
    SignalKind.STOP: "charged",
    SignalKind.DISCONNECT: "unplugged",
    SignalKind.LEAVE: "free",
}


_PLUGGED_IN = frozenset({"connected", "charging", "charged"})


@dataclass(slots=True)
class _Bay:
    state: str = "free"
    since: int = 0
    rank: int = -1
    start_parking: int | None = None
    start: int | None = None
    end: int | None = None
    power: int | None = None  # 1e-9 kW
    price: int | None = None  # 1e-9 per kWh
    violation: str = ""
    fault: str = ""


def _charger_of(plug: str) -> str:
    """The charger of a plug, ``c-7`` of ``c-7/1``; empty: it is the name of no plug."""
    return plug.rpartition("/")[0]


class Bays:
    """All bays that were heard of. For one thread at a time."""

    def __init__(self, limits: ParkingLimits) -> None:
        self._limits = limits
        self._bays: dict[str, _Bay] = {}
        self._chargers: dict[str, Charger] = {}
        self._live_readings: tuple[int, int] | None = (
            None  # event time s, and the wall clock's ms then
        )
        self._far: dict[str, int] = {}
        self._witnesses: set[str] = set()  # who has reached that time, within AHEAD_S

    @property
    def listed(self) -> Mapping[str, Charger]:
        """The chargers that are listed, by name."""
        return self._chargers

    def plugs(self) -> dict[str, str]:
        """The charger of each plug that is not listed itself."""
        bays = (name for name in self._bays if "/" in name and name not in self._chargers)
        return {name: _charger_of(name) for name in bays}

    def _stand_for_plugs(self) -> set[str]:
        """Chargers that are listed, and of which only plugs are heard: no bays of their own."""
        of_plugs = set(self.plugs().values())
        return {name for name in of_plugs if name in self._bays and not self._bays[name].since}

    def take_charger(self, charger: Charger) -> None:
        """A charger is listed."""
        self._chargers[charger.charger] = charger
        if charger.topic:
            self._bays.setdefault(charger.charger, _Bay())

    def take_signal(self, signal: Signal, received_ms: int) -> None:
        """A signal has come."""
        bay = self._bays.setdefault(signal.charger, _Bay())
        self._hear(signal.charger, signal.second, received_ms)
        bay.fault = ""
        if (signal.second, signal.kind) < (bay.since, bay.rank) and not self._ahead(bay.since):
            return
        if signal.kind is SignalKind.ARRIVE:
            bay.start_parking, bay.start, bay.end = signal.second, None, None
            bay.power = bay.price = None
            bay.violation = ""
        elif signal.kind is SignalKind.CONNECT:
            if bay.state in _PLUGGED_IN and bay.price is not None:
                return  # another price, or a repetition; another user is the worker's to tell
            bay.price = signal.amount
        elif signal.kind is SignalKind.START:
            bay.start, bay.end, bay.power = signal.second, None, signal.amount
        elif signal.kind is SignalKind.STOP:
            bay.end = signal.second
        elif signal.kind is SignalKind.LEAVE:
            bay.start_parking, bay.violation = None, ""
        bay.state, bay.since, bay.rank = _AFTER[signal.kind], signal.second, signal.kind

    def take_bay(self, facts: BayNow, received_ms: int) -> None:
        """The worker says what a bay is, or was some seconds ago."""
        bay = self._bays.setdefault(facts.charger, _Bay())
        self._hear(facts.charger, facts.since, received_ms)
        if facts.start_parking is not None and facts.start_parking == bay.start_parking:
            bay.violation = facts.violation
        if facts.since < bay.since and not self._ahead(bay.since):
            return
        bay.state, bay.since = facts.state, facts.since
        bay.start_parking, bay.violation = facts.start_parking, facts.violation
        bay.start, bay.end = facts.start_recharging, facts.end_recharging
        bay.power, bay.price = _nano(facts.power_kw, NANO), _nano(facts.price, NANO // 10_000)

    def take_fault(self, message: bytes, reason: str) -> None:
        """A message of a charger was refused; of which, if it says so."""
        try:
            charger = msgspec.json.decode(message, type=_Whose).bay
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if (bay := self._bays.get(charger)) is not None:
            bay.fault = reason

    def _hear(self, charger: str, second: int, received_ms: int) -> None:
        """Move the time on; two chargers decide, where there are two.

        Who is far ahead waits for a second one. The first of all is believed until another one
        comes that is far behind: then it was ahead, unless a second one had reached its time.
        """
        newest = self._live_readings
        if newest is not None and second > newest[0] + AHEAD_S:
            self._far[charger] = second
            near = [far for far in self._far.values() if abs(far - second) <= AHEAD_S]
            if len(near) < 2 and len(self._bays) > 1:
                return
        if newest is not None and second < newest[0] - AHEAD_S:
            if self._witnesses - {charger} and len(self._witnesses) < 2:
                self._live_readings, self._witnesses = (second, received_ms), {charger}
            return
        self._witnesses.add(charger)
        if newest is None or second > newest[0]:
            if newest is None or second > newest[0] + AHEAD_S:
                self._witnesses = {charger, *self._far}
            self._live_readings = second, received_ms
            self._far.clear()

    def _ahead(self, second: int) -> bool:
        """Whether that is a wrong clock's: what comes after it, by a right one, counts."""
        return self._live_readings is not None and second > self._live_readings[0] + AHEAD_S

    @property
    def newest_ms(self) -> int | None:
        """The time of the newest signal that is believed."""
        return None if self._live_readings is None else self._live_readings[0] * 1000

    def event_ms(self, now_ms: int) -> int | None:
        """What time it is at the chargers: that of the newest signal, gone on since."""
        if self._live_readings is None:
            return None
        second, received_ms = self._live_readings
        return second * 1000 + max(0, now_ms - received_ms)

    def views(self, now_ms: int, station: str = "") -> list[BayView]:
        """Every bay, by station and charger."""
        event_ms = self.event_ms(now_ms) or 0
        stands_for_plugs = self._stand_for_plugs()
        found = [
            self._view(charger, bay, event_ms // 1000)
            for charger, bay in self._bays.items()
            if charger not in stands_for_plugs
            and (not station or self.station_of(charger) == station)
        ]
        return sorted(found, key=lambda bay: (bay.station, _natural(bay.charger)))

    def of_charger(self, now_ms: int, charger: str) -> list[BayView]:
        """The bay of a charger, or one for each of its plugs; none: nothing was heard of it."""
        second = (self.event_ms(now_ms) or 0) // 1000
        bay = self._bays.get(charger)
        if bay is not None and charger not in self._stand_for_plugs():
            return [self._view(charger, bay, second)]
        plugs = sorted(name for name in self._bays if _charger_of(name) == charger)
        return [self._view(name, self._bays[name], second) for name in plugs]

    def station_of(self, charger: str) -> str:
        """Where a charger stands; one that is not listed is a station of its own."""
        listed = self._listed(charger)
        return charger if listed is None else listed.station

    def _listed(self, charger: str) -> Charger | None:
        """What the list says of a charger, or of the charger of a plug."""
        return self._chargers.get(charger) or self._chargers.get(_charger_of(charger))

    def _view(self, charger: str, bay: _Bay, now_s: int) -> BayView:
        state: BayState = "parked"
        if bay.fault:
            state = "faulty"
        elif bay.state == "free":
            state = "free"
        elif bay.state == "charging":
            state = "charging"
        elif self._stands_too_long(bay, now_s):
            state = "overstaying"
        cost = self._cost(charger, bay, now_s)
        return BayView(
            charger=charger,
            station=self.station_of(charger),
            state=state,
            detail=bay.fault or bay.state,
            since_ms=bay.since * 1000,
            power_kw=_kw(bay.power) if bay.state == "charging" else None,
            cost_cents=None if cost is None else round(cost * 100),
            cost=None if cost is None else float(cost),
            violation=bay.violation if bay.state != "free" else "",
        )

    def _cost(self, charger: str, bay: _Bay, now_s: int) -> Fraction | None:
        if bay.state == "free" or None in (bay.start, bay.power, bay.price):
            return None
        assert bay.start is not None and bay.power is not None and bay.price is not None
        end = max(bay.start, now_s if bay.end is None else bay.end)
        so_far = ChargingTransaction(charger, "", bay.start, end, bay.power, bay.price)
        return exact_profit(so_far, self._limits.seconds_per_hour)

    def _stands_too_long(self, bay: _Bay, now_s: int) -> bool:
        """Whether it is told so already, or its time is up: the worker waits for what is late."""
        if bay.violation:
            return True
        if bay.end is not None:
            return now_s > bay.end + self._limits.after_s
        return bay.start_parking is not None and now_s > bay.start_parking + self._limits.before_s

    def stations(self, views: Iterable[BayView]) -> list[StationView]:
        """Every station with bays, by name."""
        counts: dict[str, dict[str, int]] = {}
        places: dict[str, tuple[float | None, float | None]] = {}
        for view in views:
            of = counts.setdefault(view.station, dict.fromkeys(BAY_STATES, 0))
            of[view.state] += 1
            listed = self._listed(view.charger)
            if listed is not None and listed.latitude is not None:
                places[view.station] = listed.latitude, listed.longitude
        return [
            StationView(name, *places.get(name, (None, None)), sum(of.values()), **of)
            for name, of in sorted(counts.items())
        ]


def _nano(number: float | None, unit: int) -> int | None:
    """A number of a record in 1e-9."""
    return None if number is None else round(number * unit)


def _kw(power: int | None) -> float | None:
    return None if power is None else power / NANO


class _Whose(msgspec.Struct):
    charger_id: str
    connector_id: int | str = ""

    @property
    def bay(self) -> str:
        """The charger, or its plug."""
        plug = str(self.connector_id)
        return f"{self.charger_id}/{plug}" if plug else self.charger_id


def _natural(charger: str) -> tuple[str, int, str]:
    """Chargers by number: 9 comes before 10."""
    head = charger.rstrip("0123456789")
    return head, int(charger[len(head) :] or 0), charger
