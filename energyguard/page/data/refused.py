"""Refused rows: grouped by what was wrong, each with its line as it came, to be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from energyguard.page.elements.components import ConfirmDialog, Tag, button, card, name_of_row
from energyguard.page.elements.lists import ChangingList, SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import count, day_moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.refusals import why_refused
from energyguard.service.intake.refused_rows import RefusedGroup, refused_groups, would_be_taken
from energyguard.service.views import DeadLetter, Receipt

MAX_LETTERS = 500
MAX_LINES = 5
"""Rows of a group that are seen as they came."""


class RefusedCard:
    """What was not taken, and why.

    Args:
        context: the open page.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.letters: Sequence[DeadLetter] = ()
        with card(_("Not taken"), "c12", anchor="letters") as self.remark:
            self.groups: SteadyRows[RefusedGroup, _GroupLine] = SteadyRows(
                lambda group: (group.field, group.source, group.newest.verdict),
                self._draw,
                _("No row was refused: all that came could be read."),
            )
        self.question = ConfirmDialog()

    async def show(self) -> None:
        """The newest rows that were refused."""
        cache = self.context.cache
        self.letters = await cache.shared(
            "letters", 4, lambda: cache.service.dead_letters(MAX_LETTERS)
        )
        self.groups.show(refused_groups(self.letters))
        n = len(self.letters)
        words = ngettext("{n} row, newest first", "{n} rows, newest first", n)
        self.remark.text = words.format(n=count(n) + ("+" if n == MAX_LETTERS else ""))

    def _draw(self, _group: RefusedGroup) -> _GroupLine:
        ask = self._ask if self.context.may("admin") else None
        return _GroupLine(self.context.zone, self._letters_of, ask)

    def _letters_of(self, group: RefusedGroup) -> list[DeadLetter]:
        return [letter for letter in self.letters if letter.offset in group.offsets]

    async def _ask(self, group: RefusedGroup) -> None:
        """Say what would come of it before it is done."""
        chosen = self._letters_of(group)
        wire = self.service.settings.wire
        taken = await asyncio.to_thread(would_be_taken, chosen, wire)
        n = len(chosen)
        title = ngettext("Try {n} row again?", "Try {n} rows again?", n).format(n=count(n))
        if taken is None:
            words = _("What comes of them shows when they are tried.")
        else:
            words = _(
                "{taken} would be taken now, {refused} refused again. What is taken keeps its time."
            ).format(taken=count(taken), refused=count(n - taken))
        offsets = list(group.offsets)
        self.question.ask(title, words, _("Try again"), lambda: self._replay(offsets))

    async def _replay(self, offsets: list[int]) -> None:
        await self.context.do(lambda: self.service.replay_dead_letters(offsets), outcome)


class _GroupLine:
    """Rows that were refused for one reason; it opens to the newest of them.

    Args:
        zone: of the times.
        letters_of: the rows of a group.
        ask: asks before they are tried again; None: it is not for who looks.
    """

    def __init__(
        self,
        zone: str,
        letters_of: Callable[[RefusedGroup], Sequence[DeadLetter]],
        ask: Callable[[RefusedGroup], Awaitable[object]] | None,
    ) -> None:
        self._zone, self._letters_of, self._ask = zone, letters_of, ask
        self._group: RefusedGroup | None = None
        self._again: Tag | None = None
        with Tag("details", "", "refusals"):
            with Tag("summary"):
                Tag("span", "!", "sev critical", aria_hidden="true")
                with Tag("span"):
                    self._why, self._rows = Tag("span", "", "about"), Tag("span", "", "sub")
                Tag("span", _("Lines"), "link")
            self._lines: ChangingList[tuple[int, str]] = ChangingList(_draw_line, "")
            if ask is not None:
                with Tag("div", "", "acts"):
                    self._again = button(_("Try them again"), self._press)

    def show(self, group: RefusedGroup) -> None:
        """Say how many there are now, and which are the newest."""
        self._group, why = group, why_refused(group.reason)
        newest, n = group.newest, len(group.offsets)
        rows = ngettext("{n} row", "{n} rows", n).format(n=count(n))
        when = day_moment(newest.at_ms, self._zone)
        words = _("{rows} from {source}, the newest {time}").format(
            rows=rows, source=_source(group.source), time=when
        )
        self._why.text, self._rows.text = why, f" {words}"
        letters = self._letters_of(group)[:MAX_LINES]
        self._lines.show([(letter.row, letter.original) for letter in letters])
        if self._again is not None:
            name_of_row(self._again, why)
            self._again.mark(f"replay-{newest.offset}")

    async def _press(self) -> None:
        if self._group is not None and self._ask is not None:
            await self._ask(self._group)


def _draw_line(line: tuple[int, str]) -> None:
    row, original = line
    label = _("Row {n} as it came").format(n=row)
    Tag("pre", original, tabindex="0", role="region", aria_label=label)


def _source(source: str) -> str:
    """Who sent it, in words."""
    kind, _colon, rest = source.partition(":")
    words = {"api": _("a sender"), "file": _("the file {name}"), "simulate": _("the simulator")}
    return words.get(kind, source).format(name=rest)


def outcome(receipt: Receipt) -> str:
    """What came of rows that were tried again."""
    refused = receipt.malformed + receipt.out_of_range
    return _("{taken} taken, {refused} refused again").format(
        taken=count(receipt.accepted), refused=count(refused)
    )
