"""What was sent to whom, what waits, what failed and why; the newest first."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.notifications.words import STANDINGS, delivery_words
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import near_moment
from energyguard.page.words.language import _
from energyguard.service.notify.contract import DeliveryView

MAX_ROWS = 50


class SentRow(NamedTuple):
    """A delivery as a row."""

    shape: str
    text: str
    below: str
    href: str


class SentCard:
    """The log of deliveries: an admin's."""

    def __init__(self, context: PageContext) -> None:
        self._context, self._service = context, context.cache.service
        title = _("What was sent")
        scroll = {"tabindex": "0", "role": "region", "aria_label": title}
        with card(title, "c12", anchor="sent"), Tag("div", "", "scroll tall", **scroll):
            self._rows: ChangingList[SentRow] = ChangingList(
                self._draw, _("Nothing was sent yet."), "people"
            )

    def look(self) -> list[SentRow]:
        """The rows as they are now; asked in a thread."""
        now_ms, zone = self._service.clock.now_ms(), self._context.zone
        found = self._service.routes.deliveries(MAX_ROWS)
        return [self._row(view, now_ms, zone) for view in found]

    def show(self, rows: list[SentRow]) -> None:
        """Show these."""
        self._rows.show(rows)

    def _row(self, view: DeliveryView, now_ms: int, zone: str) -> SentRow:
        shape, words = STANDINGS[view.standing]
        parts = [
            near_moment(view.at_ms, now_ms, zone), view.route, _(words), fault_words(view.reason)
        ]  # fmt: skip
        text, below = delivery_words(view, self._service), " · ".join(filter(None, parts))
        href = self._context.href(f"/alerts/{view.alert}") if view.alert else ""
        return SentRow(shape, text, below, href)

    def _draw(self, row: SentRow) -> None:
        with Tag("div", "", "alert"):
            Tag("span", row.shape, "sev", aria_hidden="true")
            with Tag("div"):
                if row.href:
                    Tag("a", row.text, "about", href=row.href)
                else:
                    Tag("span", row.text, "about")
                Tag("span", row.below, "detail")
