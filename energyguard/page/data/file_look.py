"""A file that was brought, before it is taken: what it would become, its doubts, its columns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from nicegui import ui

from energyguard.codecs.sources import device_of
from energyguard.errors import EnergyGuardError, Malformed
from energyguard.files.found import FileAnswers
from energyguard.page.data.destination import destination
from energyguard.page.data.file_chart import course_bars
from energyguard.page.data.file_facts import draw_refused, facts_of
from energyguard.page.data.file_manner import FileManner
from energyguard.page.data.file_words import finding_words
from energyguard.page.devices.form import site_options
from energyguard.page.elements.components import Tag, button, restyle
from energyguard.page.elements.forms import Form, Values
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import count
from energyguard.page.words.language import _, ngettext
from energyguard.service.intake.file_previews import FilePreview, not_understood, preview
from energyguard.service.intake.pending_files import PendingFile


class FileLook:
    """One file, until it is taken or left.

    Args:
        context: the open page.
        file: what is kept of it: other pages of the same person show it, too.
        number: of the file on this page.
        changed: called when it was looked at, taken or left.
        take: called when it is to be taken in; the folder is the taker's then.
    """

    def __init__(
        self,
        context: PageContext,
        file: PendingFile,
        number: int,
        changed: Callable[[], None],
        take: Callable[[FileLook, FilePreview], None],
    ) -> None:
        self.context, self.service = context, context.cache.service
        self.file, self.path, self.number = file, file.path, number
        self._changed, self._taken = changed, take
        file.answers = file.answers or FileAnswers(usual_zone=context.zone)
        self.answers = file.answers
        self.seen: FilePreview | None = None
        self.is_gone = False
        self._fault = ""
        self.page = ui.context.client
        with Tag("details", "", "looked-at", open="open") as self._box:
            with Tag("summary", "", "look-head"):
                self._shape = Tag("span", "…", "sev info", aria_hidden="true")
                words = _("{name} is being looked at …").format(name=file.path.name)
                self._title = Tag("span", words, "headline", role="status")
            self._body = Tag("div", "", "look")

    @property
    def is_ready(self) -> bool:
        """Whether it can be taken as it is."""
        seen = self.seen
        there = seen is not None and bool(seen.readings or seen.messages)
        return there and not self.is_gone and not self._fault and not (seen and seen.doubts)

    async def look(self, answers: FileAnswers | None = None, focus: str = "") -> None:
        """Look at it, with other answers; nothing is stored.

        Args:
            answers: what is said of it; None: as before.
            focus: the id of the element to which the person comes back.
        """
        answers = answers or self.answers
        try:
            async with self.context.cache.reading_files:
                seen = await asyncio.to_thread(preview, self.path, self.service, answers)
            if not seen.names_device and not answers.device and not seen.messages:
                answers = replace(answers, device=device_of(self.path))
                async with self.context.cache.reading_files:
                    seen = await asyncio.to_thread(preview, self.path, self.service, answers)
            self.seen, self._fault = seen, ""
        except Malformed as error:
            self._fault = fault_words(error)
            if self.seen is None:
                self.seen = await asyncio.to_thread(not_understood, self.path, error.reason)
        except EnergyGuardError as error:
            self._fault = fault_words(error)
        self.answers = self.file.answers = answers
        if self.is_gone or self._box.is_deleted:
            return
        with self.page:
            self._show(focus)
            self._changed()

    def leave(self) -> None:
        """Forget it, with its folder."""
        self.context.cache.pending.leave(self.file)
        self.close()

    def close(self) -> None:
        """Show it no more: it is left, taken, or was so in another window."""
        self.is_gone = True
        self._box.delete()
        self._changed()

    async def take(self, values: Values | None = None) -> None:
        """Take it in, as its form says."""
        typed = values or self.file.typed
        seen, catalogue = self.seen, self.service.catalogue
        if seen is None or not self.is_ready:
            return
        where = destination(catalogue, typed.get("device", self._device), typed.get("site", ""))
        if not seen.names_device and not seen.messages and not where.device:
            self._form.blame({"device": _("Say whose readings they are.")})
            return
        if not seen.names_device and where.device != seen.answers.device:
            await self.look(replace(self.answers, device=where.device))
            if self.seen is None or not self.is_ready:
                return
            seen = self.seen
        try:
            await asyncio.to_thread(where.enter, seen.devices, self.context.user)
        except EnergyGuardError as error:
            self._form.blame({"device": fault_words(error)})
            return
        if self.context.cache.pending.hand_over(self.file):
            self._taken(self, seen)
        with self.page:
            self.close()

    # What is shown

    @property
    def _device(self) -> str:
        return "" if self.seen is None or self.seen.names_device else self.answers.device

    def _show(self, focus: str) -> None:
        seen = self.seen
        assert seen is not None
        name = seen.name
        shape, kind, words = "✓", "resolved", _("{name} is understood")
        if not seen.readings and not seen.messages and not seen.doubts:
            shape, kind, words = "!", "critical", _("{name} was not understood")
        elif seen.doubts or self._fault:
            questions = ngettext(
                "{name}: {n} question is open", "{name}: {n} questions are open", len(seen.doubts)
            )
            shape, kind, words = "▲", "warning", questions.replace("{n}", count(len(seen.doubts)))
        elif seen.refused_rows:
            shape, kind = "▲", "warning"
            words = _("{name} is understood; some rows are not readable")
        restyle(self._shape, f"sev {kind}")
        self._shape.text, self._title.text = shape, words.format(name=name)
        self._body.clear()
        with self._body:
            if self._fault:
                Tag("p", self._fault, "fault", role="alert")
            manner = FileManner(self.answers, seen, self.look, f"file-{self.number}")
            manner.doubts()
            self._about(seen)
            manner.choices()
            self._columns(seen, manner, is_open="-column-" in focus)
            draw_refused(seen)
            self._acts(seen)
        if focus:
            ui.run_javascript(f"document.getElementById({focus!r})?.focus()")

    def _about(self, seen: FilePreview) -> None:
        """What it would become, with a small chart."""
        facts = [*facts_of(seen, self.context), *map(finding_words, seen.findings)]
        with Tag("div", "", "look-about"):
            with Tag("dl", "", "facts"):
                for name, value in facts:
                    Tag("dt", name)
                    Tag("dd", value)
            if seen.course is not None and seen.course.hours:
                plot = Plot("bars", _("What the readings come to"), 150)
                plot.show(course_bars(seen.course, self.context.zone))

    def _columns(self, seen: FilePreview, manner: FileManner, *, is_open: bool) -> None:
        """Columns and first rows: folded away where nothing asks for them."""
        if not seen.columns and not seen.head:
            return
        asks = bool(seen.doubts or self._fault or not seen.readings)
        with Tag("details", "", "look-more", **({"open": "open"} if asks or is_open else {})):
            Tag("summary", _("Columns and first rows"), "link")
            manner.columns()
            self._lines(seen)

    @staticmethod
    def _lines(seen: FilePreview) -> None:
        if seen.head:
            label = _("First rows of {name}").format(name=seen.name)
            text = "\n".join(line[:200] for line in seen.head)
            Tag("pre", text, "lines", tabindex="0", role="region", aria_label=label)

    def _acts(self, seen: FilePreview) -> None:
        """Whose readings they are, and what is done with them."""
        self._form = Form(f"take-{self.number}", self.take)
        with self._form:
            if self.is_ready and not seen.names_device:
                self._form.text("device", _("Device"), self.file.typed.get("device", self._device),
                                _("a device that there is, by name, or a new one"),
                                maxlength="128")  # fmt: skip
            if self.is_ready and not seen.messages and seen.tables is None:
                site = self.file.typed.get("site", "")
                hint = _("of devices that stand nowhere yet")
                self._form.choose("site", _("Site"), site_options(self.service.catalogue), site,
                                  hint)  # fmt: skip
            with Tag("div", "", "acts"):
                if self.is_ready:
                    words = ngettext("Import {n} reading", "Import {n} readings", seen.readings)
                    if seen.tables is not None:
                        words = ngettext("Import {n} row", "Import {n} rows", seen.readings)
                    text = words.format(n=count(seen.readings)) if seen.readings else _("Import")
                    Tag("button", text, "btn main-act", type="submit").mark("import")
                button(_("Leave it"), self.leave, about=seen.name, mark="forget")
        self._form.on_change(self._keep)
        if self.is_ready:
            Tag("p", _("Old data raises no alert. The same file a second time changes nothing."),
                "sub")  # fmt: skip

    async def _keep(self, values: Values) -> None:
        """What was typed stays when the file is looked at again."""
        self.file.typed = dict(values)
