"""The rail: the views by name, at the side; on a phone five tabs, and the rest behind the last.

Below *Sites* stand those that somebody entered, by name, and the views of domains; a site that a
view is the skin of is that view, by the site's name. Below the line is what is done rarely.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from energyguard.model.catalogue import SITE, key_of
from energyguard.page.elements.components import Tag, symbol
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext, View
from energyguard.page.words.formatting import count, needs_someone
from energyguard.page.words.language import _
from energyguard.page.words.names import site_name

TABS = ("/alerts", "/", "/explore", "/sites")
"""What a phone shows at once, besides *More*."""
SITES = "/sites"
MAX_SITES = 7

SiteLink = tuple[str, str]  # id, name


class Rail:
    """The rail of an open page."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self._skins: dict[str, Tag] = {}  # by site the name of the view that shows it
        listed = [view for view in context.views if view.icon]
        top = [view for view in listed if not view.under and not view.foot]
        foot = [view for view in listed if view.foot]
        with Tag("nav", "", "rail", aria_label=_("Views")) as built:
            with Tag("a", "", "brand", href=context.href("/")):
                symbol("brand")
                Tag("span", "EnergyGuard")
            for view in top:
                self._tab(view, listed)
            for view in foot:
                self._link(view, f"tab far{' line' * (view is foot[0])}")
            with Tag("details", "", "rest"):
                with Tag("summary", "", "tab"):
                    symbol("more")
                    Tag("span", _("More"), "word")
                with Tag("div", "", "sheet"):
                    for view in listed:
                        if view.path not in TABS:
                            self._link(view, "tab")
            with Tag("div", "", "foot"):
                Tag("span", _("Times in {zone}").format(zone=context.zone))
                with Tag("span", "", "links"):
                    Tag("a", _("Wall"), href="/wall")
                    Tag("a", "API", href="/api/v1/docs")
        built.move(target_index=0)  # first in the order of the keyboard, too

    def show(self) -> None:
        """Count what needs someone, and name the sites as they are called now."""
        service = self.context.cache.service
        needed = sum(needs_someone(alert) for alert in service.book.open())
        self._badge.text = count(needed) if needed else ""
        entries = service.catalogue.entries
        named = [s for s in entries.children() if entries.is_entered(key_of(SITE, s))]
        shown = [(s, site_name(service.catalogue, s)) for s in named if s not in self._skins]
        self._sites.show(shown[:MAX_SITES])
        for site, word in self._skins.items():
            if site in named:
                word.text = site_name(service.catalogue, site)

    def _tab(self, view: View, listed: Sequence[View]) -> None:
        with self._link(view, "tab" if view.path in TABS else "tab far")[0]:
            if view.path == "/alerts":
                self._badge = Tag("span", "", "count", title=_("alerts that nobody has yet"))
        below = [inner for inner in listed if inner.under == view.path]
        if view.path == SITES:
            self._sites: ChangingList[SiteLink] = ChangingList(self._site, "", "inner")
        near = self.context.view in (view, *below) or view.path == SITES
        for inner in below if near else ():
            word = self._link(inner, "tab inner skin far", named_only=True)[1]
            if inner.site:
                self._skins[inner.site] = word

    def _site(self, site: SiteLink) -> None:
        site_id, name = site
        path = f"{SITES}/{quote(site_id, safe='')}"
        here = self.context.view.path.startswith(f"{SITES}/{{")
        chosen = here and self.context.query.get("site") == site_id
        Tag("a", name, "tab inner far", href=path, **({"aria_current": "page"} if chosen else {}))

    def _link(self, view: View, classes: str, named_only: bool = False) -> tuple[Tag, Tag]:
        """A link to a view, and its name in it."""
        within = self.context.view.path.partition("/{")[0] == view.path != SITES
        chosen = view is self.context.view or within
        here = {"aria_current": "page"} if chosen else {}
        link = Tag("a", "", classes, href=self.context.href(view.path), **here)
        with link:
            if not named_only:
                symbol(view.icon)
            word = Tag("span", _(view.title), "word long" if view.short else "word")
            if view.short:
                Tag("span", _(view.short), "word short")
        return link, word
