"""The header: what the view found out, how fresh the data is, the time range, the theme."""

from __future__ import annotations

from collections.abc import Callable

from energyguard.page.elements.components import Tag, choice, restyle, symbol
from energyguard.page.frame.header_clock import HeaderClock
from energyguard.page.words.formatting import moment, near_moment
from energyguard.page.words.language import _
from energyguard.page.words.lengths import length
from energyguard.service.views import Freshness, Overview

LAGS = 1_000
"""So many records not read yet: what is shown may still change."""

_FLIP = """() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = root.dataset.theme || (dark ? "dark" : "light");
  localStorage.setItem("theme", root.dataset.theme = now === "dark" ? "light" : "dark");
}"""


class Header:
    """What stands above every view.

    Args:
        title: of the view, until it has an answer.
        ranges: the time ranges that may be chosen: words, address, chosen.
        zone: the zone of all times.
        fresh: how fresh is what the view shows.
        more: builds what else stands in it.
        now: a clock that only goes on, in s.
    """

    def __init__(
        self,
        title: str,
        ranges: list[tuple[str, str, bool]],
        zone: str,
        fresh: Callable[[], Freshness],
        more: Callable[[], object],
        now: Callable[[], float],
    ) -> None:
        self._zone, self._fresh = zone, fresh
        with Tag("header", "", "head"):
            with Tag("div", "", "titles"):
                self._above = Tag("p", "", "above")
                self._title = Tag("h1", title)
            if ranges:
                choice(_("Time range"), ranges)
            with Tag("div", "", "demo") as self._demo:
                Tag("b", _("DEMO"))
                Tag("span", _("simulated, its clock:"), "words")
                self._clock = HeaderClock(zone, now)
            self._demo.set_visibility(False)
            with Tag("div", "", "chip none", role="status") as self._chip:
                Tag("span", "", "dot")
                self._words = Tag("span", _("No data yet"), "words")
                self._when = Tag("b", "")
                with Tag("span", "", "lost"):  # room.js shows it
                    Tag("span", _("Connection lost since"))
                    Tag("b", "")
            more()
            label = _("Dark or light")
            with Tag("button", "", "btn square", type="button", aria_label=label) as flip:
                symbol("theme")
            flip.on("click", js_handler=_FLIP)

    def say(self, title: str, above: str | None = None) -> None:
        """The answer as the title; the line above says of what it is."""
        self._title.text = title
        if above is not None:
            self._above.text = above

    def show(self, now: Overview, lags_ms: int = 0) -> None:
        """Say how old the data is, and whose clock it has.

        Args:
            now: the numbers of this second.
            lags_ms: by how much sums are behind it; 0: they are not.
        """
        fresh = self._fresh()
        state, words, when = standing(fresh, now, self._zone, lags_ms)
        self._words.text, self._when.text = words, when
        restyle(self._chip, f"chip {state}".strip())
        self._demo.set_visibility(fresh.simulated)
        if fresh.simulated and fresh.clock_ms is not None:
            self._clock.show(fresh.clock_ms)


def standing(fresh: Freshness, now: Overview, zone: str, lags_ms: int = 0) -> tuple[str, str, str]:
    """The look of the chip, its words, and the time after them."""
    if fresh.newest_ms is None:
        return "none", _("No data yet"), ""
    if not fresh.live:
        since = near_moment(fresh.since_ms, now.now_ms, zone, "%H:%M:%S")
        return "stale", _("Nothing new since"), since
    if lags_ms:
        return "lagging", _("Sums catch up, they lack"), length(lags_ms)
    when = moment(fresh.newest_ms, zone, "%H:%M:%S")
    if now.lag > LAGS:
        return "lagging", _("Catching up, data of"), when
    if fresh.simulated:
        return "", _("Live"), ""
    return "", _("Live"), when
