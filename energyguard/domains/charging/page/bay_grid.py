"""The wall: a tile per bay, told apart by shape and colour; in large networks one per station."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from energyguard.domains.charging.currencies import currency_of
from energyguard.domains.charging.live.views import BAY_STATES, BayView, StationView
from energyguard.domains.charging.places import charger_of, site_id
from energyguard.page.elements.components import Tag
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.amounts import amount_words
from energyguard.page.words.formatting import SPACE, UNKNOWN, count, moment, number
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.refusals import why_refused

MARKS = {"free": "○", "parked": "◐", "charging": "●", "overstaying": "▲", "faulty": "!"}
MAX_BAYS = 240
"""With more bays than that, a tile stands for a station."""
MAX_LIVE_COSTS = 20
COSTS_EVERY = 10


def states() -> dict[str, str]:
    """What each state of a bay is called."""
    return {
        "free": _("free"), "parked": _("parked"), "charging": _("charging"),
        "overstaying": _("stays too long"), "faulty": _("fault"),
    }  # fmt: skip


def _parked(detail: str) -> str:
    """What a car does that only stands there."""
    words = {
        "parked": _("not plugged in"),
        "connected": _("plugged in"),
        "charged": _("charged, plugged in"),
    }
    return words.get(detail, _("charged"))


def broken_limit(kind: str) -> str:
    """A limit of parking that a car broke, in words."""
    words = {
        "Long parking before recharging": _("Long parking before recharging"),
        "Long parking after recharging": _("Long parking after recharging"),
        "Parking without charging": _("Parking without charging"),
    }
    return words.get(kind, kind)


class BayWords(NamedTuple):
    """What is said of a bay: its state's name, its own, the state in words, and more of it."""

    kind: str
    name: str
    state: str
    more: str


def bay_words(context: PageContext, bay: BayView) -> BayWords:
    """How a bay stands, in words."""
    since = moment(bay.since_ms or None, context.zone, "%H:%M:%S")
    name = bay.charger.removeprefix("charger-")
    if bay.state == "faulty":
        return BayWords(bay.state, name, _("fault"), why_refused(bay.detail))
    if bay.state == "free":
        words = _("since {when}").format(when=since) if bay.since_ms else _("no car yet")
        return BayWords(bay.state, name, _("free"), words)
    if bay.state == "charging":
        code = currency_of(context.cache.service, bay.station)
        cost = UNKNOWN if bay.cost is None else amount_words(bay.cost, code)
        power = number(bay.power_kw)
        more = f"{power}{SPACE}kW · {since} · {cost}"
        return BayWords(bay.state, name, _("charging"), more)
    if bay.state == "overstaying":
        charged = _("charged") if bay.cost_cents is not None else _("not charged")
        when = _("since {when}").format(when=since)
        return BayWords(bay.state, name, _("stays too long"), f"{charged}, {when}")
    return BayWords(bay.state, name, _("parked"), f"{_parked(bay.detail)}, {since}")


def trouble(faulty: int, overstaying: int) -> str:
    """What needs somebody, in words; empty: nothing."""
    parts = []
    if faulty:
        words = ngettext("{n} bay has a fault", "{n} bays have a fault", faulty)
        parts.append(words.format(n=count(faulty)))
    if overstaying:
        words = ngettext("{n} car stays too long", "{n} cars stay too long", overstaying)
        parts.append(words.format(n=count(overstaying)))
    return ", ".join(parts)


def taken(free: int, bays: int) -> str:
    """How many bays are free, where nothing needs anybody."""
    return _("{free} of {bays} bays are free; none needs anybody").format(
        free=count(free), bays=count(bays)
    )


def legend() -> None:
    """What the marks mean."""
    for state in BAY_STATES:
        with Tag("span", "", f"key {state}"):
            Tag("b", MARKS[state], aria_hidden="true")
            Tag("span", states()[state])


class BayTile:
    """A tile that changes in place."""

    def __init__(self, href: str) -> None:
        self._box = Tag("a", "", "bay", href=href)
        with self._box:
            with Tag("span", "", "what"):  # its mark is its style's
                self._name = Tag("b", "", "who")
                self._state = Tag("span", "")
            self._more = Tag("span", "", "more")

    def show(self, kind: str, name: str, state: str, more: str, is_due: bool = True) -> None:
        """Say what is so now.

        Args:
            kind: one of ``BAY_STATES``.
            name: the bay's.
            state: in words.
            more: since when, for how much.
            is_due: whether what a charge comes to is said anew, too.
        """
        changed = " ".join(self._box.classes) != f"bay {kind}"
        self._name.text, self._state.text = name, state
        if is_due or changed or kind != "charging":
            self._more.text = more
        if changed:
            self._box.classes(replace=f"bay {kind}")


class BayGrid:
    """All bays, by station."""

    def __init__(self, context: PageContext) -> None:
        self._visit = context
        self._into = Tag("div", "", "wall-of-bays")
        self._tiles: dict[str, BayTile] = {}
        self._shown: tuple[str, ...] = ()
        self._looks = 0

    def show(self, bays: Sequence[BayView], stations: Sequence[StationView]) -> None:
        """Show these; what has not changed is not sent again.

        What a charge comes to so far changes with every word of a charger: of many bays it is
        shown anew at every ``COSTS_EVERY``-th look.
        """
        is_due = len(bays) <= MAX_LIVE_COSTS or self._looks % COSTS_EVERY == 0
        self._looks += 1
        if len(bays) > MAX_BAYS:
            self._arrange(tuple(place.station for place in stations), ())
            for station in stations:
                self._tiles[station.station].show(*self._station(station))
            return
        self._arrange(tuple(place.charger for place in bays), bays)
        for bay in bays:
            self._tiles[bay.charger].show(*bay_words(self._visit, bay), is_due)

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
                pages = self._pages(station)
                with Tag("section", "", "of-station", aria_label=station):
                    Tag("a", station, "station", href=self.href(station))
                    with Tag("div", "", "bays"):
                        for bay in mine:
                            href = pages.get(bay.charger, self.href(station))
                            self._tiles[bay.charger] = BayTile(href)

    def _pages(self, station: str) -> dict[str, str]:
        """On a station's own page: those of its chargers, by their names."""
        if self._visit.query.get("station", "") != station:
            return {}
        devices = self._visit.cache.service.catalogue.entries.devices_at(site_id(station))
        return {
            name: self._visit.device_href(device)
            for device in devices
            if (name := charger_of(device)) is not None
        }

    def href(self, station: str) -> str:
        """The page of a station."""
        return self._visit.href("/stations", station=station)

    def _station(self, place: StationView) -> tuple[str, str, str, str]:
        kind = "free" if place.free else "charging" if place.charging else "parked"
        if place.overstaying:
            kind = "overstaying"
        if place.faulty:
            kind = "faulty"
        parts = []
        if place.charging:
            parts.append(_("{n} charging").format(n=count(place.charging)))
        if place.parked:
            parts.append(_("{n} parked").format(n=count(place.parked)))
        parts.append(trouble(place.faulty, place.overstaying))
        free = _("{n} of {all} free").format(n=count(place.free), all=count(place.bays))
        return kind, place.station, free, " · ".join(filter(None, parts)) or _("all free")
