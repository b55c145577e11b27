"""What people said of readings: who corrected what, taking it back, and correcting another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from energyguard.errors import EnergyGuardError, Malformed
from energyguard.model.channels import CHANNELS
from energyguard.model.days import local, ms_of
from energyguard.page.elements.components import Tag, button, card, name_of_row
from energyguard.page.elements.forms import Form, Values
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import field_words
from energyguard.page.words.formatting import SPACE, day_moment, number, until
from energyguard.page.words.language import _, ngettext
from energyguard.service.corrections.contract import (
    CorrectionPreview,
    CorrectionView,
    WantedCorrection,
)
from energyguard.service.explain.contract import EnergyExplanation
from energyguard.service.explain.corrected import corrections_between

Changed = Callable[[], Awaitable[object]]


class CorrectionsCard:
    """Corrections of a device's readings, and a form for another one for who may.

    Args:
        context: the open page.
        device: whose; empty: there are none.
        zone: of the times.
        changed: what comes when something was corrected.
    """

    def __init__(self, context: PageContext, device: str, zone: str, changed: Changed) -> None:
        self.context, self.device, self.zone, self._changed = context, device, zone, changed
        self.corrections = context.cache.service.corrections
        self.channel, self.span = "", (0, 0)
        self.wanted: tuple[WantedCorrection, str] | None = None
        with Tag("div", "", "c12") as self.all, card(_("Corrected by hand"), "c12"):
            self.rows: SteadyRows[CorrectionView, _CorrectionLine] = SteadyRows(
                lambda view: view.id, self._draw, _("Nothing was corrected by hand.")
            )
            if context.may("operate"):
                with Tag("details", "", "details", id="correct") as self.box:
                    Tag("summary", _("Correct readings …"))
                    self.place = Tag("div")
                    self._preview()
                self.ask()
        self.all.set_visibility(False)

    def show(self, found: EnergyExplanation) -> None:
        """Show what was said of these readings."""
        self.channel = found.channel
        self.all.set_visibility(bool(self.device) and bool(found.channel or found.corrections))
        self.span = found.total.start_ms, found.total.end_ms
        self.rows.show(found.corrections)

    def ask(self, time_ms: int | None = None) -> None:
        """Draw the form anew: of the reading of a time, or of any."""
        if not self.context.may("operate"):
            return
        self._forget()
        self.place.clear()
        begin = "" if time_ms is None else self._written(time_ms)
        with self.place, Form("correct", self._look) as self.form:
            kind = {"type": "datetime-local", "step": "1"}
            if time_ms is not None and time_ms % 1000:
                kind["step"] = "0.001"
            self.form.text("start", _("Reading of"), begin, "", required="required", **kind)
            self.form.text("end", _("and all up to"), "", _("empty: it is one reading"), **kind)
            unit = CHANNELS[self.channel].unit if self.channel in CHANNELS else ""
            hint = _("empty: it is wrong, and counts as never sent")
            label = _("Right value, {unit}").format(unit=unit) if unit else _("Right value")
            self.form.text("value", label, "", hint, inputmode="decimal")
            self.form.text("why", _("Why"), "", maxlength="1000")
            self.form.acts(_("See what it changes"))
        if time_ms is not None:
            self.box._props["open"] = ""
            self.box.update()

    def _preview(self) -> None:
        with Tag("div", "", "note would", role="status") as self.would:
            self.change = Tag("p", "")
            with Tag("div", "", "acts"):
                button(_("Correct it"), self._put, "main-act", mark="correct-sure")
                button(_("Cancel"), self._forget, mark="correct-cancel")
        self.would.set_visibility(False)

    def _forget(self) -> None:
        self.wanted = None
        self.would.set_visibility(False)

    def _written(self, ms: int) -> str:
        """A time as the browser's field has it."""
        return local(ms, self.zone).replace(tzinfo=None).isoformat()

    def _ms(self, name: str, text: str) -> int:
        """A time of the form.

        Raises:
            Malformed: it is none.
        """
        try:
            at = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone))
        except ValueError:
            raise Malformed(_("{text} is no time").format(text=text), name) from None
        return ms_of(at)

    async def _look(self, values: Values) -> None:
        """What it would change; nothing is done."""
        self._forget()
        try:
            end = values.get("end", "")
            wanted = WantedCorrection(
                self.device,
                self._ms("start", values.get("start", "")),
                self._ms("end", end) if end else None,
                values.get("value", "").replace(",", "."),
                self.channel,
            )
            preview = await asyncio.to_thread(self.corrections.preview, wanted)
        except EnergyGuardError as error:
            field = getattr(error, "field", "") or ""
            self.form.blame({{"time": "start"}.get(field, field): field_words(error)})
            return
        self.wanted = wanted, values.get("why", "")
        self.change.text = preview_words(preview)
        self.would.set_visibility(True)

    async def _put(self) -> None:
        if self.wanted is None:
            return
        (wanted, why), user = self.wanted, self.context.user
        self._forget()
        done = _("Corrected: the sums follow within a second")
        if await self.context.do(lambda: self.corrections.put(wanted, user, why), done):
            self.ask()
            await self._follow()

    async def _undo(self, view: CorrectionView) -> None:
        about, user = view.undone_by or view.id, self.context.user
        done = _("It counts again") if view.undone_by else _("Taken back")
        if await self.context.do(lambda: self.corrections.undo(about, user), done):
            await self._follow()

    async def _follow(self) -> None:
        """What was said is shown at once; what it comes to when the history has it."""
        self.rows.show(corrections_between(self.corrections, self.device, *self.span))
        await self._changed()

    def _draw(self, _view: CorrectionView) -> _CorrectionLine:
        return _CorrectionLine(self.zone, self._undo if self.context.may("operate") else None)


