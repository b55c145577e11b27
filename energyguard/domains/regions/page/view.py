"""Regions: what a home draws on average, by federal state: a map, bars or a table, and the past."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from energyguard.domains.regions.live.regions import regions_of
from energyguard.domains.regions.live.states import RegionsView, RegionView
from energyguard.domains.regions.page.words import (
    SHADES,
    Shades,
    about,
    average_words,
    euros,
    group_words,
    kilowatt_hours,
    kilowatts,
    price_words,
    shades,
    why_hidden,
)
from energyguard.domains.regions.states import NAMES
from energyguard.page.elements.components import Rest, Tag, Tile, card, cells, choice
from energyguard.page.elements.components import table as plain_table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.plots import Data, Plot, line
from energyguard.page.elements.ranking import Ranking
from energyguard.page.frame.context import PageContext, View
from energyguard.page.frame.page_cache import times_ms
from energyguard.page.words.formatting import SPACE, UNKNOWN, count, moment, plural
from energyguard.page.words.language import _
from energyguard.service.contract import Service

OUTLINE = Path(__file__).parent / "germany.json"
"""The sixteen states, simplified: Natural Earth, public domain (see germany.md)."""
HEIGHT = 470
KEEP_S = 10.0
GAP_STEPS = 3
BARS, TABLE = "bars", "table"
COLUMNS = (_("State"), _("Homes"), _("Average power"), _("A year"), _("Its price"))


@lru_cache(maxsize=1)
def outline() -> Data:
    """The outline, as the kind of chart ``areas`` stands on it."""
    found: Data = json.loads(OUTLINE.read_text())
    return found


class RegionsPage:
    """All states now, and the past of the one that is asked for."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.projection = regions_of(context.cache.service)
        context.fresh = self.projection.fresh
        region = context.query.get("region", "")
        self.chosen = region if region in NAMES else self._largest()
        self.look = TABLE if context.query.get("as") == TABLE else BARS
        self.rest = Rest(
            _("No home is measured yet"),
            _("Let an edge measure some, and a cloud hear of it:"),
            "$ energyguard up --scenario regions",
            _("or let your own edges send: {command}").format(command="energyguard edge enroll"),
        )
        with self.rest:
            self.words = Tag("p", "", "summary c12")
            with Tag("div", "", "tiles three c12"):
                self.power = Tile(_("Average home now"), "#states")
                self.energy = Tile(_("A year at this rate"), "#states")
                self.price = Tile(_("Its price"), "#states")
            with card(_("Map"), "c5", anchor="map"):
                self.map = Plot("areas", _("States by average power"), HEIGHT, outline())
                self.legend: ChangingList[tuple[int, str]] = ChangingList(_key, "", "legend")
            self._states()
            if self.chosen:
                name = NAMES[self.chosen]
                with card(f"{name}, {context.lasting}", "c12", anchor="past"):
                    label = _("Average power in {name} over time").format(name=name)
                    self.past = Plot("line", label, 200)
                context.every(KEEP_S, self.draw)
        context.every(2.0, self.second)

    def _largest(self) -> str:
        """The state with the most homes that are shown; none, where none is."""
        shown = [state for state in self.projection.view().regions if state.homes]
        return max(shown, key=lambda state: state.homes or 0).region if shown else ""

    def _states(self) -> None:
        """The states as bars, or as a table of the same numbers."""
        words = {BARS: _("Bars"), TABLE: _("Table")}
        looks = [(words[each], self._as(each), each == self.look) for each in words]
        with card(_("States"), "c7", anchor="states") as self.note:
            with Tag("div", "", "acts"):
                choice(_("Shown as"), looks, small=True)
            if self.look == BARS:
                self.bars = Ranking(_("No state can be shown yet."), self._past_of, "states")
            else:
                with plain_table(_("States"), [_(name) for name in COLUMNS]):
                    self.rows: ChangingList[tuple[str, ...]] = ChangingList(
                        self._row, _("No state can be shown yet."), tag="tbody"
                    )
            self.hidden = Tag("p", "", "sub small")
            self.why = Tag("p", "", "sub small")

    def _as(self, look: str) -> str:
        return self.context.href(**{"as": "" if look == BARS else look})

    def _past_of(self, name: str) -> str:
        region = next((code for code, state in NAMES.items() if state == name), "")
        return self.context.href(region=region) + "#past" * bool(region)

    def _row(self, row: tuple[str, ...]) -> None:
        cells(row, self._past_of(row[0]) if row[0] in NAMES.values() else "")

    async def second(self) -> None:
        """The numbers as they are now."""
        view = self.projection.view()
        self.rest.show(self.projection.homes > 0)
        shown = [state for state in view.regions if state.homes is not None]
        shown.sort(key=lambda state: (-(state.power_kw or 0), state.name))
        self.words.text = average_words(view)
        self._tiles(view)
        scale = shades(shown)
        self.map.show({"areas": [self._area(state, view, scale) for state in view.regions]})
        self.map.say(self._map_words(view, shown))
        self.legend.show(_legend(view.min_homes, scale))
        self.note.text = f"{plural(view.all_shown.homes or 0, 'home')}, {price_words(view)}"
        if self.look == BARS:
            self.bars.show((state.name, state.power_kw or 0.0, _much(state)) for state in shown)
        else:
            self.rows.show([_cells(state) for state in (*shown, view.all_shown) if state.homes])
        hidden = [state.name for state in view.regions if state.homes is None]
        reason = why_hidden(view.min_homes)
        self.hidden.text = (
            f"{reason[:1].upper()}{reason[1:]}: " + ", ".join(hidden) + "." if hidden else ""
        )
        self.why.text = group_words(view.min_homes)

    def _tiles(self, view: RegionsView) -> None:
        shown = view.all_shown
        at = _("of {homes}").format(homes=plural(shown.homes or 0, "home"))
        if shown.time_ms is not None:
            time = moment(shown.time_ms, self.context.zone, "%H:%M:%S")
            at += ", " + _("at {time}").format(time=time)
        for tile, words, sub in (
            (self.power, kilowatts(shown.power_kw), at),
            (self.energy, kilowatt_hours(shown.year_kwh), _("if all its hours were as now")),
            (
                self.price,
                euros(shown.year_cost_cents),
                _("at {price}").format(price=price_words(view)),
            ),
        ):
            value, unit = words.split(SPACE) if SPACE in words else (words, "")
            is_old = not self.projection.fresh().live
            tile.show(value or UNKNOWN, unit, sub, old=is_old)

    def _area(self, state: RegionView, view: RegionsView, scale: Shades) -> Data:
        shade = scale.of(state.power_kw)
        href = "" if shade is None else self._past_of(state.name)
        words = about(state, view.min_homes)
        return {"id": state.region, "about": words, "href": href, "shade": shade}

    def _map_words(self, view: RegionsView, shown: list[RegionView]) -> str:
        if not shown:
            return _("Map of the states; none can be shown yet")
        words = _("Map of the states. The highest of {n}: {state}")
        return words.format(n=len(shown), state=about(shown[0], view.min_homes))

    async def draw(self) -> None:
        """The past of the chosen state."""
        newest_ms = self.projection.event_ms()
        if newest_ms is None:
            return
        span, zone = self.context.span, self.context.zone
        end = newest_ms - newest_ms % span.step_ms + span.step_ms
        start = end - span.length_ms
        found = await self.context.cache.ask_as(
            (self.chosen, span.name), span.keep_s, "region_power",
            region=self.chosen, start_ms=start, end_ms=end, step_ms=span.step_ms,
        )  # fmt: skip
        xs, ys = times_ms(found["time"]), found["power_kw"].to_pylist()
        none = _("Nothing of this state can be shown in this time")
        gap = GAP_STEPS * span.step_ms
        self.past.show(line(start, end, xs, ys, "kW", zone, gap=gap, none=none))


def _key(key: tuple[int, str]) -> None:
    """What a shade means."""
    shade, words = key
    with Tag("span"):
        Tag("i", "", f"area a{shade}" if shade >= 0 else "not-shown")
        Tag("span", words)


def _legend(min_homes: int, scale: Shades) -> list[tuple[int, str]]:
    keys = [(shade, scale.words(shade)) for shade in range(1, SHADES + 1)]
    return [*keys, (-1, _("not shown") if min_homes > 1 else _("no home"))]


def _much(state: RegionView) -> str:
    return (
        f"{kilowatts(state.power_kw)} · {kilowatt_hours(state.year_kwh)} · "
        f"{euros(state.year_cost_cents)}"
    )


def _cells(state: RegionView) -> tuple[str, ...]:
    return (
        state.name if state.region in NAMES else _("All shown"),
        count(state.homes or 0),
        kilowatts(state.power_kw),
        kilowatt_hours(state.year_kwh),
        euros(state.year_cost_cents),
    )


def is_used(service: Service) -> bool:
    """Whether there are homes with a place, or will be."""
    return bool(service.settings.cloud.listen) or regions_of(service).homes > 0


VIEW = View("/regions", _("Regions"), "regions", RegionsPage, shown=is_used)
