"""The bell: what has fired and a person has not read of; and a word about what fires meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from nicegui import ui

from energyguard.page.elements.components import Tag, button, restyle, symbol, tell
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import count, near_moment, severity_shape
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name
from energyguard.page.words.sentences import alert_sentence
from energyguard.records.alerts import AlertEvent
from energyguard.service.alerts.notifications import Notification

MAX_ROWS = 50
MAX_TOASTS = 3
LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notification as it is shown."""

    alert: str
    about: str
    when: str
    shape: str
    kind: str
    unread: bool


class Bell:
    """A button with the number of unread notifications, and the newest of them behind it."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.service = context.cache.service
        self.known: set[tuple[str, int]] | None = None  # notifications that were there
        with Tag("button", "", "btn square bell", type="button").mark("bell") as self._button:
            symbol("bell")
            self._count = Tag("span", "", "count", aria_hidden="true")
        self._button.props(f'aria-label="{_("Notifications")}"')
        self._dialog = ui.dialog().props('position=top aria-labelledby="notices"')
        with self._dialog, Tag("div", "", "card notices"):
            Tag("h2", _("Notifications"), id="notices")
            with Tag(
                "div", "", "scroll", tabindex="0", role="region", aria_label=_("Notifications")
            ):
                self._rows: SteadyRows[NoticeRow, _NoticeLine] = SteadyRows(
                    lambda row: (row.alert, row.when, row.kind), self._draw, _("None yet.")
                )
            with Tag("div", "", "acts"):
                button(_("Mark all as read"), self._read, "main-act", mark="read-all")
                button(_("Close"), self._dialog.close)
        self._button.on("click", self._open)
        context.every(LOOK_S, self.look)

    async def look(self) -> None:
        """Count what is unread, and say what is new."""
        notifications, user = self.service.notifications, self.context.user
        unread, newest = await asyncio.to_thread(
            lambda: (notifications.unread(user), notifications.newest(MAX_ROWS))
        )
        words = count(unread) if unread else ""
        if words != self._count.text:
            self._count.text = words
            label = _("Notifications, {n} unread").format(n=count(unread))
            self._button.props(f'aria-label="{label}"')
        self._toast(newest)
        if self._dialog.value:
            self._show(newest)

    def _toast(self, newest: list[Notification]) -> None:
        """Say what has fired since the page was opened; a view that lists it needs no word."""
        places = {(str(found.at), found.offset) for found in newest}
        if self.known is not None and not self.context.view.urgent:
            new = [n for n in newest if (str(n.at), n.offset) not in self.known]
            for found in new[:MAX_TOASTS]:
                tell(f"{severity_shape(found.event.severity)} {self._about(found.event)}")
            if len(new) > MAX_TOASTS:
                more = count(len(new) - MAX_TOASTS)
                tell(_("and {n} more: see the bell").format(n=more))
        self.known = places | (self.known or set())

    def _open(self) -> None:
        self._show(self.service.notifications.newest(MAX_ROWS))
        self._dialog.open()

    def _show(self, newest: list[Notification]) -> None:
        self._rows.show([self._row(found) for found in newest])

    def _about(self, event: AlertEvent) -> str:
        """What happened; as the worker wrote it, where the alert is not known any more."""
        service = self.service
        alert = service.book.peek(event.id)
        if alert is None:
            return event.about
        rule = next((rule for rule in service.rules.all() if rule.id == alert.rule), None)
        return alert_sentence(alert, device_name(service.catalogue, alert.device), rule)

    def _row(self, found: Notification) -> NoticeRow:
        event, context = found.event, self.context
        now_ms = self.service.clock.now_ms()
        return NoticeRow(
            alert=event.id,
            about=self._about(event),
            when=near_moment(found.at_ms, now_ms, context.zone, "%H:%M:%S"),
            shape=severity_shape(event.severity),
            kind=str(event.severity),
            unread=not self.service.notifications.is_read(context.user, found),
        )

    def _draw(self, row: NoticeRow) -> _NoticeLine:
        return _NoticeLine(row, self.context.href("/alerts", alert=row.alert))

    async def _read(self) -> None:
        user = self.context.user
        await self.context.do(lambda: self.service.notifications.mark_read(user), _("All are read"))
        await self.look()


class _NoticeLine:
    """A notification, which leads to its alert."""

    def __init__(self, row: NoticeRow, href: str) -> None:
        self._line = Tag("a", "", "notice", href=href)
        with self._line:
            Tag("span", row.shape, f"sev {row.kind}", aria_hidden="true")
            with Tag("span"):
                self._about, self._when = Tag("span", "", "about"), Tag("span", "", "sub")

    def show(self, row: NoticeRow) -> None:
        """Say what happened, and whether it was read."""
        restyle(self._line, f"notice{' unread' * row.unread}")
        unread = f", {_('unread')}" if row.unread else ""
        self._about.text, self._when.text = row.about, f" · {row.when}{unread}"
