"""What happened of late: who came in, who was refused, who changed what."""

from __future__ import annotations

import asyncio

from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import near_moment
from energyguard.page.words.language import _
from energyguard.records.audit import AuditEntry

MAX_ROWS = 50
LOOK_S = 5.0


class AuditCard:
    """The newest entries of the audit."""

    def __init__(self, context: PageContext) -> None:
        self._context, self._service = context, context.cache.service
        with (
            card(_("What happened"), "c5"),
            Tag(
                "div", "", "scroll tall", tabindex="0", role="region", aria_label=_("What happened")
            ),
        ):
            self._rows: ChangingList[AuditEntry] = ChangingList(
                self._draw, _("Nothing yet."), "people"
            )
        context.every(LOOK_S, self.look)

    async def look(self) -> None:
        """Show the newest."""
        self._rows.show(await asyncio.to_thread(self._service.audit.newest, MAX_ROWS))

    def _draw(self, entry: AuditEntry) -> None:
        now_ms = self._service.clock.now_ms()
        when = near_moment(entry.at_ms, now_ms, self._context.zone)
        with Tag("div", "", "person-row"), Tag("div", "", "who"):
            Tag("span", f"{entry.by or _('somebody')}: {entry.act} {entry.about}".rstrip())
            where = f" · {entry.address}" if entry.address else ""
            Tag("span", f"{when}{where}", "sub small")
