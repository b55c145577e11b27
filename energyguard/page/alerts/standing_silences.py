"""The standing silences: what is quiet now, until when, by whom; each can be ended."""

from __future__ import annotations

from functools import partial

from energyguard.model.selector import Selector
from energyguard.page.elements.components import ChangingList, Tag, button, card
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import day_moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name

SilenceRow = tuple[str, str, str]
"""An id, what is quiet, and until when, by whom, why."""


class StandingSilencesCard:
    """What nobody wants to hear of for a while; not there while nothing is silenced so."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self._box = Tag("div", "", "c12")
        with self._box, card(_("Silenced now"), "", anchor="silences"):
            self.rows: ChangingList[SilenceRow] = ChangingList(
                self._draw, _("Nothing is silenced by device, rule or site.")
            )

    def show(self) -> None:
        """As it is now."""
        found = [view for view in self.service.silences.all() if view.active]
        self._box.set_visibility(bool(found))
        zone = self.context.zone
        self.rows.show(
            [
                (
                    view.id,
                    self._what(view.selector, view.rule),
                    self._below(view.until_ms, view.by, view.note, view.alerts, zone),
                )
                for view in found
            ]
        )

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

    def _below(self, until_ms: int | None, by: str, note: str, alerts: int, zone: str) -> str:
        until = (
            _("until somebody ends it")
            if until_ms is None
            else _("until {time}").format(time=day_moment(until_ms, zone))
        )
        quiet = ngettext("{n} open alert", "{n} open alerts", alerts).format(n=alerts)
        parts = [until, _("by {person}").format(person=by), quiet, note]
        return " · ".join(part for part in parts if part)

    def _draw(self, row: SilenceRow) -> None:
        silence_id, what, below = row
        with Tag("div", "", "alert"):
            Tag("span", "–", "sev", aria_hidden="true")
            with Tag("div"):
                Tag("span", what, "about")
                Tag("span", below, "detail")
            with Tag("div", "", "acts") as acts:
                acts.set_visibility(self.context.may("operate"))
                button(
                    _("End it"), partial(self._end, silence_id), about=f": {what}",
                    mark=f"end-{silence_id}",
                )  # fmt: skip

    async def _end(self, silence_id: str) -> None:
        service, by = self.service, self.context.user
        await self.context.do(lambda: service.silences.end(silence_id, by), _("It is heard again"))
        self.show()
