"""The standing silences, and those to come: what is quiet, when, by whom; each can be ended."""

from __future__ import annotations

from functools import partial

from energyguard.model.selector import Selector
from energyguard.page.alerts.window_form import WindowForm
from energyguard.page.elements.components import Tag, button, card, tell
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name
from energyguard.page.words.silences import when_words
from energyguard.service.alerts.silence_view import SilenceView

SilenceRow = tuple[str, str, str]
"""An id, what is quiet, and when, by whom, why."""


class _SilenceLine(Tag):
    """When it is quiet, by whom, why."""

    def show(self, row: SilenceRow) -> None:
        """Say it."""
        self.text = row[2]


class StandingSilencesCard:
    """What nobody wants to hear of for a while, or in times to come."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self._box = Tag("div", "", "c12")
        with self._box, card(_("Silences"), "", anchor="silences"):
            self.rows: SteadyRows[SilenceRow, _SilenceLine] = SteadyRows(
                lambda row: row[:2], self._draw, _("Nothing is silenced by device, rule or site.")
            )
            if context.may("operate"):
                with Tag("div", "", "acts"):
                    button(_("Maintenance window …"), self._plan, mark="plan-window")
        self._sheets = Tag("div")

    def show(self) -> None:
        """As it is now."""
        found = [view for view in self.service.silences.all() if not view.is_over]
        self._box.set_visibility(bool(found) or self.context.may("operate"))
        self.rows.show(
            [(view.id, self._what(view.selector, view.rule), self._below(view)) for view in found]
        )

    def _plan(self) -> None:
        with self._sheets:
            WindowForm(self.context, self._planned).dialog.open()

    async def _planned(self, view: SilenceView) -> None:
        tell(_("Saved: {when}").format(when=when_words(view, self._zone(view))))
        self.show()

    def _zone(self, view: SilenceView) -> str:
        return view.zone or self.service.silences.zone_of(view.selector)

    def _what(self, selector: str, rule: str) -> str:
        """The devices and the rule, by their names."""
        entries = self.service.catalogue.entries
        words = []
        for field, pattern in Selector.parse(selector).terms:
            if field == "id":
                words.append(place_of(self.service.catalogue, pattern).name)
            elif field == "site" and pattern in entries.sites:
                words.append(site_name(self.service.catalogue, pattern))
            else:
                words.append(f"{field} {pattern}")
        if rule:
            words.append(_("rule {rule}").format(rule=rule))
        return " · ".join(words) or _("Everything")

    def _below(self, view: SilenceView) -> str:
        quiet = ngettext("{n} open alert", "{n} open alerts", view.alerts).format(n=view.alerts)
        parts = [
            when_words(view, self._zone(view)),
            _("by {person}").format(person=view.by),
            quiet if view.active else "",
            view.note,
        ]
        return " · ".join(part for part in parts if part)

    def _draw(self, row: SilenceRow) -> _SilenceLine:
        silence_id, what, _below = row
        with Tag("div", "", "alert"):
            Tag("span", "–", "sev", aria_hidden="true")
            with Tag("div"):
                Tag("span", what, "about")
                line = _SilenceLine("span", "", "detail")
            with Tag("div", "", "acts") as acts:
                acts.set_visibility(self.context.may("operate"))
                button(
                    _("End it"), partial(self._end, silence_id), about=f": {what}",
                    mark=f"end-{silence_id}",
                )  # fmt: skip
        return line

    async def _end(self, silence_id: str) -> None:
        service, by = self.service, self.context.user
        await self.context.do(lambda: service.silences.end(silence_id, by), _("It is heard again"))
        self.show()
