"""The cards of a device: of what it measures, or, of a virtual one, of what it is the sum of."""

from __future__ import annotations

import asyncio

from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import DEVICE, key_of
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.days import local
from energyguard.page.devices.beyond import BeyondNote
from energyguard.page.devices.hours import HoursCard
from energyguard.page.devices.limit_bars import LimitBars
from energyguard.page.devices.limits_card import LimitsCard
from energyguard.page.devices.readings import ReadingsCard
from energyguard.page.devices.tiles import DeviceTiles, UsualNow, usual_at
from energyguard.page.elements.components import Figures, Tag, card, cells, choice, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import DAY_MS, SPANS
from energyguard.page.measures.coming import is_coming, none_words
from energyguard.page.measures.consumption_chart import NamedSeries, consumption_bars
from energyguard.page.measures.late_sums import LateSumLine
from energyguard.page.measures.limits import hold_against, limit_rows, rules_that_learn
from energyguard.page.measures.series_chart import SeriesChart
from energyguard.page.measures.spans import span_name
from energyguard.page.words.formatting import SPACE, UNKNOWN, count, day_moment, measured, number
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name
from energyguard.page.words.readings import ending_words, kind_of_channel, level_words
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.service.devices import DeviceChannel, MeasuredDevice

VERDICTS = ("kept", "late", "duplicate", "conflicting", "ahead")
VERDICTS_KEEP_S = 15.0
MAX_RULES = 3


class MeasuredParts:
    """What a device that sends has.

    Attributes:
        usual: what is usual of the shown channel now; None: not known.

    Args:
        context: the open page.
        found: what is known of it.
        zone: of its days.
        left: where what it measures goes.
        right: where its hours go.
    """

    def __init__(
        self, context: PageContext, found: MeasuredDevice, zone: str, left: Tag, right: Tag
    ) -> None:
        self.context, self.cache, self.device = context, context.cache, found.device
        self.usual: UsualNow | None = None
        names = self._names = [channel.channel for channel in found.channels]
        wanted = context.query.get("channel", "")
        self.channel = wanted if wanted in names else _first(names)
        self.kind = CHANNELS[self.channel].kind if self.channel in CHANNELS else Kind.STATE
        context.fresh = lambda: self.cache.service.live.fresh(self.channel_of(found).topic)
        self.day = CalendarSpan.of("day", local(found.last_ms, zone).date(), zone)
        has_energy = any(n in CHANNELS and CHANNELS[n].kind is not Kind.STATE for n in names)
        with left:
            with Tag("div", "", "tiles four"):
                self.tiles = DeviceTiles(context, self.device, has_energy)
            self.beyond = BeyondNote(context, self.device) if has_energy else None
            self._course(names)
            rules = self._rules(names)[:MAX_RULES]
            self.limits = [LimitBars(context, self.device, rule, self.day) for rule in rules]
            words = {name: level_words(name) for name in names}
            self.levels: LimitsCard | None = None
            may = context.may("operate")
            if may and limit_rows(self.cache.service, self.device, words):
                self.levels = LimitsCard(context, self.device, words, _("this device"))
            self.readings = ReadingsCard(context, self.device, self.channel, zone)
            self._details()
        with right:
            self.hours = HoursCard(context, self.device, zone)

    def is_of(self, found: MeasuredDevice) -> bool:
        """Whether these are the cards of all that it measures."""
        return self._names == [channel.channel for channel in found.channels]

    def _course(self, names: list[str]) -> None:
        """The channel over time."""
        context, is_level = self.context, self.kind is Kind.STATE
        title = level_words(self.channel) if is_level else _("Power")
        with card(title, "c12", anchor="series") as note:
            day = None if context.query.get("range") else self.day
            self.series = SeriesChart(context, self.device, self.channel, day=day)
            self.against = Tag("p", "", "sub")
        with note:
            rules = rules_that_learn(self.cache.service, self.device, self.channel)
            if len(rules) > 1:  # each has a band of its own
                wanted = context.query.get("rule", "")
                shown = wanted if wanted in rules else rules[0]
                options = [(rule, context.href(rule=rule), rule == shown) for rule in rules]
                choice(_("Usual by"), options, small=True)
            if len(names) > 1:
                options = [
                    (level_words(n), context.href(channel=n), n == self.channel) for n in names
                ]
                choice(_("Channel"), options, small=True)
            ranges = [(_("Today"), context.href(range=""), day is not None)]
            ranges += [(s.name, context.href(range=s.name), day is None and s is context.span)
                       for s in SPANS.values()]  # fmt: skip
            choice(_("Time range"), ranges, small=True)

    def _details(self) -> None:
        """How its readings ended, and where they come from: for who wants to know."""
        with Tag("details", "", "card c12 details"):
            Tag("summary", _("Details"))
            self.endings = ending_words()
            self.figures = Figures([self.endings[name] for name in VERDICTS])
            columns = (_("Channel"), _("Unit"), _("Topic"), _("Since"), _("Last reading"),
                       _("Newest"), _("Readings"))  # fmt: skip
            with table(_("Channels"), columns):
                self.channels: ChangingList[tuple[str, ...]] = ChangingList(cells, "", tag="tbody")

    def _rules(self, channels: list[str]) -> list[ThresholdRule]:
        """The rules that run and hold energies of these channels against a level."""
        active = self.cache.service.rules.active()
        facts = self.cache.service.catalogue.entries.facts
        sums = [rule for rule in active if isinstance(rule, ThresholdRule) and not rule.is_mean]
        about = [rule for rule in sums if set(rule.channels) & set(channels)]
        return [rule for rule in about if rule.selects(self.device, facts)]

    def channel_of(self, found: MeasuredDevice) -> DeviceChannel:
        """The channel that is shown, as it is now."""
        return next(row for row in found.channels if row.channel == self.channel)

    def move_on(self) -> None:
        """The newest end of the line."""
        if (newest := self.series.newest_ms()) is not None:
            self.series.push(newest)

    async def draw(self, found: MeasuredDevice | None) -> None:
        """The numbers and the whole line."""
        if found is None:
            return
        channel = self.channel_of(found)
        await asyncio.gather(
            self._draw_course(found, channel),  # what people look at first
            self.tiles.show_sums(),
            self.readings.draw(found.last_ms),
            self.hours.ask(self._now_ms(found)),
            *(limit.draw() for limit in self.limits),
        )
        if self.levels is not None:
            self.levels.show()

    async def draw_past(self, found: MeasuredDevice) -> None:
        """What needs to be known since when it sends: the hours that lack, and its channels."""
        firsts = [row.first_ms for row in found.channels if row.first_ms is not None]
        await self.hours.draw(min(firsts, default=None), self._now_ms(found))
        self.channels.show([self._row(row) for row in found.channels])

    def _now_ms(self, found: MeasuredDevice) -> int:
        return max(self.context.now_ms, found.last_ms)

    async def draw_rest(self, found: MeasuredDevice | None) -> None:
        """How sure the sums are, and how the readings of the last day ended."""
        if found is None:
            return
        await self.tiles.show_doubts()
        for limit in self.limits:
            await limit.draw_past()
        if self.beyond is not None:
            await self.beyond.draw(found.last_ms)
        end_ms = found.last_ms + 1
        seen = await self.cache.ask_as(
            self.device, VERDICTS_KEEP_S, "verdicts", device=self.device,
            start_ms=end_ms - DAY_MS, end_ms=end_ms,
        )  # fmt: skip
        ended = dict(zip(seen["verdict"].to_pylist(), seen["readings"].to_pylist(), strict=True))
        for name in VERDICTS:
            n = ended.get(name, 0)
            self.figures.show(
                self.endings[name], count(n), n > 0 and name in ("conflicting", "ahead")
            )

    async def _draw_course(self, found: MeasuredDevice, channel: DeviceChannel) -> None:
        """The line, what is usual, and the tile of now: they say the same."""
        newest_ms, rule = found.last_ms, self.context.query.get("rule", "")
        self.usual = await usual_at(self.context, self.device, self.channel, newest_ms, rule)
        held = await hold_against(self.cache, self.series, newest_ms, rule)
        self.against.text = held.sentence
        value, unit = (channel.value, channel.unit) if channel.kw is None else (channel.kw, "kW")
        words = "" if channel.silent else _("now {value}").format(value=measured(value, unit))
        await self.series.draw(found.last_ms, None if channel.silent else value, words)
        self.tiles.show_now(channel, self.usual)

    def _row(self, row: DeviceChannel) -> tuple[str, ...]:
        zone = self.day.zone
        return (
            row.channel,
            ", ".join(filter(None, (row.unit, kind_of_channel(row.channel)))),
            row.topic,
            day_moment(row.first_ms, zone),
            day_moment(row.last_ms, zone),
            UNKNOWN if row.value is None else f"{number(row.value, 4)}{SPACE}{row.unit}",
            UNKNOWN if row.readings is None else count(row.readings),
        )


