"""Refused rows: grouped by what was wrong, each with its line as it came, to be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from energyguard.page.elements.components import ConfirmDialog, Tag, button, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import count, day_moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.refusals import why_refused
from energyguard.service.intake.refused_rows import RefusedGroup, refused_groups, would_be_taken
from energyguard.service.views import DeadLetter, Receipt

MAX_LETTERS = 500


class RefusedCard:
    """What was not taken, and why.

    Args:
        context: the open page.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.letters: Sequence[DeadLetter] = ()
        with card(_("Not taken"), "c12", anchor="letters") as self.remark:
            self.groups: ChangingList[RefusedGroup] = ChangingList(
                self._draw, _("No row was refused: all that came could be read.")
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

    def _draw(self, group: RefusedGroup) -> None:
        newest, n = group.newest, len(group.offsets)
        rows = ngettext("{n} row", "{n} rows", n).format(n=count(n))
        with Tag("details", "", "refusals"):
            with Tag("summary"):
                Tag("span", "!", "sev critical", aria_hidden="true")
                with Tag("span"):
                    Tag("span", why_refused(group.reason), "about")
                    when = day_moment(newest.at_ms, self.context.zone)
                    words = _("{rows} from {source}, the newest {time}").format(
                        rows=rows, source=_source(group.source), time=when
                    )
                    Tag("span", f" {words}", "sub")
                Tag("span", _("Lines"), "link")
            for letter in [x for x in self.letters if x.offset in group.offsets][:5]:
                label = _("Row {n} as it came").format(n=letter.row)
                Tag("pre", letter.original, tabindex="0", role="region", aria_label=label)
            if self.context.may("admin"):
                with Tag("div", "", "acts"):
                    ask = partial(self._ask, group)
                    button(
                        _("Try them again"), ask, about=why_refused(group.reason),
                        mark=f"replay-{newest.offset}",
                    )  # fmt: skip

    async def _ask(self, group: RefusedGroup) -> None:
        """Say what would come of it before it is done."""
        chosen = [letter for letter in self.letters if letter.offset in group.offsets]
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
