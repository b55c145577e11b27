"""The files that were imported: how far they are, and which count; each can be undone."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from energyguard.errors import EnergyGuardError
from energyguard.page.alerts.rows import SeverityMark
from energyguard.page.elements.components import ConfirmDialog, Tag, button, name_of_row
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import count, day_moment
from energyguard.page.words.language import _, ngettext
from energyguard.service.corrections.contract import ImportView
from energyguard.service.intake.file_imports import FileImport, ImportState

MAX_IMPORTS: Final = 20
MAX_SHOWN: Final = 5
"""Devices of an import that are seen side by side."""
LOOK_S: Final = 5.0


class ImportRow(NamedTuple):
    """What is shown of an import.

    Attributes:
        id: by which it can be undone; empty: not, or not yet.
        undone_by: what undid it.
        share: how far it is, in per cent; None: it is over.
        href: where its readings are seen.
    """

    shape: str
    kind: str
    text: str
    below: str
    name: str = ""
    id: str = ""
    undone_by: str = ""
    share: int | None = None
    href: str = ""


class _ImportLine:
    """What is said of an import, and a bar while it runs."""

    def __init__(self, row: ImportRow) -> None:
        self._mark, self._bar = SeverityMark(), None
        with Tag("div"):
            self._about, self._detail = Tag("span", "", "about"), Tag("span", "", "detail")
            if row.share is not None:
                self._bar = Tag("progress", "", "import-bar", max="100")

    def show(self, row: ImportRow) -> None:
        """Say how far it is."""
        self._mark.show(row.shape, row.kind)
        self._about.text, self._detail.text = row.text, row.below
        if self._bar is not None:
            self._bar.attribute("value", str(row.share or 0))
            self._bar.attribute("aria-label", row.text)


class ImportList:
    """Imports that run or ran since the service began, and those that the history has.

    Args:
        context: the open page; without the role to operate it only shows.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.confirm = ConfirmDialog()
        self.rows: SteadyRows[ImportRow, _ImportLine] = SteadyRows(
            lambda row: (row.id, row.undone_by, row.href, row.share is None, row.name or row.below),
            self._draw,
            _("No file was brought yet."),
        )
        self._kept: list[ImportView] = []
        self._looked_s = float("-inf")

    async def show(self) -> None:
        """How far imports are, and which of them count."""
        now_s = self.service.clock.monotonic()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            try:
                corrections = self.service.corrections
                self._kept = await asyncio.to_thread(corrections.imports, MAX_IMPORTS)
            except EnergyGuardError:
                pass  # what was known stays: the page says elsewhere that the history is away
        jobs = self.context.cache.imports
        mine = {job.id for job in jobs}
        kept = [self._of_history(view) for view in self._kept if view.id not in mine]
        self.rows.show([*map(self._of_job, jobs), *kept])

    def _of_history(self, view: ImportView) -> ImportRow:
        below = self._below(view.by, view.at_ms)
        rows, is_table = view.readings, view.is_table
        return self._taken(view.id, view.file, rows, 0, below, is_table=is_table)

    def _below(self, person: str, at_ms: int) -> str:
        when = day_moment(at_ms, self.context.zone)
        return _("brought by {person}, {time}").format(person=person, time=when)

    def _taken(
        self,
        import_id: str,
        name: str,
        readings: int,
        refused: int,
        below: str,
        *,
        is_table: bool = False,
    ) -> ImportRow:
        """An import that is over: it counts, or is undone."""
        undone_by = self.service.corrections.import_undone_by(import_id) if import_id else ""
        if undone_by:
            undone = _("{name}: undone, nothing of it counts").format(name=name)
            return ImportRow("–", "info", undone, below, name, import_id, undone_by)
        words = ngettext("{name}: {n} reading taken", "{name}: {n} readings taken", readings)
        if is_table:
            words = ngettext("{name}: {n} row taken", "{name}: {n} rows taken", readings)
        text = words.format(name=name, n=count(readings))
        if not refused:
            return ImportRow("✓", "resolved", text, below, name, import_id)
        rows = ngettext("{n} row refused", "{n} rows refused", refused)
        text = f"{text}, {rows.format(n=count(refused))}"
        return ImportRow("▲", "warning", text, below, name, import_id)

    def _of_job(self, job: FileImport) -> ImportRow:
        below = self._below(job.by, job.at_ms)
        done = count(job.done)
        if job.state is ImportState.RUNS:
            share = round(100 * job.done / max(1, job.total))
            text = _("{name}: {n} readings so far, {share}")
            text = text.format(name=job.name, n=done, share=f"{share}\u202f%")
            return ImportRow("…", "info", text, below, share=share)
        if job.state is ImportState.FAILED:
            text = _("{name} stopped after {n} readings: {reason}")
            return ImportRow(
                "!", "critical", text.format(name=job.name, n=done, reason=job.fault),
                below + " · " + _("Bring it again: it goes on where it stopped."),
            )  # fmt: skip
        row = self._taken(job.id, job.name, job.done, job.refused, below, is_table=job.is_table)
        return row if row.undone_by else row._replace(href=self._day_of(job))

    def _day_of(self, job: FileImport) -> str:
        """Where the first day of its readings is seen; empty: it has none."""
        if job.first_ms is None:
            return ""
        device = job.devices[0]
        zone = self.service.catalogue.entries.zone_of_device(device)
        day = f"{datetime.fromtimestamp(job.first_ms / 1_000, ZoneInfo(zone)):%Y-%m-%d}"
        keys = ",".join(quote(f"device/{name}", safe="") for name in job.devices[:MAX_SHOWN])
        return f"/explore?of={keys}&from={day}&to={day}"

    def _draw(self, row: ImportRow) -> _ImportLine:
        with Tag("div", "", "alert"):
            line = _ImportLine(row)
            with Tag("div", "", "acts"):
                if row.href:
                    name_of_row(Tag("a", _("See it"), "btn", href=row.href), row.name)
                if row.id and self.context.may("operate") and not self.context.caller.sites:
                    if row.undone_by:
                        button(_("Count again"), partial(self._again, row), about=row.name)
                    else:
                        ask = partial(self._ask, row)
                        button(_("Undo"), ask, about=row.name, mark="undo-import")
        return line

    def _ask(self, row: ImportRow) -> None:
        self.confirm.ask(
            _("Undo the import of {name}?").format(name=row.name),
            _("All of it counts as if it had never been sent. It can be taken back."),
            _("Undo"),
            partial(self._undo, row),
        )

    async def _undo(self, row: ImportRow) -> None:
        verb = partial(self.service.corrections.undo_import, row.id, self.context.user)
        done = _("{name}: undone, nothing of it counts").format(name=row.name)
        await self.context.do(verb, done)
        await self.show()

    async def _again(self, row: ImportRow) -> None:
        verb = partial(self.service.corrections.undo, row.undone_by, self.context.user)
        await self.context.do(verb, _("{name} counts again").format(name=row.name))
        await self.show()
