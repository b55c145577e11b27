"""Files that somebody brought: dropped or chosen, each looked at, then taken in one by one.

What is not taken yet is kept beside the page, and is there again when the page is opened anew.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from nicegui import background_tasks, events, ui

from energyguard.page.data.file_look import FileLook
from energyguard.page.data.file_manner import ZONES
from energyguard.page.elements.components import Tag, button, tell
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.sites.form import zone_options
from energyguard.page.words.formatting import count
from energyguard.page.words.language import _, ngettext, speak
from energyguard.service.intake.file_imports import MAX_FILE_BYTES, FileImport
from energyguard.service.intake.file_previews import FilePreview
from energyguard.service.intake.pending_files import (
    KEEP_S,
    MAX_FILES,
    MAX_PERSON_BYTES,
    LetGo,
    LetGoReason,
    PendingFile,
)

_DROP: Final = """(event) => {
  event.preventDefault();
  event.currentTarget.classList.remove("over");
  const uploader = getElement(ID).$refs.qRef;
  uploader.removeUploadedFiles();
  uploader.addFiles(event.dataTransfer.files);
}"""
_PICK: Final = """() => {
  const uploader = getElement(ID).$refs.qRef;
  uploader.removeUploadedFiles();
  uploader.pickFiles();
}"""
"""What was brought before is forgotten, so that the same file can be brought again."""
_OVER: Final = """(event) => {
  event.preventDefault();
  event.currentTarget.classList.toggle("over", event.type === "dragover");
}"""


class BroughtFiles:
    """Where files are dropped, and what is known of each that is not taken yet.

    Args:
        context: the open page, of somebody who may send readings.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.pending = context.cache.pending
        self._looks: list[FileLook] = []
        self._number = 0
        self._drop_zone()
        Tag("datalist", "", id=ZONES, innerHTML=zone_options())
        self._notes: ChangingList[LetGo] = ChangingList(self._note, "", "doubts", "ul")
        self._read = button(_("Close"), self._have_read, about=_("Files that were not kept"),
                            mark="have-read")  # fmt: skip
        self._into = Tag("div", "", "looks")
        with Tag("div", "", "acts") as self._all:
            self._sure = button("", self._take_all, "main-act", mark="import-all")
        self._all.set_visibility(False)

    def _drop_zone(self) -> None:
        size = min(MAX_FILE_BYTES, self.service.settings.serve.body_limit)
        self.upload = ui.upload(
            on_upload=self._came, on_rejected=self._refused, max_file_size=size - 65_536,
            auto_upload=True, multiple=True,
        ).mark("upload")  # fmt: skip
        with Tag("div", "", "drop") as zone:
            Tag("strong", _("Drop files here"), "drop-words")
            pick = Tag("button", _("Choose files"), "btn main-act", type="button")
            pick.on("click", js_handler=_PICK.replace("ID", str(self.upload.id)))
            words = _("CSV, XLSX, JSON, XML, Parquet or Arrow, also gzipped or zipped, up to "
                      "{size} MB each. Nothing counts before you say so: until then files wait "
                      "here, for {hours} hours.")  # fmt: skip
            words = words.format(size=count(size >> 20), hours=count(round(KEEP_S / 3_600)))
            Tag("span", words, "sub")
        zone.on("drop", js_handler=_DROP.replace("ID", str(self.upload.id)))
        for event in ("dragover", "dragleave"):
            zone.on(event, js_handler=_OVER)

    async def _came(self, event: events.UploadEventArguments) -> None:
        """A file was brought: keep it, and look at it; nothing is stored."""
        size = event.file.size()
        if self.pending.is_full(self.context.user, size):
            words = _("Too many files wait here: at most {n}, of {size} MB together. Import or "
                      "leave some first, then bring this one again.")  # fmt: skip
            tell(words.format(n=count(MAX_FILES), size=count(MAX_PERSON_BYTES >> 20)), bad=True)
            return
        file = self.pending.add(self.context.user, event.file.name or "", size)
        try:
            await event.file.save(file.path)
        except BaseException:
            self.pending.leave(file)
            raise
        file.is_whole = True
        await self.show()

    async def show(self) -> None:
        """The files that wait, as every window of this person shows them; and what was let go."""
        if self._into.is_deleted:
            return
        files = self.pending.look(self.context.user)
        notes = self.pending.notes(self.context.user)
        self._notes.show(notes)
        self._read.set_visibility(bool(notes))
        for look in [look for look in self._looks if look.file not in files]:
            look.close()
        shown = {look.file for look in self._looks}
        new = [self._draw(file) for file in files if file not in shown]
        speak(self.context.reader)
        await asyncio.gather(*(look.look() for look in new))

    def _draw(self, file: PendingFile) -> FileLook:
        with self._into:
            self._number += 1
            look = FileLook(self.context, file, self._number, self._changed, self._take)
        self._looks.append(look)
        return look

    @staticmethod
    def _note(note: LetGo) -> None:
        """What was let go, and why."""
        words = {
            LetGoReason.AGE: _("{name} waited here for {hours} hours and was let go."),
            LetGoReason.ROOM: _(
                "{name} was let go: others brought so much that there was no room."
            ),
            LetGoReason.MISSING: _("{name} is gone: the machine cleared its temporary files."),
        }[note.reason].format(name=note.name, hours=count(round(KEEP_S / 3_600)))
        with Tag("li"):
            Tag("span", "▲", "sev warning", aria_hidden="true")
            Tag("span", f"{words} " + _("Bring it again to import it."), role="status")

    async def _have_read(self) -> None:
        self.pending.have_read(self.context.user)
        await self.show()

    def _refused(self) -> None:
        tell(_("The file is too large: send it gzipped, or in parts."), bad=True)

    def _changed(self) -> None:
        """A file was looked at, or is gone."""
        self._looks = [look for look in self._looks if not look.is_gone]
        ready = sum(look.is_ready for look in self._looks)
        self._all.set_visibility(ready > 1)
        words = ngettext("Import {n} file", "Import all {n} files that are clear", ready)
        self._sure.text = words.format(n=count(ready))

    async def _take_all(self) -> None:
        for look in [look for look in self._looks if look.is_ready]:
            await look.take()

    def _take(self, look: FileLook, seen: FilePreview) -> None:
        """Take a file in, in the background: it goes on when the page is closed."""
        job = FileImport(seen.name, self.context.user, seen.readings, self.service.clock.now_ms())
        self.context.cache.imports.insert(0, job)
        background_tasks.create(self._run(job, look.file, seen))

    async def _run(self, job: FileImport, file: PendingFile, seen: FilePreview) -> None:
        with file.folder:
            async with self.context.cache.reading_files:
                run = partial(job.run, self.service, file.path, seen.answers, seen)
                await asyncio.to_thread(run)
