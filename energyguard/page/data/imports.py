"""A file of readings: did you understand it? Then it is taken in, and says how far it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from nicegui import background_tasks, events, ui

from energyguard.codecs.sources import device_of
from energyguard.errors import EnergyGuardError, Malformed
from energyguard.files.found import FileAnswers
from energyguard.page.data.import_rows import ImportList
from energyguard.page.elements.components import ChangingList, Tag, button, card, tell
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import count, day_moment, number
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.refusals import why_refused
from energyguard.service.intake.file_imports import MAX_FILE_BYTES, FileImport
from energyguard.service.intake.file_previews import FilePreview, not_understood, preview

MAX_NAMES = 8
MAX_DOUBTS = 5


class ImportCard:
    """Files: one that is looked at, and those that were taken since this process began.

    Args:
        context: the open page; without the right to send readings it only shows.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.folder: TemporaryDirectory[str] | None = None
        self.path: Path | None = None
        self.seen: FilePreview | None = None
        with card(_("Files"), "c12 files", anchor="files") as self.remark:
            if context.may("write"):
                self._upload()
            with Tag("div", "", "looked-at") as self.looked:
                self._preview()
            self.looked.set_visibility(False)
            self.list = ImportList(context)
        context.every(1.0, self.list.show)

    def _upload(self) -> None:
        size = min(MAX_FILE_BYTES, self.service.settings.serve.body_limit)
        self.upload = ui.upload(
            on_upload=self._came, on_rejected=self._too_large, max_file_size=size - 65_536,
            auto_upload=True,
        ).mark("upload")  # fmt: skip
        with Tag("div", "", "acts"):
            pick = Tag("button", _("Choose a file"), "btn main-act", type="button")
            pick.on("click", js_handler=f"() => getElement({self.upload.id}).pickFiles()")
            words = _("CSV, XLSX, JSON, Parquet or Arrow, also gzipped, up to {size} MB.")
            Tag("span", words.format(size=count(size >> 20)), "sub")

    def _preview(self) -> None:
        self.title = Tag("h3", "", "headline")
        with Tag("dl", "", "facts") as self.facts:
            pass
        self.doubts: ChangingList[tuple[str, str]] = ChangingList(self._doubt, "", "doubts", "ul")
        self.device = ui.input(placeholder=_("Whose readings are they?")).classes("field")
        self.device.props(f'borderless dense aria-label="{_("Device")}"').mark("import-device")
        self.lines = Tag("pre", "", "lines", tabindex="0", role="region",
                         aria_label=_("First rows of the file"))  # fmt: skip
        with Tag("div", "", "acts"):
            self.sure = button("", self._take, "main-act", mark="import")
            button(_("Another file"), self._forget, mark="forget")
        Tag(
            "p",
            _("Old data raises no alert. The same file a second time changes nothing."),
            "sub",
        )

    async def _came(self, event: events.UploadEventArguments) -> None:
        """A file was brought: look at it; nothing is stored."""
        self._forget()
        self.folder = TemporaryDirectory(prefix="energyguard-import-")
        self.path = Path(self.folder.name) / (event.file.name or "file.csv")
        await event.file.save(self.path)
        self.upload.reset()
        try:
            answers = FileAnswers(usual_zone=self.context.zone)
            self.seen = await asyncio.to_thread(preview, self.path, self.service, answers)
            self.seen.check()
        except Malformed as error:
            self.seen = not_understood(self.path, error.reason)
        except EnergyGuardError as error:
            tell(fault_words(error), bad=True)
            return
        self._say(self.seen)

    def _too_large(self) -> None:
        tell(_("The file is too large: send it gzipped, or in parts."), bad=True)

    def _say(self, seen: FilePreview) -> None:
        """What would become of it."""
        self.looked.set_visibility(True)
        there = bool(seen.readings) or seen.messages
        if not there:
            self.title.text = _("{name} was not understood").format(name=seen.name)
        elif seen.refused_rows or not seen.names_device:
            self.title.text = _("{name} is understood; something is in doubt").format(
                name=seen.name
            )
        else:
            self.title.text = _("{name} is understood").format(name=seen.name)
        self.facts.clear()
        with self.facts:
            for name, value in self._facts(seen):
                Tag("dt", name)
                Tag("dd", value)
        self.doubts.show(
            [
                (_("Row {n}").format(n=count(row.row)), why_refused(row.reason))
                for row in seen.refused[:MAX_DOUBTS]
            ]
        )
        self.device.set_visibility(there and not seen.names_device)
        if self.path is not None:
            self.device.value = device_of(self.path)
        self.lines.text = "\n".join(seen.head)
        self.lines.set_visibility(bool(seen.head))
        self.sure.set_visibility(there)
        words = ngettext("Import {n} reading", "Import {n} readings", seen.readings)
        self.sure.text = words.format(n=count(seen.readings)) if seen.readings else _("Import")

    def _facts(self, seen: FilePreview) -> list[tuple[str, str]]:
        zone = self.context.zone
        if seen.messages:
            return [(_("Read as"), _("a charging network's sessions"))]
        found = [(_("Read as"), seen.dialect)] if seen.dialect else []
        if seen.first_ms is not None and seen.last_ms is not None:
            first, last = day_moment(seen.first_ms, zone), day_moment(seen.last_ms, zone)
            found.append((_("From – to"), f"{first} – {last} ({zone})"))
        if seen.devices:
            names = [place_of(self.service.catalogue, d).name for d in seen.devices[:MAX_NAMES]]
            more = len(seen.devices) - len(names)
            listed = ", ".join(names) + (f" +{count(more)}" if more else "")
            found.append((_("Devices"), f"{count(len(seen.devices))}: {listed}"))
            found.append((_("Measures"), ", ".join(seen.channels)))
        if seen.kwh is not None:
            found.append((_("Energy"), f"{number(seen.kwh, 4)} kWh"))
        if seen.refused_rows:
            words = ngettext("{n} row", "{n} rows", seen.refused_rows)
            found.append((_("Not readable"), words.format(n=count(seen.refused_rows))))
        return found

    @staticmethod
    def _doubt(row: tuple[str, str]) -> None:
        with Tag("li"):
            Tag("span", "▲", "sev warning", aria_hidden="true")
            with Tag("span"):
                Tag("b", row[0])
                Tag("span", f": {row[1]}")

    def _take(self) -> None:
        """Take it in, in the background: it goes on when the page is closed."""
        seen, path, folder = self.seen, self.path, self.folder
        if seen is None or path is None or folder is None:
            return
        device = "" if seen.names_device else (self.device.value or "").strip()
        if not seen.names_device and not device:
            tell(_("Say whose readings they are."), bad=True)
            return
        answers = FileAnswers(device=device, usual_zone=self.context.zone)
        job = FileImport(seen.name, self.context.user, seen.readings, self.service.clock.now_ms())
        self.context.cache.imports.insert(0, job)
        self.folder = None  # the job's now
        self._forget()

        async def run() -> None:
            with folder:
                await asyncio.to_thread(job.run, self.service, path, answers)

        background_tasks.create(run())

    def _forget(self) -> None:
        if self.folder is not None:
            self.folder.cleanup()
        self.folder = self.path = self.seen = None
        self.looked.set_visibility(False)
