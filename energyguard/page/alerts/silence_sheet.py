"""Silence: what shall be quiet, until when, and what that would have hidden; asked in one sheet."""

from __future__ import annotations

import asyncio
from glob import escape

from nicegui import ui

from energyguard.alerts.alert import Alert
from energyguard.errors import EnergyGuardError, Malformed
from energyguard.model.alerts import Act
from energyguard.model.selector import Selector
from energyguard.page.elements.components import Tag, button
from energyguard.page.elements.controls import Segments, sheet
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import DevicePlace, place_of
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import day_moment
from energyguard.page.words.language import _, ngettext
from energyguard.service.alerts.silence_times import check_end

THIS, DEVICE, RULE, SITE, ALL = "this", "device", "rule", "site", "all"
HOUR, TONIGHT, ENDS, DATE = "hour", "tonight", "ends", "date"
_WORDS = {HOUR: "1 h", TONIGHT: "tonight", ENDS: ""}
"""What the service understands."""


class SilenceSheet:
    """Asks what to silence, and does it.

    Args:
        context: the open page.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.alerts: list[Alert] = []
        self.place: DevicePlace | None = None
        with sheet(_("Silence"), "silence-title") as self.dialog:
            Tag("p", _("What"), "label")
            self.what = Segments(
                _("What"),
                [
                    (THIS, _("This alert")), (DEVICE, _("This device")), (RULE, _("This rule")),
                    (SITE, _("This site")), (ALL, _("Everything")),
                ],
                THIS,
                lambda _value: self.say(),
            )  # fmt: skip
            Tag("p", _("Until"), "label")
            self.until = Segments(
                _("Until"),
                [
                    (HOUR, _("An hour")), (TONIGHT, _("Tonight")), (ENDS, _("It ends")),
                    (DATE, _("Date…")),
                ],
                TONIGHT,
                lambda _value: self.say(),
            )  # fmt: skip
            self.date = ui.input(on_change=lambda _event: self.say()).classes("field")
            self.date.props(f'borderless dense type=datetime-local aria-label="{_("Date")}"')
            self.date.mark("silence-date")
            self.words = Tag("p", "", "consequence", role="status")
            self.note = ui.input(placeholder=_("Why (others read it)")).classes("field")
            self.note.props(f'borderless dense aria-label="{_("Why")}"').mark("silence-note")
            with Tag("div", "", "acts pair"):
                self.sure = button(_("Silence"), self._do, "main-act", mark="silence-sure")
                button(_("Cancel"), self.dialog.close, mark="silence-cancel").props("data-close")

    async def ask(self, alerts: list[Alert]) -> None:
        """Open it about one alert or several."""
        self.alerts = alerts
        self.place = place_of(self.service.catalogue, alerts[0].device) if alerts else None
        single = len(alerts) == 1
        several = ngettext("{n} alert", "{n} alerts", len(alerts)).format(n=len(alerts))
        self.what.say(THIS, _("This alert") if single else several)
        self.what.say(DEVICE, self.place.name if single and self.place else "")
        self.what.say(RULE, _("This rule") if single else "")
        path = self.place.path if single and self.place else ()
        self.what.say(SITE, path[-1] if path else "")
        self.what.say(ALL, _("Everything") if single else "")
        self.what.choose(THIS)
        self.until.choose(TONIGHT)
        self.note.value = ""
        self.dialog.open()
        await self.say()

    async def say(self) -> None:
        """What it comes to, before anything is done."""
        self.date.set_visibility(self.until.value == DATE)
        try:
            until_ms = self._until_ms()
            when = self._when(until_ms)
            words = _("Until {time}.").format(time=when) if until_ms is not None else when
            hidden = await asyncio.to_thread(self._hidden)
        except EnergyGuardError as error:
            self.words.text = fault_words(error)
            self.sure.props("disabled")
            return
        self.sure.props(remove="disabled")
        stays = _("It stays in the list, grey, and speaks again by itself.")
        self.words.text = " ".join(part for part in (words, stays, hidden) if part)

    def _selector(self) -> str:
        """The devices that are chosen; empty: all."""
        assert self.place is not None
        term = {
            DEVICE: ("id", escape(self.place.device)),
            SITE: ("site", escape(self.place.site)),
        }.get(self.what.value)
        return str(Selector((term,))) if term else ""

    def _rule(self) -> str:
        return self.alerts[0].rule if self.what.value == RULE else ""

    def _until_ms(self) -> int | None:
        """Wall time; None: until it ends, or is ended."""
        if self.until.value != DATE:
            return self.service.silences.until(_WORDS[self.until.value], self._zone_selector())
        if not self.date.value:
            raise Malformed(_("choose a day and a time"), "until")
        until_ms = self.service.silences.until(self.date.value, self._zone_selector())
        if until_ms is not None:
            check_end(until_ms, self.service.clock.now_ms())
        return until_ms

    def _zone_selector(self) -> str:
        """Of whose site the wall time is."""
        if self.place is None or not self.place.site:
            return ""
        return str(Selector((("site", escape(self.place.site)),)))

    def _when(self, until_ms: int | None) -> str:
        assert self.place is not None
        if until_ms is not None:
            return day_moment(until_ms, self.place.zone)
        if self.what.value == THIS:
            return _("Until it ends by itself.")
        return _("Until somebody ends it.")

    def _hidden(self) -> str:
        """What it would have hidden."""
        if self.what.value == THIS:
            return ""
        found = self.service.silences.preview(self._selector(), self._rule())
        now = ngettext("{n} open alert goes quiet.", "{n} open alerts go quiet.", found.open)
        week = ngettext(
            "In the last 7 days it would have hidden {n} alert.",
            "In the last 7 days it would have hidden {n} alerts.",
            found.last_7_days,
        )
        return f"{now.format(n=found.open)} {week.format(n=found.last_7_days)}"

    async def _do(self) -> None:
        service, by, note = self.service, self.context.user, self.note.value or ""
        try:
            until_ms = self._until_ms()
        except EnergyGuardError as error:
            self.words.text = fault_words(error)
            return
        when = self._when(until_ms)
        done = (
            _("Silent until {time}").format(time=when) if until_ms is not None else _("Silent now")
        )
        self.dialog.close()
        if self.what.value == THIS:
            ids = [alert.id for alert in self.alerts]
            await self.context.do(
                lambda: service.act_on(ids, Act.SILENCE, by, note, until_ms), done
            )
            return
        selector, rule = self._selector(), self._rule()
        await self.context.do(
            lambda: service.silences.put(selector, rule, until_ms, by=by, note=note), done
        )
