"""A device of any kind: what it measures, its course, its rules, its alerts, its readings' fate."""

from __future__ import annotations

from energyguard.errors import NotFound
from energyguard.model.channels import CHANNELS
from energyguard.page.alert_rows import AlertRow, draw_alert
from energyguard.page.components import (
    ChangingList,
    Figures,
    Rest,
    Tag,
    Tile,
    card,
    cells,
    choice,
    table,
)
from energyguard.page.context import PageContext
from energyguard.page.device_limits import hold_against
from energyguard.page.formatting import (
    SPACE,
    UNKNOWN,
    age,
    count,
    day_moment,
    number,
    until,
)
from energyguard.page.rule_chart import RuleChart
from energyguard.page.series_chart import KEEP_S, SeriesChart
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.service.devices import DeviceChannel, DeviceDetail

MAX_ALERTS = 8
MAX_GAPS = 6
VERDICTS = ("kept", "late", "duplicate", "conflicting", "ahead")


class DevicePage:
    """The one that the address names; drawn when the first is known of it."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.device = context.query.get("device", "")
        self.parts: _Parts | None = None
        with Tag("p", "", "crumbs").style("margin-bottom:12px"):
            Tag("a", "All devices", "link", href=context.href("/devices"))
        self.rest = Rest(
            f"Nothing was heard of {self.device} yet",
            "It appears here by itself with its first reading.",
        )
        context.every(KEEP_S, self.draw)
        context.every(2.0, self.move_on)

    async def draw(self) -> None:
        """Everything that the history and the live view know of it."""
        service, span = self.cache.service, self.context.span
        try:
            newest = (
                await self.cache.shared(
                    ("device", self.device), KEEP_S, lambda: service.devices.detail(self.device)
                )
            ).last_ms
            found = await self.cache.shared(
                ("device", self.device, span.name),
                KEEP_S,
                lambda: service.devices.detail(
                    self.device, newest + 1 - span.length_ms, newest + 1
                ),
            )
        except NotFound:
            self.rest.show(False)
            return
        self.rest.show(True)
        if self.parts is None:
            with self.rest:
                self.parts = _Parts(self.context, found)
        await self.parts.draw(found)

    async def move_on(self) -> None:
        """The newest end of the lines, and the alerts."""
        if self.parts is not None:
            await self.parts.move_on()


class _Parts:
    """The cards of a device whose channels are known."""

    def __init__(self, context: PageContext, found: DeviceDetail) -> None:
        self.context, self.cache, self.device = context, context.cache, found.device
        names = [channel.channel for channel in found.channels]
        wanted = context.query.get("channel", "")
        self.channel = wanted if wanted in names else names[0]
        topic = found.channels[names.index(self.channel)].topic
        context.fresh = lambda: self.cache.service.live.fresh(topic)
        rules = self._rules(names)
        with Tag("div", "", "tiles four"):
            self.now = Tile("Now", "#series")
            self.last = Tile("Last reading", "#quality")
            self.open = Tile("Open alerts", "#alerts")
            self.missing = Tile("Gaps", "#quality")
        with card(self.channel, "c8", anchor="series") as note:
            self.series = SeriesChart(context, self.device, self.channel)
            self.against = Tag("p", "", "sub")
        with note:
            if len(names) > 1:
                options = [(n, context.href(channel=n), n == self.channel) for n in names]
                choice("Channel", options, small=True)
            Tag("span", context.lasting)
        with card("Alerts", "c4", "newest first", anchor="alerts"):
            self.alerts: ChangingList[AlertRow] = ChangingList(
                lambda row: draw_alert(context, row), "No alert of this device is known."
            )
        self.chart: RuleChart | None = None
        if rules:
            with card("Against its rules", "c12", anchor="rules") as note:
                self.chart = RuleChart(context, rules, note)
        with card("Quality", "c12", context.lasting, anchor="quality"):
            self.figures = Figures(VERDICTS)
            self.gaps: ChangingList[tuple[str, str]] = ChangingList(
                self._gap, "No gap in this time.", "story", "ul"
            )
        columns = ("Channel", "Unit", "Topic", "Since", "Last reading", "Newest", "Readings")
        with card("What it measures", "c12"), table("Channels", columns):
            self.channels: ChangingList[tuple[str, ...]] = ChangingList(cells, "", tag="tbody")

    def _rules(self, channels: list[str]) -> list[ThresholdRule]:
        """The rules that run and hold energies of these channels against a level."""
        active = self.cache.service.rules.active()
        sums = [rule for rule in active if isinstance(rule, ThresholdRule) and not rule.is_mean]
        return [rule for rule in sums if set(rule.channels) & set(channels)]

    async def move_on(self) -> None:
        """The newest end of the lines, and the alerts."""
        if (newest := self.series.newest_ms()) is not None:
            self.series.push(newest)
        if self.chart is not None:
            await self.chart.show(self.device)
        found = self.cache.service.book.find(device=self.device, limit=MAX_ALERTS)
        self.alerts.show([AlertRow.of(alert, self.context.zone) for alert in found])

    async def draw(self, found: DeviceDetail) -> None:
        """The numbers and the whole line."""
        zone = self.context.zone
        channel = next(row for row in found.channels if row.channel == self.channel)
        self._now(channel)
        silent = "silent: later than it usually sends" if channel.silent else "as often as usual"
        old = age(max(0, self.context.now_ms - found.last_ms))
        self.last.show(*old, f"of {day_moment(found.last_ms, zone)}, {silent}", old=channel.silent)
        self.open.show(count(len(found.open_alerts)), "", "of this device")
        gaps = [gap for gap in found.gaps if gap.channel == self.channel]
        length = sum(gap.end_ms - gap.start_ms for gap in gaps)
        lacking = f"{' '.join(age(length))} missing" if gaps else "nothing is missing"
        self.missing.show(count(len(gaps)), "", lacking)
        for name in VERDICTS:
            n = found.verdicts.get(name, 0)
            self.figures.show(name, count(n), n > 0 and name in ("conflicting", "ahead"))
        self.gaps.show(
            [
                (f"{gap.channel}, {' '.join(age(gap.end_ms - gap.start_ms))}",
                 f"no readings {until(gap.start_ms, gap.end_ms, zone)}")
                for gap in found.gaps[-MAX_GAPS:]
            ]
        )  # fmt: skip
        self.channels.show([self._row(row) for row in found.channels])
        held = await hold_against(self.cache, self.series, found.last_ms)
        self.against.text = held.sentence
        await self.series.draw(found.last_ms)

    def _now(self, channel: DeviceChannel) -> None:
        name = "Last known" if channel.silent else "Now"
        if channel.kw is not None:
            self.now.show(number(channel.kw), "kW", channel.channel, name, old=channel.silent)
        else:
            self.now.show(
                number(channel.value), channel.unit, channel.channel, name, old=channel.silent
            )

    def _gap(self, row: tuple[str, str]) -> None:
        with Tag("li"):
            Tag("span", row[0])
            Tag("span", row[1])

    def _row(self, row: DeviceChannel) -> tuple[str, ...]:
        zone = self.context.zone
        known = row.channel in CHANNELS
        return (
            row.channel,
            row.unit + (f", {CHANNELS[row.channel].kind}" if known else ""),
            row.topic,
            day_moment(row.first_ms, zone),
            day_moment(row.last_ms, zone),
            UNKNOWN if row.value is None else f"{number(row.value, 4)}{SPACE}{row.unit}",
            UNKNOWN if row.readings is None else count(row.readings),
        )
