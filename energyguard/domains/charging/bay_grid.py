"""The wall: a tile per bay, told apart by shape and colour; in large networks one per station."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from energyguard.domains.charging.live.bays import BAY_STATES, BayView, StationView
from energyguard.page.components import Tag
from energyguard.page.context import PageContext
from energyguard.page.formatting import moment

MARKS = {"free": "○", "parked": "◐", "charging": "●", "overstaying": "▲", "faulty": "!"}
MAX_BAYS = 240
"""With more bays than that, a tile stands for a station."""
DETAILS = {"parked": "not plugged in", "connected": "plugged in", "charged": "charged, plugged in"}


def euros(cents: int | None) -> str:
    """Money for people."""
    return "–" if cents is None else f"{cents / 100:,.2f}\u00a0€"


def legend() -> None:
    """What the marks mean."""
    for state in BAY_STATES:
        with Tag("span", "", f"key {state}"):
            Tag("b", MARKS[state], aria_hidden="true")
            Tag("span", state)


class BayTile:
    """A tile that changes in place."""

    def __init__(self, href: str) -> None:
        self._box = Tag("a", "", "bay", href=href)
        with self._box:
            with Tag("span", "", "what"):
                self._mark = Tag("b", "", aria_hidden="true")
                self._name = Tag("b", "", "who")
                self._state = Tag("span", "")
            self._more = Tag("span", "", "more")

    def show(self, kind: str, name: str, state: str, more: str) -> None:
        """Say what is so now."""
        self._mark.text, self._name.text = MARKS[kind], name
        self._state.text, self._more.text = state, more
        if " ".join(self._box.classes) != f"bay {kind}":
            self._box.classes(replace=f"bay {kind}")


class BayGrid:
    """All bays, by station."""

    def __init__(self, context: PageContext) -> None:
        self._visit = context
        self._into = Tag("div", "", "wall-of-bays")
        self._tiles: dict[str, BayTile] = {}
        self._shown: tuple[str, ...] = ()

    def show(self, bays: Sequence[BayView], stations: Sequence[StationView]) -> None:
        """Show these; what has not changed is not sent again."""
        if len(bays) > MAX_BAYS:
            self._arrange(tuple(place.station for place in stations), ())
            for station in stations:
                self._tiles[station.station].show(*self._station(station))
            return
        self._arrange(tuple(place.charger for place in bays), bays)
        for bay in bays:
            self._tiles[bay.charger].show(*self._bay(bay))

    def _arrange(self, names: tuple[str, ...], bays: Sequence[BayView]) -> None:
        if names == self._shown:
            return
        self._shown = names
        self._into.clear()
        with self._into:
            if not bays:
                with Tag("div", "", "bays"):
                    self._tiles = {name: BayTile(self.href(name)) for name in names}
            for station, mine in groupby(bays, key=lambda place: place.station):
                with Tag("section", "", "of-station", aria_label=station):
                    Tag("a", station, "station", href=self.href(station))
                    with Tag("div", "", "bays"):
                        for bay in mine:
                            self._tiles[bay.charger] = BayTile(self.href(station))

    def href(self, station: str) -> str:
        """The page of a station."""
        return self._visit.href("/stations", station=station)

    def _bay(self, bay: BayView) -> tuple[str, str, str, str]:
        since = moment(bay.since_ms or None, self._visit.zone, "%H:%M:%S")
        name = bay.charger.removeprefix("charger-")
        if bay.state == "faulty":
            return bay.state, name, "fault", bay.detail
        if bay.state == "free":
            return bay.state, name, "free", f"since {since}" if bay.since_ms else "no car yet"
        if bay.state == "charging":
            cost = euros(bay.cost_cents)
            return bay.state, name, "charging", f"{bay.power_kw} kW · {since} · {cost}"
        if bay.state == "overstaying":
            plugged = "charged" if bay.cost_cents is not None else "not charged"
            return bay.state, name, "overstay", f"{plugged}, since {since}"
        return bay.state, name, "parked", f"{DETAILS.get(bay.detail, 'charged')}, {since}"

    def _station(self, place: StationView) -> tuple[str, str, str, str]:
        kind = "free" if place.free else "charging" if place.charging else "parked"
        if place.overstaying:
            kind = "overstaying"
        if place.faulty:
            kind = "faulty"
        parts = ("charging", "parked", "overstaying", "faulty")
        counts = [f"{getattr(place, part)} {part}" for part in parts if getattr(place, part)]
        return (
            kind,
            place.station,
            f"{place.free} of {place.bays} free",
            " · ".join(counts) or "all free",
        )
