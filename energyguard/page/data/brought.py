"""Files that somebody brought: dropped or chosen, each looked at, then taken in one by one."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from nicegui import background_tasks, events, ui

from energyguard.page.data.file_look import FileLook
from energyguard.page.data.file_manner import ZONES
from energyguard.page.elements.components import Tag, button, tell
from energyguard.page.frame.context import PageContext
from energyguard.page.sites.form import zone_options
from energyguard.page.words.formatting import count
from energyguard.page.words.language import _, ngettext
from energyguard.service.intake.file_imports import MAX_FILE_BYTES, FileImport
from energyguard.service.intake.file_previews import FilePreview

MAX_FILES: Final = 20
"""Files that are looked at at once on an open page."""
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
        self._looks: list[FileLook] = []
        self._number = 0
        self._drop_zone()
        Tag("datalist", "", id=ZONES, innerHTML=zone_options())
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
                      "{size} MB each. Nothing is stored before you say so.")  # fmt: skip
            Tag("span", words.format(size=count(size >> 20)), "sub")
        zone.on("drop", js_handler=_DROP.replace("ID", str(self.upload.id)))
        for event in ("dragover", "dragleave"):
            zone.on(event, js_handler=_OVER)

    async def _came(self, event: events.UploadEventArguments) -> None:
        """A file was brought: look at it; nothing is stored."""
        if len(self._looks) >= MAX_FILES:
            words = _("{n} files are looked at already: import or leave some first.")
            tell(words.format(n=count(MAX_FILES)), bad=True)
            return
        folder = TemporaryDirectory(prefix="energyguard-import-")
        path = Path(folder.name) / (Path(event.file.name or "").name or "file.csv")
        with self._into:
            self._number += 1
            look = FileLook(self.context, path, folder, self._number, self._changed, self._take)
        self._looks.append(look)
        await event.file.save(path)
        await look.look()

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
        background_tasks.create(self._run(job, look.path, look.folder, seen))

    async def _run(
        self, job: FileImport, path: Path, folder: TemporaryDirectory[str], seen: FilePreview
    ) -> None:
        with folder:
            async with self.context.cache.reading_files:
                run = partial(job.run, self.service, path, seen.answers, seen)
                await asyncio.to_thread(run)
