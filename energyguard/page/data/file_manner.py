"""How a file is read, and how a person says that it is read otherwise: by menus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from energyguard.files.formats import TABLE, formats
from energyguard.files.found import FIXED_ZONE, FileAnswers, FileColumn, FileDoubt
from energyguard.files.tables.layout import ALL, DECIMAL_MARK
from energyguard.page.data.file_words import in_words, mark_options, role_options, role_words
from energyguard.page.elements.components import Tag, table
from energyguard.page.elements.controls import Dropdown
from energyguard.page.words.language import _
from energyguard.service.intake.file_previews import FilePreview
from energyguard.service.intake.table_files import files_of

MAX_COLUMNS: Final = 60
"""Columns that can be corrected; a table of more is of circuits, all alike."""
ZONES: Final = "file-zones"
"""The id of the list of zones on the page."""


class FileManner:
    """The menus of a file: each answers what the command line's options do.

    Args:
        answers: what is said of it so far.
        seen: what was found with that.
        look: looks at it with other answers; the second argument is the element to come back to.
        name: with which ids of elements begin.
    """

    def __init__(
        self,
        answers: FileAnswers,
        seen: FilePreview,
        look: Callable[[FileAnswers, str], Awaitable[None]],
        name: str,
    ) -> None:
        self.answers, self.seen, self._look, self._name = answers, seen, look, name

    @property
    def _words(self) -> Mapping[str, str]:
        """What columns of a domain's tables may be; of readings nothing."""
        tables = self.seen.tables
        return files_of(tables).role_words() if tables is not None else {}

    def _id(self, field: str) -> str:
        return f"{self._name}-{field}"

    async def _say(self, answers: FileAnswers, field: str) -> None:
        await self._look(answers, self._id(field))

    async def _role(self, column: str, field: str, role: str) -> None:
        await self._say(self.answers.with_role(column, role), field)

    def doubts(self) -> None:
        """Each question with a menu of its answers."""
        with Tag("ul", "", "doubts"):
            for place, doubt in enumerate(self.seen.doubts):
                with Tag("li"):
                    Tag("span", "▲", "sev warning", aria_hidden="true")
                    with Tag("div", "", "doubt"):
                        words = in_words(doubt.question)
                        Tag("b", words)
                        options = [("", _("please choose")), *role_options(doubt, self._words)]
                        act, name = partial(self._answer, doubt), self._id(f"doubt-{place}")
                        Dropdown(words, options, "", act, name).mark(f"doubt-{place}")

    async def _answer(self, doubt: FileDoubt, answer: str) -> None:
        if answer:
            await self._say(self.answers.answering(doubt, answer), "doubt-0")

    def choices(self) -> None:
        """Format, decimal mark and zone, where it makes sense to say them."""
        if self.seen.messages:
            return
        found = {finding.what: finding.value for finding in self.seen.findings}
        with Tag("div", "", "acts manner"):
            options = [("", _("format as found")), (TABLE, _("any table"))]
            if self.seen.tables is None:
                options += [(known.name, known.title) for known in formats().values()]
            Dropdown(_("Format"), options, self.answers.format, self._format, self._id("format"))
            if DECIMAL_MARK in found:
                mark = self.answers.columns.get(DECIMAL_MARK, found[DECIMAL_MARK])
                act = partial(self._role, DECIMAL_MARK, "mark")
                Dropdown(_("Decimal mark"), mark_options(), mark, act, self._id("mark"))
            zones = [f for f in self.seen.findings if f.what == "zone" and f.why not in FIXED_ZONE]
            if zones:
                self._zones(zones[0].value)

    async def _format(self, name: str) -> None:
        await self._say(replace(self.answers, format=name), "format")

    def _zones(self, zone: str) -> None:
        """Which zone its local times are of: any, chosen by its beginning."""

        async def chosen(event: Any) -> None:
            zone = str(event.args).strip().replace(" ", "_")
            await self._say(replace(self.answers, zone=zone), "zone")

        field = Tag("input", "", "field", id=self._id("zone"), list=ZONES, type="text",
                    aria_label=_("Time zone"), **{"^value": zone})  # fmt: skip
        field.mark("zone").on("change", chosen, js_handler="(e) => emit(e.target.value)")

    def columns(self) -> None:
        """Each column with a menu of what it may be."""
        seen = self.seen
        if not seen.columns:
            return
        open_columns = {doubt.column for doubt in seen.doubts}
        heads = (_("Column"), _("Read as"), _("In the file"))
        label = _("Columns of {name}").format(name=seen.name)
        with table(label, heads, "cols"), Tag("tbody"):
            for place, column in enumerate(seen.columns[:MAX_COLUMNS]):
                self._column(place, column, column.name in open_columns)

    def _column(self, place: int, column: FileColumn, is_open: bool) -> None:
        name = _("all columns of values") if column.name == ALL else column.name
        options = role_options(None, self._words)
        if not column.role:
            options = [("", role_words("")), *options]
        with Tag("tr", "", "open" if is_open else ""):
            Tag("th", name, scope="row")
            with Tag("td"):
                field = f"column-{place}"
                act = partial(self._role, column.name, field)
                role = self.answers.columns.get(column.name, column.role)
                menu = Dropdown(_("{column} is").format(column=name), options, role, act,
                                self._id(field))  # fmt: skip
                menu.mark(f"column-{column.name}")
            Tag("td", ", ".join(column.cells[:2]), "sub")
