"""Add a device: how it sends, whether its first reading has come, what it is called and where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from nicegui import ui

from energyguard.catalogue.listing import DeviceFilter
from energyguard.errors import EnergyGuardError, Faulty
from energyguard.model.catalogue import DEVICE, Term, key_of
from energyguard.page.devices.connect import ConnectCard
from energyguard.page.devices.form import Wrong, devices_called, id_for, site_options
from energyguard.page.elements.components import Tag, card, tell
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words, field_words
from energyguard.page.words.formatting import count, measured, near_moment
from energyguard.page.words.language import _
from energyguard.page.words.readings import level_words
from energyguard.service.catalogue.contract import SiteCatalogue

LOOK_S = 2.0
POWER = "power_kw"
MAX_SHOWN = 6
MAX_KNOWN = 10_000


class NewSender(NamedTuple):
    """A device that sends and has no name."""

    device: str
    measures: str


class AddDevicePage:
    """Three steps: copy, wait for the first reading, name it."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.catalogue = self.cache.service.catalogue
        self._values: dict[str, Tag] = {}
        self._sites = site_options(self.catalogue)
        self._shown: dict[str, Tag] = {}
        self._known: set[str] | None = None  # that were new when the page was opened
        with Tag("div", "", "grid"):
            with Tag("div", "", "stack c5 beside-parts"):
                ConnectCard(context)
            with card(_("Devices that wait for a name"), "c7") as self.note:
                self.waiting = Tag("p", _("Waiting for the first reading …"), "sub", role="status")
                self.rows = Tag("div", "", "arrivals")
                href = context.href("/devices", state="new")
                self.all = Tag("a", _("All that have no name"), "link", href=href)
            if context.may("operate"):
                self._sum()
        context.every(LOOK_S, self.look)

    # A device that sends

    async def look(self) -> None:
        """Who sends and has no name."""
        wanted = DeviceFilter(state="new")
        found = await self.cache.shared(
            ("new devices",), LOOK_S, lambda: self.catalogue.find(wanted, 0, MAX_KNOWN)
        )
        names = [row.id for row in found.rows]
        known = self._known = set(names) if self._known is None else self._known
        came = [name for name in names if name not in known]
        shown = [*came, *(name for name in names if name in known)][:MAX_SHOWN]
        rows = [NewSender(name, self._measures(name)) for name in shown]
        self._show(rows)
        self.waiting.set_visibility(not rows)
        self.all.set_visibility(found.total > MAX_SHOWN)
        self.note.text = count(found.total) if found.total else ""
        title = _("Add a device")
        if came:
            title = _("{name} is sending; give it a name").format(name=came[-1])
        elif rows:
            title = _("{n} devices are sending; give them a name").format(n=count(found.total))
        self.context.say(title, _("Add a device"))
        for row in rows:
            if (tag := self._values.get(row.device)) is not None and not tag.is_deleted:
                tag.text = self._newest(row.device)

    def _measures(self, device: str) -> str:
        names = {view.channel for view in self.cache.service.live.device(device)}
        return ", ".join(sorted(level_words(name) for name in names))

    def _newest(self, device: str) -> str:
        """Its newest value, and when it came: of those of one moment the power."""
        live = self.cache.service.live.device(device)
        if not live:
            return _("of the past; nothing came since the service began")
        newest = max(live, key=lambda view: (view.time_ms, view.channel == POWER))
        when = near_moment(newest.time_ms, self.context.now_ms, self.context.zone, "%H:%M:%S")
        return f"{measured(newest.value, newest.unit)} · {when}"

    def _show(self, rows: Sequence[NewSender]) -> None:
        """Take away who has a name now, add who came: what somebody types stays as it is."""
        there = {row.device for row in rows}
        for device in [device for device in self._shown if device not in there]:
            self._shown.pop(device).delete()
        for place, row in enumerate(rows):
            if row.device not in self._shown:
                with self.rows:
                    self._shown[row.device] = self._draw(row, is_first=place == 0)
                self._shown[row.device].move(target_index=place)

    def _draw(self, row: NewSender, is_first: bool) -> Tag:
        with Tag("div", "", "arrival") as made:
            with Tag("div", "", "arrival-head"):
                Tag("a", row.device, "about", href=self.context.device_href(row.device))
                Tag("span", row.measures, "sub small")
                self._values[row.device] = Tag("b", self._newest(row.device))
            if self.context.may("operate"):
                into = Tag("div")
                about = f"{_('Name it')} {row.device}"
                ask = Tag("button", _("Name it"), "btn", type="button", aria_label=about)
                ask.mark(f"ask-{row.device}").on("click", lambda _e: self._ask(into, ask, row))
                if is_first:
                    self._ask(into, ask, row)
        return made

    def _ask(self, into: Tag, button: Tag, row: NewSender) -> None:
        """The form of one of them; those of all at once would be long."""
        button.set_visibility(False)
        with into:
            form = Form(f"name-{row.device}", lambda values: self._name(form, row.device, values))
            with form:
                form.text("name", _("Name"), "", required="", maxlength="200")
                form.choose("site", _("Site"), self._sites)
                form.acts(_("Save"))

    async def _name(self, form: Form, device: str, values: Values) -> None:
        by, fields = self.context.user, {"name": values["name"], "site": values.get("site", "")}
        change = partial(self.catalogue.change, key_of(DEVICE, device), by, fields)
        if await self._done(form, change, _("{name} is there").format(name=values["name"])):
            await self.look()

    async def _done(self, form: Form, act: Callable[[], object], done: str) -> bool:
        page = ui.context.client
        try:
            await asyncio.to_thread(act)
        except Faulty as error:
            form.blame({error.field or "": field_words(error)})
            return False
        except EnergyGuardError as error:
            form.blame({"": fault_words(error)})
            return False
        with page:
            tell(done)
        return True

    # A device that is a sum

    def _sum(self) -> None:
        with card(_("A sum or a difference of others"), "c5", anchor="sum"):
            Tag("p", _("Such as house = main − heat pump: it sends nothing itself."), "sub")
            form = Form("sum", lambda values: self._make(form, values))
            with form:
                form.text("name", _("Name"), "", required="", maxlength="200")
                hint = _("names or numbers, with + and − between them and a space on both sides")
                form.text("terms", _("Made of"), "", hint, required="")
                form.choose("site", _("Site"), self._sites)
                form.acts(_("Make it"))

    async def _make(self, form: Form, values: Values) -> None:
        try:
            terms = await asyncio.to_thread(read_terms, values.get("terms", ""), self.catalogue)
        except Wrong as error:
            form.blame(error.faults)
            return
        device = id_for(values["name"], self.catalogue.entries.devices, DEVICE)
        by = self.context.user
        written = [{"device": term.device, "minus": term.minus} for term in terms]
        fields = {"name": values["name"], "site": values.get("site", ""), "terms": written}
        change = partial(self.catalogue.change, key_of(DEVICE, device), by, fields)
        if await self._done(form, change, _("{name} is there").format(name=values["name"])):
            ui.navigate.to(self.context.device_href(device))


def read_terms(text: str, catalogue: SiteCatalogue) -> list[Term]:
    """``main − heat pump`` as terms: each a name or a number of a device.

    Raises:
        Wrong: a part names no device, or several.
    """
    found, minus = [], False
    padded = f" {text.replace('−', '-').strip()}".replace(" + ", "\n+").replace(" - ", "\n-")
    for part in padded.strip().split("\n"):
        minus, name = part.startswith("-"), part.lstrip("+-").strip()
        found.append(Term(device=_named(name, catalogue), minus=minus))
    return found


def _named(name: str, catalogue: SiteCatalogue) -> str:
    """The device of a name, or with this number.

    Raises:
        Wrong: there is none, or several have this name.
    """
    alike = devices_called(name, catalogue)
    if len(alike) == 1:
        return alike[0]
    if alike:
        form = _("several devices are called {name}; write the number of one: {ids}")
        raise Wrong(terms=form.format(name=name, ids=", ".join(alike)))
    raise Wrong(terms=_("there is no device {name}").format(name=name or "?"))
