"""The header: title, time range, how fresh the data is, whether it is simulated, the theme."""

from __future__ import annotations

from collections.abc import Callable

from energyguard.page.components import Tag, choice, restyle, symbol
from energyguard.page.formatting import count, moment, near_moment
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
        title: of the view.
        ranges: the time ranges that may be chosen: words, address, chosen.
        zone: the zone of all times.
        fresh: how fresh is what the view shows.
        more: builds what else stands in it.
    """

    def __init__(
        self,
        title: str,
        ranges: list[tuple[str, str, bool]],
        zone: str,
        fresh: Callable[[], Freshness],
        more: Callable[[], object],
    ) -> None:
        self._zone, self._fresh = zone, fresh
        with Tag("header", "", "head"):
            Tag("h1", title)
            if ranges:
                choice("Time range", ranges)
            with Tag("div", "", "demo") as self._demo:
                Tag("b", "DEMO")
                Tag("span", "simulated, its clock:", "words")
                self._clock = Tag("span", "")
            self._demo.set_visibility(False)
            with Tag("div", "", "chip none", role="status") as self._chip:
                Tag("span", "", "dot")
                self._words = Tag("span", "No data yet", "words")
                self._when = Tag("b", "")
                with Tag("span", "", "lost"):  # room.js shows it
                    Tag("span", "Connection lost since")
                    Tag("b", "")
            more()
            with Tag("button", "", "btn square", type="button", aria_label="Dark or light") as flip:
                symbol("theme")
            flip.on("click", js_handler=_FLIP)

    def show(self, now: Overview) -> None:
        """Say how old the data is, and whose clock it has."""
        fresh = self._fresh()
        state, words, when = standing(fresh, now, self._zone)
        self._words.text, self._when.text = words, when
        restyle(self._chip, f"chip {state}".strip())
        self._demo.set_visibility(fresh.simulated)
        if fresh.simulated:
            self._clock.text = moment(fresh.clock_ms, self._zone, "%a %-d %b, %H:%M:%S")


def standing(fresh: Freshness, now: Overview, zone: str) -> tuple[str, str, str]:
    """The look of the chip, its words, and the time or number after them."""
    if fresh.newest_ms is None:
        return "none", "No data yet", ""
    if not fresh.live:
        return "stale", "Stale since", near_moment(fresh.since_ms, now.now_ms, zone, "%H:%M:%S")
    if now.lag > LAGS:
        return "lagging", "Catching up,", f"{count(now.lag)} to read"
    if fresh.simulated:
        return "", "Live", ""
    return "", "Live, data of", moment(fresh.newest_ms, zone, "%H:%M:%S")
