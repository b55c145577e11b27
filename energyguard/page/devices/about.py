"""About a device: where it stands and what it is, changed in place; who changed it, and undo."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from nicegui import ui

from energyguard.errors import Conflict, EnergyGuardError, Faulty, NotFound
from energyguard.model.catalogue import DEVICE, key_of
from energyguard.page.devices.channels import draw_channels, read_channels
from energyguard.page.devices.form import Wrong, draw_fields, read_fields
from energyguard.page.elements.components import ConfirmDialog, Tag, button, card, tell
from energyguard.page.elements.forms import Form, Values
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words, field_words
from energyguard.page.words.formatting import SPACE, UNKNOWN, day_moment, number
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name
from energyguard.page.words.readings import kind_of_device, level_words
from energyguard.service.catalogue.views import CatalogueCard, EntryChange

MAX_CHANGES = 6


class ChangeRow(NamedTuple):
    """A change as a row."""

    what: str
    who: str
    newest: bool


class AboutCard:
    """The card.

    Args:
        context: the open page.
        device: whose.
        changed: called when the device has changed.
    """

    def __init__(
        self, context: PageContext, device: str, changed: Callable[[], Awaitable[object]]
    ) -> None:
        self.context, self.device, self._changed = context, device, changed
        self.catalogue = context.cache.service.catalogue
        self.key = key_of(DEVICE, device)
        self._drawn: CatalogueCard | None = None
        self._channels: tuple[str, ...] = ()
        self._confirm = ConfirmDialog()
        with card(_("About"), "c12", anchor="about") as note:
            self._body = Tag("div", "", "about-body")
            self._changes = Tag("div", "", "about-changes")
        self._may = context.may("operate")
        with note:
            self._edit = button(_("Edit"), self.edit, "link", _("this device"), mark="edit-device")
            self._edit.set_visibility(self._may)
        self._editing = False

    async def show(self, found: CatalogueCard, channels: tuple[str, ...] | None = None) -> None:
        """Draw it again if something is different; not under somebody's hands.

        Args:
            found: what is said of it.
            channels: what it measures; None: as it was.
        """
        if self._editing:
            return
        channels = self._channels if channels is None else channels
        if (found, channels) == (self._drawn, self._channels):
            return
        self._drawn, self._channels = found, channels
        self._body.clear()
        with self._body:
            self._facts(found)
        await self._history()

    def _facts(self, found: CatalogueCard) -> None:
        device = found.device
        rows = [
            (_("Place"), " › ".join(place.name for place in found.sites) or UNKNOWN),
            (_("Groups"), ", ".join(group.name for group in found.groups)),
            (_("Kind"), kind_of_device(device.kind)),
            (_("Labels"), ", ".join(f"{name}={text}" for name, text in device.labels.items())),
            (_("Rating"), "" if device.rating_kw is None
             else f"{number(device.rating_kw)}{SPACE}kW"),
            (_("Measures"), ", ".join(level_words(name) for name in self._channels)),
            (_("Sum of"), " ".join(
                f"{'−' if term.minus else '+'} {device_name(self.catalogue, term.device)}"
                for term in device.terms)),
            (_("Took the place of"), ", ".join(
                device_name(self.catalogue, name) for name in found.replaces)),
            (_("Retired"), "" if device.retired_ms is None
             else day_moment(device.retired_ms, found.zone)),
            (_("Replaced by"), device.replaced_by and device_name(
                self.catalogue, device.replaced_by)),
            (_("Number"), found.id),
            (_("Days in"), found.zone),
        ]  # fmt: skip
        if found.state == "new":
            Tag("p", _("Nobody has named it yet. It counts all the same."), "sub")
        with Tag("dl", "", "about-facts"):
            for name, text in rows:
                if text:
                    Tag("dt", name)
                    Tag("dd", text)

    # Changes

    async def edit(self) -> None:
        """Let the card be a form."""
        found = await asyncio.to_thread(self.catalogue.detail, self.device)
        self._editing, self._drawn = True, None
        self._edit.set_visibility(False)
        self._body.clear()
        with self._body:
            self._form(found)

    def _form(self, found: CatalogueCard, note: str = "") -> None:
        form = Form("device", lambda values: self._save(form, found, values))
        with form:
            if note:
                Tag("p", note, "note", role="alert")
            draw_fields(form, found, self.catalogue, self.context.may("admin"))
            if not found.device.is_virtual:
                draw_channels(form, found.device, self._channels)
            form.acts(_("Save"), self.leave)
        with Tag("div", "", "acts lesser"):
            if found.device.retired_ms is None and not found.device.is_virtual:
                button(_("Retire …"), self._ask_retire, "link", mark="retire")
                self._swap_form()

    async def leave(self) -> None:
        """Back to the card."""
        self._editing = False
        self._edit.set_visibility(self._may)
        await self.show(await asyncio.to_thread(self.catalogue.detail, self.device))

    async def _save(self, form: Form, found: CatalogueCard, values: Values) -> None:
        page, by = ui.context.client, self.context.user

        def put() -> None:
            fields, made = read_fields(values, found, self.catalogue)
            if channels := read_channels(values, found.device):
                fields["channels"] = channels
            if made:
                self.catalogue.put(made, by)
            self.catalogue.change(self.key, by, fields, based_on=found.revision)

        try:
            await asyncio.to_thread(put)
        except Wrong as error:
            form.blame(error.faults)
        except Conflict:
            now = await asyncio.to_thread(self.catalogue.detail, self.device)
            with page:
                self._body.clear()
                with self._body:
                    note = _("{who} changed it meanwhile: here is what is there now. "
                             "Yours was not saved.")  # fmt: skip
                    self._form(now, note.format(who=now.by or _("Somebody else")))
        except Faulty as error:
            form.blame({error.field or "": field_words(error)})
        except EnergyGuardError as error:
            with page:
                tell(fault_words(error), bad=True)
        else:
            with page:
                tell(_("Saved"))
                await self.leave()
                await self._changed()

    def _ask_retire(self) -> None:
        by = self.context.user
        self._confirm.ask(
            _("Retire this device?"),
            _("It stays in the history, and in every sum of the past. Nothing waits for it "
              "any more. You can undo it."),
            _("Retire"),
            lambda: self._act(lambda: self.catalogue.retire(self.device, by), _("Retired")),
        )  # fmt: skip

    def _swap_form(self) -> None:
        with Tag("details", "", "swap"):
            Tag("summary", _("Another meter took its place …"), "link")
            form = Form("swap", lambda values: self._swap(form, values))
            with form:
                hint = _("its number, as it sends it; it gets the name, the place and the groups")
                form.text("new", _("The new meter"), "", hint)
                form.acts(_("Swap"))

    async def _swap(self, form: Form, values: Values) -> None:
        new, by = values.get("new", ""), self.context.user
        if not new or new == self.device:
            form.blame({"new": _("say which meter is there now")})
            return
        await self._act(
            lambda: self.catalogue.swap(self.device, new, by),
            _("{name} took its place").format(name=new),
        )

    async def _act(self, act: Callable[[], object], done: str) -> None:
        if await self.context.do(act, done):
            await self.leave()
            await self._changed()

    async def _history(self) -> None:
        try:
            changes = await asyncio.to_thread(self.catalogue.history, self.key)
        except NotFound:
            changes = []
        zone = self.context.zone
        rows = [
            ChangeRow(_words(change), f"{change.by} · {day_moment(change.at_ms, zone)}", n == 0)
            for n, change in enumerate(changes[:MAX_CHANGES])
        ]  # fmt: skip
        self._changes.clear()
        if not rows:
            return
        with self._changes, Tag("details", "", "changes"):
            Tag("summary", _("Who changed what"), "link")
            shown: ChangingList[ChangeRow] = ChangingList(self._draw, "", "story", "ul")
            shown.show(rows)

    def _draw(self, row: ChangeRow) -> None:
        with Tag("li", "", "change"):
            with Tag("span"):
                Tag("b", row.what)
                Tag("span", row.who, "sub small")
            if row.newest and self._may:
                button(_("Undo"), self._undo, "", row.what, mark="undo-device")

    async def _undo(self) -> None:
        by = self.context.user
        await self._act(lambda: self.catalogue.undo(self.key, by), _("It is as it was before"))


def _words(change: EntryChange) -> str:
    """A change in words: which fields became what."""
    if change.what != "changed":
        return {"entered": _("entered"), "taken out": _("taken out")}[change.what]
    parts = [f"{row.field}: {_value(row.before)} → {_value(row.after)}" for row in change.fields]
    return "; ".join(parts) or _("changed")


def _value(value: object) -> str:
    if value is None or value == "":
        return UNKNOWN
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