class _CorrectionLine:
    """What somebody said of readings, whether it holds, and the way back.

    Args:
        zone: of the times.
        undo: takes it back, or lets it count again; None: it is not for who looks.
    """

    def __init__(
        self, zone: str, undo: Callable[[CorrectionView], Awaitable[object]] | None
    ) -> None:
        self._zone, self._undo = zone, undo
        self._view: CorrectionView | None = None
        self._back: Tag | None = None
        with Tag("div", "", "change"):
            with Tag("div"):
                self._words, self._reason = Tag("b"), Tag("span", "", "sub small")
                self._gone = Tag("span", _("taken back"), "tag")
            if undo is not None:
                self._back = button("", self._press, mark="undo-correction")

    def show(self, view: CorrectionView) -> None:
        """Say whether it holds now."""
        self._view, when = view, day_moment(view.at_ms, self._zone)
        self._words.text = correction_words(view, self._zone)
        self._reason.text = ": ".join(filter(None, (f"{view.by}, {when}", view.why)))
        self._gone.set_visibility(not view.holds)
        if self._back is not None:
            self._back.text = _("Take back") if view.holds else _("Let it count again")
            name_of_row(self._back, view.by)

    async def _press(self) -> None:
        if self._view is not None and self._undo is not None:
            await self._undo(self._view)


def correction_words(view: CorrectionView, zone: str) -> str:
    """What was said of which readings."""
    when = day_moment(view.start_ms, zone)
    if view.end_ms > view.start_ms + 1:
        when = until(view.start_ms, view.end_ms, zone)
    unit = CHANNELS[view.channel].unit if view.channel in CHANNELS else ""
    words = f"{view.value}{SPACE}{unit}" if view.value else _("wrong")
    return f"{when}: {words}"


def preview_words(preview: CorrectionPreview) -> str:
    """What a correction would make of its days."""
    words = ngettext("{n} reading", "{n} readings", preview.readings)
    found = words.format(n=preview.readings)
    if preview.kwh is None or preview.would_kwh is None:
        return found
    return _("{readings}. Its days come to {kwh}; they would come to {would}.").format(
        readings=found,
        kwh=f"{number(preview.kwh, 4)}{SPACE}kWh",
        would=f"{number(preview.would_kwh, 4)}{SPACE}kWh",
    )
