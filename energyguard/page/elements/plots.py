"""The charts as page elements; ``plots/*.js`` draw them, in the page's own colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from nicegui.element import Element

from energyguard.model.quantities import NANO
from energyguard.page.words.formatting import amount
from energyguard.page.words.language import _

Data = dict[str, Any]
Kind = Literal["areas", "bars", "heat", "hours", "lanes", "line", "map", "range", "shares", "spark"]
LINKS = ("areas", "heat", "lanes", "map")
"""The kinds whose parts lead somewhere."""
MODULE = "energyguard-plots"
"""What browsers import the scripts that draw as."""
READ = ("bars", "hours", "line")
"""The kinds whose values are read with the arrow keys."""


class Plot(Element, component="plot.js", esm={MODULE: "plots"}):
    """A chart that is sent again only when its data changed, or just the new end of its line."""

    def __init__(self, kind: Kind, label: str, height: int = 0, ground: Data | None = None) -> None:
        """Make a chart; ``label`` says in words what it shows.

        Args:
            kind: what draws it.
            label: for those who cannot see it.
            height: in pixels.
            ground: what all its data stands on, such as an outline; sent once.
        """
        super().__init__()
        links, keys = kind in LINKS, kind in READ
        self._props.update(
            kind=kind,
            label=label,
            height=height,
            links=links,
            keys=keys,
            ground=ground,
            none=_("Nothing was measured in this time"),
            chart=_("chart"),
        )
        self._data: Data | None = None

    @property
    def shown(self) -> bool:
        """Whether it has shown anything yet."""
        return self._data is not None

    def show(self, data: Data) -> None:
        """Show this data."""
        if data == self._data:
            return
        self._data = data
        self._keep("start", data)
        if self.client.has_socket_connection:
            self.run_method("show", data)
        else:
            self.update()

    def say(self, label: str) -> None:
        """Change the words for those who cannot see it."""
        if self._props["label"] != label:
            self._keep("label", label)
            if self.client.has_socket_connection:
                self.run_method("say", label)

    def _keep(self, name: str, value: object) -> None:
        """Keep what the chart is made of for whoever opens it anew.

        Set like any other property it would be watched point by point, and sent a second time.
        """
        dict.__setitem__(self._props, name, value)

    def save(self, name: str) -> None:
        """Let the browser keep what is drawn as a picture, ``name.png``."""
        self.run_method("save", name)

    def push(self, start_ms: int, end_ms: int, xs: list[int], ys: list[float]) -> None:
        """Move a line on: from the first of these points on it is theirs."""
        if xs and self._data is not None and self.client.has_socket_connection:
            self.run_method("push", {"from": start_ms, "to": end_ms, "xs": xs, "ys": ys})


def line(
    start_ms: int, end_ms: int, xs: Sequence[int], ys: Sequence[float], unit: str, zone: str,
    **more: object,
) -> Data:  # fmt: skip
    """What a chart of the kind ``line`` draws.

    Args:
        start_ms: where the time axis begins.
        end_ms: where it ends.
        xs: times in ms, rising.
        ys: as many values.
        unit: theirs.
        zone: of the axis.
        more: ``limit_line``'s, ``gap`` (ms that break the line), ``band``, ``now`` (words at the
            end), ``name`` and ``more`` (other lines: name, xs, ys).
    """
    return {"from": start_ms, "to": end_ms, "xs": xs, "ys": ys, "unit": unit, "zone": zone, **more}


def limit_line(level: int, unit: str, is_below: bool) -> Data:
    """A dashed line across a chart, with its words; what is beyond it is red.

    Args:
        level: in 1e-9 of the unit.
        unit: of the chart's values.
        is_below: what is below it is red, not what is above.
    """
    name = _("limit {limit}").format(limit=amount(level, unit))
    return {"limit": level / NANO, "limitName": name, "below": is_below}


class ReadingFeed(Element, component="feed.js"):
    """The newest readings as a table that can be paused and filtered in the browser."""

    def __init__(self, max_rows: int) -> None:
        """Make a table of at most ``max_rows`` rows."""
        super().__init__()
        self._props["most"] = max_rows
        self._props["words"] = {
            "filter": _("Filter by device"), "pause": _("Pause"), "on": _("Go on"),
            "more": _("Go on ({n} new)"), "label": _("Newest readings"),
            "columns": [_("Time"), _("Device"), _("Channel"), _("Value")],
            "none": _("Readings appear here as they come."),
        }  # fmt: skip

    def put(self, rows: list[list[str]]) -> None:
        """Put rows on top: time, device, channel, value, link; the newest first."""
        if rows:
            self.run_method("put", rows)
