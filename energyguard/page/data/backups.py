"""Backups: could all be put back? Copies are made while all runs, and put back when asked."""

from __future__ import annotations

import asyncio
from functools import partial

from energyguard.page.elements.components import ConfirmDialog, Tag, button, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import count, day_moment, number
from energyguard.page.words.language import _, ngettext
from energyguard.service.views import BackupView

MEGA = 1e6
LOOK_S = 10.0


class BackupsPage:
    """The copies of all data; only for who may do everything.

    Args:
        context: the open page.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        title = _("Copies of all data")
        with Tag("div", "", "grid"), card(title, "c12", anchor="backups") as self.remark:
            with Tag("div", "", "acts"):
                self.make = button(_("Make a copy now"), self._make, "main-act", mark="backup")
                self.progress = Tag("span", "", "sub", role="status")
            self.rows: ChangingList[BackupView] = ChangingList(
                self._draw, _("There is no copy yet. One can be made while everything runs.")
            )
        self.question = ConfirmDialog()
        context.every(LOOK_S, self.show)

    async def show(self) -> None:
        """The copies that there are; the title says when the newest whole one was made."""
        found = await asyncio.to_thread(self.service.backups.all)
        self.rows.show(found)
        whole = next((copy for copy in found if not copy.fault), None)
        title = _("There is no copy of the data yet")
        if whole is not None:
            title = _("All can be put back as it was on {time}").format(time=self._when(whole))
        self.context.say(title, _("Backups · could all be put back?"))
        words = ngettext("{n} copy, newest first", "{n} copies, newest first", len(found))
        self.remark.text = words.format(n=count(len(found)))

    def _draw(self, copy: BackupView) -> None:
        with Tag("div", "", "alert"):
            shape, kind = ("!", "critical") if copy.fault else ("✓", "resolved")
            Tag("span", shape, f"sev {kind}", aria_hidden="true")
            with Tag("div"):
                Tag("span", self._when(copy), "about")
                Tag("span", copy.fault or self._size(copy), "detail")
            if not copy.fault:
                with Tag("div", "", "acts"):
                    ask = partial(self._ask, copy)
                    button(_("Put it back…"), ask, about=copy.name, mark=f"restore-{copy.name}")

    def _when(self, copy: BackupView) -> str:
        return day_moment(copy.made_ms, self.context.zone) if copy.made_ms else copy.name

    @staticmethod
    def _size(copy: BackupView) -> str:
        files = copy.files or 0
        words = ngettext("{n} file", "{n} files", files).format(n=count(files))
        return f"{number((copy.bytes or 0) / MEGA)} MB · {words} · {copy.name}"

    async def _make(self) -> None:
        self.make.props("disabled")
        self.progress.text = _("A copy is being made; everything goes on meanwhile …")
        try:
            by = self.context.user
            await self.context.do(
                lambda: self.service.backups.make(by),
                lambda copy: _("The copy {name} is there").format(name=copy.name),
            )
        finally:
            self.make.props(remove="disabled")
            self.progress.text = ""
        await self.show()

    def _ask(self, copy: BackupView) -> None:
        self.question.ask(
            _("Put back the copy of {time}?").format(time=self._when(copy)),
            _(
                "Everything stops for a moment and goes on with what was then. What is there now "
                "is kept in a folder beside it."
            ),
            _("Put it back"),
            lambda: self._restore(copy.name),
        )

    async def _restore(self, name: str) -> None:
        by = self.context.user
        await self.context.do(
            lambda: self.service.backups.restore(name, by),
            _("It is put back now; this page comes again by itself"),
        )
