"""A maintenance window as a form: where, which alerts, once or again and again, and why.

It is a silence that begins later, or comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from glob import escape
from typing import Final, NamedTuple

from nicegui import ui

from energyguard.errors import EnergyGuardError, Malformed, Rejected
from energyguard.model.selector import Selector
from energyguard.page.elements.components import Tag
from energyguard.page.elements.controls import sheet
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.fields import choices_of
from energyguard.page.words.faults import field_words
from energyguard.page.words.formatting import day_moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import indented_sites
from energyguard.page.words.silences import day_names, every_words
from energyguard.service.alerts.silence_view import SilenceView
from energyguard.tariffs.periods import DAYS

ONCE, DAILY, WEEKLY = "once", "daily", "weekly"
_FIELDS: Final = {"from": "begin", "until": "end"}
"""Where the service's faults are shown, of one that comes once."""
_AGAIN_FIELDS: Final = {"every": "starts", "until": "last"}


class WantedWindow(NamedTuple):
    """What was typed, as the service has it."""

    selector: str
    rule: str
    from_ms: int | None
    until_ms: int | None
    every: str
    note: str


class WindowForm:
    """A form in a sheet; it is there while somebody fills it in.

    Args:
        context: the open page.
        done: called when it was saved.
    """

    def __init__(
        self, context: PageContext, done: Callable[[SilenceView], Awaitable[object]]
    ) -> None:
        self._context, self._done = context, done
        self._service = context.cache.service
        self._boxes: dict[str, Tag] = {}  # of one that comes once, of one that comes again
        with sheet(_("Maintenance window"), "window-title") as self.dialog:
            Tag("p", _("What fires in it is kept, and nobody is told."), "sub")
            Tag("p", _("What still lasts when it ends is told then."), "sub")
            self.form = Form("window", self._send)
            with self.form:
                self._draw()
                self._words = Tag("p", "", "consequence", role="status")
                self.form.acts(_("Save"), self.dialog.close)
        self.dialog.on("hide", self.dialog.delete)
        self.form.on_change(self._changed)
        self._show(WEEKLY)

    def _draw(self) -> None:
        form = self.form
        repeats = [(WEEKLY, _("each week")), (DAILY, _("each day")), (ONCE, _("once"))]
        with Tag("div", "", "rule-fields"):
            sites = [("", _("All sites")), *indented_sites(self._service.catalogue)]
            form.choose("site", _("Where"), sites)
            form.choose("repeat", _("When"), repeats, WEEKLY)
        with Tag("fieldset", "", "checks days") as self._boxes[WEEKLY]:
            Tag("legend", _("Days on which it begins"))
            for day, name in zip(DAYS, day_names(), strict=True):
                form.check(day, name)
        with Tag("div", "", "rule-fields") as self._boxes[DAILY]:
            quarters = {"type": "time", "step": "900"}
            form.text("starts", _("From"), "02:00", _("by the clock of the site"), **quarters)
            form.text("ends", _("Until"), "06:00", _("earlier: on the day after"), **quarters)
            last = _("may be empty: until somebody ends it")
            form.text("last", _("For the last time on"), "", last, type="date")
        with Tag("div", "", "rule-fields") as self._boxes[ONCE]:
            moments = {"type": "datetime-local"}
            form.text("begin", _("From"), "", _("by the clock of the site"), **moments)
            form.text("end", _("Until"), "", **moments)
        with Tag("div", "", "rule-fields"):
            rules = [("", _("all rules")), *((r.id, r.id) for r in self._service.rules.all())]
            form.choose("rule", _("Of which rule"), rules)
            hint = _("such as kind=meter label.floor=2; empty: all devices")
            form.text("selector", _("Which devices"), "", hint, maxlength="500", spellcheck="false")
            form.pick("selector", _("Add to the devices"), choices_of(self._service))
            form.text("note", _("Why (others read it)"), maxlength="500")

    def _show(self, repeat: str) -> None:
        self._boxes[WEEKLY].set_visibility(repeat == WEEKLY)
        self._boxes[DAILY].set_visibility(repeat != ONCE)
        self._boxes[ONCE].set_visibility(repeat == ONCE)

    async def _changed(self, values: Values) -> None:
        """Say what it comes to, before anything is done."""
        self._show(values.get("repeat", WEEKLY))
        page = ui.context.client
        try:
            words = await asyncio.to_thread(self._comes_to, values)
        except EnergyGuardError:
            words = ""  # it is not whole yet; what is wrong is said when it is sent
        with page:
            self._words.text = words

    def _comes_to(self, values: Values) -> str:
        wanted = self._wanted(values)
        if wanted.every:
            when = every_words(wanted.every)
        else:
            zone = self._service.silences.zone_of(wanted.selector)
            begin, end = (day_moment(ms, zone) for ms in (wanted.from_ms, wanted.until_ms))
            when = f"{begin} – {end}"
        found = self._service.silences.preview(
            wanted.selector, wanted.rule, wanted.from_ms, wanted.every
        )
        week = ngettext(
            "In the last 7 days it would have hidden {n} alert.",
            "In the last 7 days it would have hidden {n} alerts.",
            found.last_7_days,
        )
        return f"{when[:1].upper()}{when[1:]}. {week.format(n=found.last_7_days)}"

    def _wanted(self, values: Values) -> WantedWindow:
        """What was typed.

        Raises:
            Malformed: something is missing, or cannot be read.
        """
        silences, repeat = self._service.silences, values.get("repeat", WEEKLY)
        selector = self._selector(values)
        from_ms = until_ms = None
        every = ""
        if repeat == ONCE:
            for name in ("begin", "end"):
                if not values.get(name):
                    raise Malformed(_("choose a day and a time"), name)
            from_ms = silences.begins(values["begin"], selector)
            until_ms = silences.until(values["end"], selector, from_ms)
        else:
            every = _every(values, repeat)
            until_ms = silences.until(values.get("last", ""), selector)
        rule, note = values.get("rule", ""), values.get("note", "")
        return WantedWindow(selector, rule, from_ms, until_ms, every, note)

    @staticmethod
    def _selector(values: Values) -> str:
        """The devices: those of the site, and of these the ones that are named."""
        try:
            terms = Selector.parse(values.get("selector", "")).terms
        except ValueError as error:
            raise Malformed(str(error), "selector") from None
        site = values.get("site", "")
        return str(Selector(((("site", escape(site)),) if site else ()) + terms))

    async def _send(self, values: Values) -> None:
        page, by, silences = ui.context.client, self._context.user, self._service.silences
        try:
            wanted = self._wanted(values)
            view = await asyncio.to_thread(
                silences.put, wanted.selector, wanted.rule, wanted.until_ms, by, wanted.note,
                wanted.from_ms, wanted.every,
            )  # fmt: skip
        except EnergyGuardError as error:
            fields = _FIELDS if values.get("repeat") == ONCE else _AGAIN_FIELDS
            field = (error.field if isinstance(error, Rejected) else "") or ""
            with page:
                self.form.blame({fields.get(field, field): field_words(error)})
            return
        with page:
            self.dialog.close()
            await self._done(view)


def _every(values: Values, repeat: str) -> str:
    """The times as a silence has them: ``sun 02:00-06:00``.

    Raises:
        Malformed: no day is chosen, or a time is missing.
    """
    days = [day for day in DAYS if day in values] if repeat == WEEKLY else []
    if repeat == WEEKLY and not days:
        raise Malformed(_("choose a day"), "days")
    for name in ("starts", "ends"):
        if not values.get(name):
            raise Malformed(_("choose a time"), name)
    end = "24:00" if values["ends"] == "00:00" else values["ends"]
    return f"{','.join(days)} {values['starts']}-{end}".strip()