class SumParts:
    """What a virtual device has: the sums of spans, and the hours of today."""

    def __init__(self, context: PageContext, device: str) -> None:
        self.context, self.device = context, device
        with Tag("div", "", "tiles three"):
            self.tiles = DeviceTiles(context, device, has_energy=True, sends=False)
        self.late = LateSumLine(context, key_of(DEVICE, device))
        with card(_("Energy by hour"), "c12", _("today"), anchor="series"):
            self.plot = Plot("bars", _("Energy by hour today, yesterday behind it"), 260)

    async def draw(self, found: MeasuredDevice | None) -> None:
        """The sums, and the bars of today."""
        today, *_rest = await self.tiles.show_sums()
        name = device_name(self.context.cache.service.catalogue, self.device)
        row = NamedSeries(name, today, today.before, today.before_total_kwh)
        span = today.span
        coming = today.total_kwh is None and await is_coming(
            self.context.cache, key_of(DEVICE, self.device)
        )
        before = span_name(span.before())
        self.plot.show(consumption_bars([row], span.step, span.zone, before, none_words(coming)))

    async def draw_rest(self, found: MeasuredDevice | None) -> None:
        """How sure the sums are, and which part their alerts wait for."""
        await self.late.show(self.context.zone)
        await self.tiles.show_doubts()


def _first(names: list[str]) -> str:
    """The channel that says most of a device: a power, else its energy, else its first."""
    for kind in (Kind.POWER, Kind.INTERVAL, Kind.REGISTER):
        for name in names:
            if name in CHANNELS and CHANNELS[name].kind is kind:
                return name
    return names[0]
