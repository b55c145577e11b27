"""An alert's story: what it is, what a person can do, the picture, why, and what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.errors import EnergyGuardError, NotFound
from energyguard.model.alerts import State
from energyguard.page.alerts import words
from energyguard.page.alerts.expected import is_of_unusual
from energyguard.page.alerts.more import Beyond, used_beyond
from energyguard.page.alerts.picture import has_picture, picture, rule_of
from energyguard.page.elements.components import Tag, button, restyle
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import DAY_MS
from energyguard.page.frame.places import DevicePlace, place_of
from energyguard.page.words.formatting import day_moment, mark, places_apart, side
from energyguard.page.words.language import _
from energyguard.rules.rule import Rule
from energyguard.service.alerts.answers import answer_of, was_us
from energyguard.service.alerts.how_unusual import how_unusual
from energyguard.service.alerts.past import PastAlerts
from energyguard.service.profiles import LearningRule

OFTEN_DAYS = 90
KNOWN = 10_000
MORE_KEEP_S = 15.0


class AlertDetail:
    """The chosen alert.

    Args:
        context: the open page.
        silence: asks until when it shall be quiet.
        back: the address of the list that it came from.
    """

    def __init__(self, context: PageContext, silence: Callable[[Alert], object], back: str) -> None:
        self.context, self.service = context, context.cache.service
        self.past = PastAlerts(self.service.book, self.service.query)
        self.alert: Alert | None = None
        self.rule: Rule | None = None
        self.place: DevicePlace | None = None
        self.peak: int | None = None  # of the picture
        self.last: int | None = None  # likewise
        self._silence = silence
        with Tag("section", "", "card story-card", id="story", tabindex="-1"):
            Tag("a", "‹ " + _("All alerts"), "link back", href=back)
            self.empty = Tag("p", "", "empty")
            with Tag("div", "", "story-body") as self.body:
                with Tag("p", "", "kicker"):
                    self.kind = Tag("span", "", "alert-kind")
                    self.where = Tag("span")
                self.title = Tag("h2", "", "headline")
                with Tag("div", "", "acts thumb") as self.acts:
                    self._acts()
                with Tag("dl", "", "numbers"):
                    self.seen, self.expected, self.lasts, self.more = (
                        self._figure() for _n in range(4)
                    )
                self.plot = Plot("line", _("The values around the alert"), 230)
                with Tag("div", "", "two"):
                    with Tag("div"):
                        Tag("h3", _("Why it fired"), "sub-title")
                        self.why: ChangingList[words.Reason] = ChangingList(
                            self._reason, "", "reasons", "ol"
                        )
                        self.ends = Tag("p", "", "sub ends")
                    with Tag("div"):
                        Tag("h3", _("What happened"), "sub-title")
                        self.rows: ChangingList[tuple[str, str]] = ChangingList(
                            self._row, "", "happened", "ol"
                        )
                        self.clock = Tag("p", "", "sub")
                with Tag("p", "", "sub links") as self.links:
                    self.readings = Tag("a", _("Readings of this device"), "link", href="#")
                    self.rule_link = Tag("a", _("The rule"), "link", href=context.href("/rules"))

    def _acts(self) -> None:
        self.take = button(_("Acknowledge"), self._acknowledge, "main-act", mark="take")
        self.take.props("data-key=a")
        self.quiet = button(_("Silence…"), self._quiet, mark="silence")
        self.quiet.props("data-key=s")
        self.ours = button(_("That was us"), self._ours, mark="ours")
        self.loud = button(_("End the silence"), self._unsilence, mark="unsilence")
        self.text = ui.input(placeholder=_("Note (what you found, what you do)"))
        self.text.props(f'borderless dense aria-label="{_("Note")}"').classes("field").mark("note")

    @staticmethod
    def _figure() -> tuple[Tag, Tag, Tag]:
        with Tag("div"):
            name = Tag("dt")
            with Tag("dd"):
                return name, Tag("b"), Tag("span", "", "unit")

    async def _acknowledge(self) -> None:
        await self._take(self.text.value or "", _("You have it"))

    async def _ours(self) -> None:
        """It was us: everybody reads it; the alert is open until it ends by itself."""
        if (alert := self.alert) is None or not alert.open:
            return
        service, by, note = self.service, self.context.user, self.text.value or ""
        note = _("That was us") + (f": {note}" if note else "")
        done = _("Everybody reads that it was you")
        if answer_of(service, alert) is not None:
            done = _("Everybody reads that it was you; such alerts become rarer here")
        if await self.context.do(lambda: was_us(service, alert.id, by, note), done):
            self.text.value = ""

    async def _take(self, note: str, done: str) -> None:
        if (alert := self.alert) is None or not alert.open:
            return
        service, by = self.service, self.context.user
        if await self.context.do(lambda: service.acknowledge(alert.id, by=by, note=note), done):
            self.text.value = ""

    async def _quiet(self) -> None:
        if self.alert is not None and self.alert.open:
            found = self._silence(self.alert)
            if asyncio.iscoroutine(found):
                await found

    async def _unsilence(self) -> None:
        if (alert := self.alert) is None:
            return
        service, by = self.service, self.context.user
        if alert.standing and not service.silences.get(alert.standing).is_planned:
            await self.context.do(
                lambda: service.silences.end(alert.standing, by), _("It is heard again")
            )
            return
        await self.context.do(lambda: service.unsilence(alert.id, by=by), _("It is heard again"))

    async def show(self, alert_id: str) -> None:
        """Show this alert as it is now."""
        alert, story = await self._found(alert_id)
        self.empty.set_visibility(alert is None)
        self.body.set_visibility(alert is not None)
        if alert is None or (alert == self.alert and not alert.open):
            return
        first = self.alert is None or self.alert.id != alert.id
        changed = alert != self.alert
        self.alert, self.rule = alert, rule_of(self.context, alert)
        self.place = place_of(self.service.catalogue, alert.device)
        if first:
            self.peak = self.last = None
        self._figures(alert)
        if not changed:
            return
        self._words(alert, self.place)
        self.rows.show([words.timeline_row(entry, self.place, self.place.zone) for entry in story])
        if first:
            self._beyond(None)
            await self.draw()

    async def _found(self, alert_id: str) -> tuple[Alert | None, list[TimelineEntry]]:
        """The alert, also one that is long over."""
        if not alert_id:
            self.empty.text = _("Choose an alert to see why it fired.")
            return None, []
        try:
            if (alert := self.service.book.peek(alert_id)) is not None:
                return alert, self.service.book.story(alert_id)
            return await self.context.cache.shared(
                ("alert", alert_id), 30, lambda: self.past.get(alert_id)
            )
        except NotFound:
            self.empty.text = _("There is no such alert.")
        except EnergyGuardError as error:
            self.empty.text = _("What is long over is not to be had now: {error}").format(
                error=error
            )
        return None, []

    def _words(self, alert: Alert, place: DevicePlace) -> None:
        shape, kind = mark(alert)
        self.kind.text = f"{shape} {words.kind_words(alert, self.rule)}"
        restyle(self.kind, f"alert-kind {kind}")
        since = _("since {time}").format(time=day_moment(alert.since_ms, place.zone))
        parts = [" › ".join([*place.path, place.name]), since, *words.standing(alert, place.zone)]
        self.where.text = " · ".join(parts)
        self.title.text = words.sentence(alert, place, self.rule)
        self.take.set_visibility(alert.acknowledged_by is None)
        self.ours.set_visibility(alert.acknowledged_by is None)
        self.quiet.set_visibility(alert.state is not State.SILENCED)
        self.loud.set_visibility(alert.state is State.SILENCED)
        self.acts.set_visibility(alert.open and self.context.may("operate"))
        self.ends.text = words.ending(alert, place, self.rule)
        self.clock.text = _("Times in {zone}, as the log took them.").format(zone=place.zone)
        learns = isinstance(self.rule, LearningRule)
        shown = {"channel": alert.channel, "rule": alert.rule} if learns else {}
        self.readings.props(f'href="{self.context.device_href(alert.device, **shown)}"')
        self.rule_link.set_visibility(self.rule is not None and self.context.may("admin"))
        self._why(alert, place)

    def _why(self, alert: Alert, place: DevicePlace) -> None:
        peaks = [alert.peak, *([] if self.peak is None else [self.peak])]
        since_ms = alert.since_ms - OFTEN_DAYS * DAY_MS
        kin = self.service.book.find(device=alert.device, rule=alert.rule, limit=KNOWN)
        often = sum(since_ms <= other.since_ms <= alert.since_ms for other in kin)
        furthest = side(alert).furthest(peaks)
        self.why.show(words.reasons(alert, place, furthest, max(1, often)))

    def _now_ms(self, alert: Alert) -> int:
        newest = self.service.live.newest_ms(alert.topic or None)
        return max(newest or self.context.now_ms, alert.changed_ms)

    def _figures(self, alert: Alert) -> None:
        name, value, unit = self.seen
        if alert.measured:
            name.text = words.seen(alert)
            last = alert.observed if self.last is None else self.last
            nano = last if alert.open else alert.peak
            places = places_apart(nano, alert.expected)
            value.text, unit.text = words.parted(nano, alert.unit, places)
            name, value, unit = self.expected
            name.text = _("At least") if alert.is_below else _("At most")
            if is_of_unusual(alert):
                name.text = _("Usual")
            value.text, unit.text = words.parted(alert.expected, alert.unit, places)
        end = self._now_ms(alert) if alert.open else alert.changed_ms
        name, value, unit = self.lasts
        name.text = _("For")
        value.text, unit.text = words.parted_length(end - alert.since_ms)

    def _beyond(self, found: Beyond | None) -> None:
        """How much more than usual, and what it costs; None: not known."""
        for tag, text in zip(self.more, found or ("", "", ""), strict=True):
            tag.text = text

    async def draw(self) -> None:
        """The values around the alert, as far as the history has them: anew until it has all.

        The highest that the words name is the highest of the picture, or the worker's where the
        history is not as far yet.
        """
        alert, place = self.alert, self.place
        drawn = alert is not None and has_picture(alert, self.rule)
        self.plot.set_visibility(drawn)
        if alert is None or place is None or not drawn:
            return
        if is_of_unusual(alert):
            how = await self.context.cache.shared(
                ("how unusual", alert.id, alert.changed_ms), MORE_KEEP_S,
                lambda: how_unusual(self.service, alert),
            )  # fmt: skip
            self._beyond(used_beyond(alert, how))
        found = await picture(self.context, alert, self.rule, place.zone)
        self.peak, self.last = found.worst, found.last
        self._figures(alert)
        self._why(alert, place)
        self.plot.show(found.data)
        self.plot.say(f"{self.title.text}.{found.words}")

    @staticmethod
    def _reason(reason: words.Reason) -> None:
        with Tag("li"):
            Tag("b", reason.title)
            Tag("span", f" {reason.words}")

    @staticmethod
    def _row(row: tuple[str, str]) -> None:
        with Tag("li"):
            Tag("time", row[0])
            Tag("span", row[1])
