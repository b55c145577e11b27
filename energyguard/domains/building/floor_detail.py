"""One floor closely: its numbers, the course of one, its alerts, its limits, its samples."""

from __future__ import annotations

from energyguard.domains.building.floor_cards import figure, floor_chart, standing
from energyguard.domains.building.floor_now import (
    METRICS,
    FloorMetric,
    FloorNow,
    FloorSample,
    floor_name,
    in_words,
)
from energyguard.domains.building.floor_source import FloorSource
from energyguard.page.alerts.picture import rule_of
from energyguard.page.alerts.rows import AlertRow, alert_lines
from energyguard.page.alerts.words import sentence
from energyguard.page.devices.limits_card import LimitsCard
from energyguard.page.elements.components import (
    Rest,
    Tag,
    Tile,
    card,
    cells,
    choice,
    restyle,
    table,
)
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.measures.limits import HeldAgainst, hold_against
from energyguard.page.words.formatting import SPACE, UNKNOWN, exact, near_moment, number
from energyguard.page.words.language import _

DRAW_S = 5.0
MAX_ALERTS = 8
SAMPLES = 20


class FloorDetail:
    """The floor that the address names."""

    def __init__(self, context: PageContext, source: FloorSource, device: str) -> None:
        self.context, self.source, self.device = context, source, device
        self.metric = METRICS.get(context.query.get("metric", ""), METRICS["kw"])
        name = floor_name(device)
        with Tag("div", "", "crumbs").style("margin-bottom:12px"):
            Tag("h2", name)
            floors = context.href(context.view.path, metric=self.metric.name)
            Tag("a", _("All floors"), "link", href=floors)
            Tag("a", _("As a device"), "link", href=context.device_href(device))
        self.rest = Rest(
            _("Nothing was heard of {name} yet").format(name=name),
            _("It appears here by itself with its first message: the floor is {device}.").format(
                device=device
            ),
        )
        with self.rest:
            with Tag("p", "", "summary c12") as self.summary:
                self._shape = Tag("span", "", "sev", aria_hidden="true")
                self._words = Tag("span", "")
            with Tag("div", "", "tiles four"):
                self.tiles = {each.name: self._tile(each.name) for each in METRICS.values()}
            course = _("{what} of {name}").format(what=_(self.metric.words), name=name)
            with card(course, "c8", anchor="course") as note:
                self.chart = floor_chart(context, device, self.metric, 300)
                self.against = Tag("p", "", "sub")
            with note:
                self._choice()
            with card(_("Alerts"), "c4", _("newest first"), anchor="alerts"):
                self.alerts = alert_lines(context, _("No alert of this floor is known."))
            channels = {each.channel: _(each.words) for each in METRICS.values()}
            channels |= {"delta_kwh": _("Rise of the counter between two readings")}
            self.limits = LimitsCard(context, device, channels, name)
            self._table()
        context.every(2.0, self.second)
        context.every(DRAW_S, self.draw)

    def _tile(self, metric: str) -> Tile:
        words = _("Energy today") if metric == "kwh" else _now(METRICS[metric])
        return Tile(words, self.context.href(metric=metric))

    def _choice(self) -> None:
        options = [
            (each.unit, self.context.href(metric=each.name), each is self.metric)
            for each in METRICS.values()
        ]
        choice(_("The chart shows"), options, small=True)
        Tag("span", self.context.lasting)

    def _table(self) -> None:
        measured = [f"{_(m.words)}, {m.unit}" for m in METRICS.values()]
        columns = [_("Time"), *measured, _("Rise, kWh")]
        shown = card(_("Last samples"), "c12", _("newest first"), anchor="samples")
        with shown, table(_("Last samples"), columns, "samples"):
            self.samples: ChangingList[tuple[str, ...]] = ChangingList(
                cells, _("No message of the last hour is kept."), tag="tbody"
            )

    async def _floor(self) -> FloorNow | None:
        """The floor as it is now; None: nobody knows it."""
        floors = await self.source.now()
        found = next((floor for floor in floors if floor.device == self.device), None)
        self.rest.show(found is not None)
        return found

    async def second(self) -> None:
        """Its numbers, the end of the line, its alerts."""
        floor = await self._floor()
        if floor is None:
            return
        context = self.context
        self._shape.text, kind, words = standing(floor, context.now_ms, context.zone)
        place = place_of(context.cache.service.catalogue, self.device)
        if floor.alerts:
            words = sentence(floor.alerts[0], place, rule_of(context, floor.alerts[0]))
        self._words.text = words if floor.alerts else in_words([floor])
        restyle(self._shape, f"sev {kind}".strip())
        kwh = (await self.source.kwh_today()).get(self.device)
        for name, tile in self.tiles.items():
            self._figure(tile, name, floor, kwh)
        reading = floor.readings.get(self.metric.channel)
        if reading is not None:
            self.chart.push(reading.time_ms)
        found = context.cache.service.book.find(device=self.device, limit=MAX_ALERTS)
        self.limits.show()
        self.alerts.show([AlertRow.of(alert, place, rule_of(context, alert)) for alert in found])

    def _figure(self, tile: Tile, name: str, floor: FloorNow, kwh: float | None) -> None:
        """A tile; what is not of now is grey and says of when it is."""
        metric, context = METRICS[name], self.context
        reading = floor.readings.get(metric.channel)
        value, _space, unit = figure(floor, metric, kwh).partition(SPACE)
        silent = reading is None or reading.silent
        if name == "kwh":
            shown = "" if reading is None else f"{exact(reading.value, 1)}{SPACE}kWh"
            counter = _("counter at {shown}").format(shown=shown) if shown else ""
            tile.show(value, unit, counter, old=kwh is None)
            return
        if reading is None:
            unknown = _("{what}, not known").format(what=_(metric.words))
            tile.show(UNKNOWN, "", _("it did not send this"), unknown, old=True)
            return
        time = near_moment(reading.time_ms, context.now_ms, context.zone, "%H:%M:%S")
        when = _("at {time}").format(time=time)
        last = _("{what}, last known").format(what=_(metric.words))
        words = last if silent else _now(metric)
        tile.show(value, unit, when, words, old=silent)

    async def draw(self) -> None:
        """The whole line, and the samples."""
        floor = await self._floor()
        if floor is None:
            return
        reading = floor.readings.get(self.metric.channel)
        newest_ms = floor.last_ms if reading is None else reading.time_ms
        samples = await self.source.samples(floor, SAMPLES)
        self.samples.show([self._sample(sample) for sample in samples])
        held = await hold_against(self.context.cache, self.chart, newest_ms)
        self.against.text = self._held_against(held)
        await self.chart.draw(newest_ms)

    def _held_against(self, held: HeldAgainst) -> str:
        """What the chart shows, in words."""
        if self.chart.energy:
            return _(self.context.span.energy_words) + "."
        return held.sentence or _("No limit of it runs, and what is usual is not known yet.")

    def _sample(self, sample: FloorSample) -> tuple[str, ...]:
        when = near_moment(sample.time_ms, self.context.now_ms, self.context.zone, "%H:%M:%S")
        values = sample.values
        numbers = [
            UNKNOWN if (value := values.get(metric.channel)) is None
            else exact(value, 3) if metric.name == "kwh" else number(value, 4)
            for metric in METRICS.values()
        ]  # fmt: skip
        return when, *numbers, _rise(sample.rise)


def _now(metric: FloorMetric) -> str:
    return _("{what} now").format(what=_(metric.words))


def _rise(kwh: float | None) -> str:
    """By how much a counter rose; where it fell it began anew."""
    if kwh is None:
        return UNKNOWN
    return exact(kwh, 3) if kwh >= 0 else _("began anew")
