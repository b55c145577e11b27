"""The rail: every view by name, at the side; on a phone four below, and the rest behind one more.

A thumb reaches five targets in a row. Which four: what everybody looks at, and the view that is
open; where that is one of them, the first domain's.
"""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.page.components import Tag, symbol
from energyguard.page.context import PageContext, View

ALWAYS = ("/", "/alerts", "/devices")


def nearest(views: Sequence[View], here: View) -> set[str]:
    """The paths of the four views that a phone shows at once."""
    others = [view.path for view in views if view.path not in ALWAYS]
    return {*ALWAYS, here.path if here.path in others else next(iter(others), "")}


def rail(context: PageContext) -> Tag:
    """Build it; returns the count of open alerts."""
    views = [view for view in context.views if view.icon]
    near = nearest(views, context.view)
    with Tag("nav", "", "rail", aria_label="Views") as built:
        with Tag("a", "", "brand", href=context.href("/")):
            symbol("brand")
            Tag("span", "EnergyGuard")
        for view in views:
            with _link(context, view, "tab" if view.path in near else "tab far"):
                if view.path == "/alerts":
                    badge = Tag("span", "", "count", title="alerts that nobody has yet")
        with Tag("details", "", "rest"):
            with Tag("summary", "", "tab"):
                symbol("more")
                Tag("span", "More", "word")
            with Tag("div", "", "sheet"):
                for view in views:
                    if view.path not in near:
                        _link(context, view, "tab")
        with Tag("div", "", "foot"):
            Tag("a", "API", href="/api/v1/docs")
            Tag("span", f"Times in {context.zone}")
    built.move(target_index=0)  # first in the order of the keyboard, too
    return badge


def _link(context: PageContext, view: View, classes: str) -> Tag:
    """A link to a view."""
    here = {"aria_current": "page"} if view is context.view else {}
    link = Tag("a", "", classes, href=context.href(view.path), **here)
    with link:
        symbol(view.icon)
        Tag("span", view.title, "word long" if view.short else "word")
        if view.short:
            Tag("span", view.short, "word short")
    return link
