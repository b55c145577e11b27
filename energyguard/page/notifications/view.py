"""Notifications: who hears of what, when, and how the last message went."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from nicegui import ui

from energyguard.model.access import AccessRole
from energyguard.model.notify import Standing
from energyguard.page.elements.components import ConfirmDialog, Tag, button, card
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.notifications.budget import BudgetCard
from energyguard.page.notifications.route_form import RouteForm
from energyguard.page.notifications.sent_card import SentCard
from energyguard.page.notifications.words import (
    last_words,
    route_words,
    service_words,
    when_words,
)
from energyguard.page.words.faults import fault_words
from energyguard.page.words.language import _, ngettext
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.service.notify.contract import RouteView

LOOK_S, BUDGET_S = 3.0, 60.0


class RouteRow(NamedTuple):
    """A route as a row."""

    id: str
    how: str
    what: str
    when: str
    shape: str
    last: str


class _RouteLine:
    """What is said of a route, beside its buttons."""

    def __init__(self, name: str) -> None:
        with Tag("div", "", "who"):
            Tag("strong", name)
            self._how, self._what = Tag("span", "", "sub small"), Tag("span", "", "small")
            self._when, self._last = Tag("span", "", "sub small"), Tag("span", "", "small")

    def show(self, row: RouteRow) -> None:
        """Say how it is now, and how the last message went."""
        self._how.text, self._what.text, self._when.text = row.how, row.what, row.when
        self._last.text = f"{row.shape} {row.last}"


class NotificationsPage:
    """Who is told outside of the page; an admin changes it."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self._is_admin = context.may(AccessRole.ADMIN) and not context.caller.sites
        self._sure, self._sent = ConfirmDialog(), None
        with Tag("div", "", "grid"):
            with card(_("Who is told"), "c12", anchor="routes"):
                if self._is_admin:
                    with Tag("div", "", "acts rules-head"):
                        button(_("Tell somebody"), self._add, "main-act", mark="add-route")
                self._status = Tag("p", "", "sub", role="status").mark("route-status")
                self._routes: SteadyRows[RouteRow, _RouteLine] = SteadyRows(
                    lambda row: row.id,
                    self._draw,
                    _("Nobody yet: mail, a webhook, ntfy, Telegram, Slack … take two minutes."),
                    "people",
                )
            self._budgets = [
                BudgetCard(context, rule)
                for rule in self.service.rules.active()
                if isinstance(rule, UnusualRule)
            ]
            if self._is_admin:
                self._sent = SentCard(context)
        self._sheets = Tag("div")  # not in the rows: they are drawn again
        context.every(LOOK_S, self.look)
        context.every(BUDGET_S, self.look_at_budgets)

    async def look(self) -> None:
        """Show everybody as they are now."""
        views = await asyncio.to_thread(self.service.routes.all)
        now_ms, zone = self.service.clock.now_ms(), self.context.zone
        self._routes.show([self._row(view, now_ms, zone) for view in views])
        self.context.say(_title(views))
        if self._sent is not None:
            self._sent.show(await asyncio.to_thread(self._sent.look))

    async def look_at_budgets(self) -> None:
        """Show what was recorded of rules about unusual use."""
        for budget in self._budgets:
            await budget.look()

    def _row(self, view: RouteView, now_ms: int, zone: str) -> RouteRow:
        shape, last = last_words(view.last, now_ms, zone)
        if view.waiting:
            waits = ngettext("{n} waits", "{n} wait", view.waiting).format(n=view.waiting)
            last = f"{last} · {waits}"
        how = " · ".join(filter(None, (service_words(view.how), view.to)))
        what = route_words(view, self.service)
        return RouteRow(view.id, how, what, when_words(view), shape, last)

    def _draw(self, row: RouteRow) -> _RouteLine:
        with Tag("div", "", "person-row"):
            line = _RouteLine(row.id)
            if self._is_admin:
                name = row.id
                with Tag("div", "", "acts"):
                    button(_("Test"), lambda: self._test(name), about=name, mark=f"test-{name}")
                    button(_("Change"), lambda: self._change(name), about=name,
                           mark=f"change-{name}")  # fmt: skip
                    button(_("Remove"), lambda: self._remove(name), about=name,
                           mark=f"remove-{name}")  # fmt: skip
        return line

    # What the buttons do

    def _add(self) -> None:
        self._open(None)

    def _change(self, name: str) -> None:
        self._open(self.service.routes.get(name))

    def _open(self, route: RouteView | None) -> None:
        with self._sheets:
            RouteForm(self.context, route, self._saved).dialog.open()

    async def _saved(self, name: str) -> None:
        self._status.text = _("{name} is told from now on; a test shows that it arrives.").format(
            name=name
        )
        await self.look()

    async def _test(self, name: str) -> None:
        page, by = ui.context.client, self.context.user
        self._status.text = _("{name}: a test is on its way …").format(name=name)
        title, text = _("EnergyGuard: this is a test"), _(
            "Messages arrive here. There is nothing to do."
        )  # fmt: skip
        tried = await asyncio.to_thread(self.service.routes.test, name, by, title, text)
        with page:
            if tried.standing is Standing.SENT:
                words = _("{name}: the other side has taken it").format(name=name)
            else:
                words = f"{name}: {fault_words(tried.reason)}"
            self._status.text = words
            await self.look()

    def _remove(self, name: str) -> None:
        self._sure.ask(
            _("Remove {name}?").format(name=name),
            _("Nobody is told by it any more; what waits for it is not sent."),
            _("Remove"),
            lambda: self._removed(name),
        )

    async def _removed(self, name: str) -> None:
        by = self.context.user
        await self.context.do(lambda: self.service.routes.remove(name, by), _("Removed"))
        await self.look()


def _title(views: list[RouteView]) -> str:
    """The answer: whether anybody is told, and whether it gets through."""
    failed = sum(view.last is not None and view.last.standing is Standing.FAILED for view in views)
    if not views:
        return _("Nobody is told outside of this page")
    if failed:
        return ngettext(
            "{n} route does not get through", "{n} routes do not get through", failed
        ).format(n=failed)
    return ngettext("{n} route tells of alerts", "{n} routes tell of alerts", len(views)).format(
        n=len(views)
    )
