"""The nodes as a table that changes in place: who is about to press a button keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from energyguard.page.elements.components import Tag, button
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.words.formatting import UNKNOWN, count, percent
from energyguard.page.words.language import _
from energyguard.service.views import NodeView

COLUMNS = (
    _("Node"), _("State"), _("Share"), _("Slots"), _("Rows"), _("Slots that differ"),
    _("Slots to fetch"), _("Hints"), _("For others"), "",
)  # fmt: skip
Ask = Callable[[NodeView, bool], None]


class NodeTable:
    """The table; ``ask`` is called when a node is to be held (true) or released."""

    def __init__(self, ask: Ask) -> None:
        scroll = Tag("div", "", "scroll nodes", tabindex="0", role="region", aria_label=_("Nodes"))
        with scroll, Tag("table"):
            with Tag("thead"), Tag("tr"):
                for i, name in enumerate(COLUMNS):
                    if name:
                        Tag("th", _(name), "num" if i > 1 else "", scope="col")
                    else:
                        Tag("td")
            self._lines: SteadyRows[NodeView, _Line] = SteadyRows(
                lambda node: node.node, lambda node: _Line(node.node, ask), "", tag="tbody"
            )

    def show(self, nodes: Sequence[NodeView]) -> None:
        """Show these nodes."""
        self._lines.show(nodes)


class _Line:
    """One node."""

    def __init__(self, name: str, ask: Ask) -> None:
        self._node: NodeView | None = None

        def on_press(hold: bool) -> None:
            if self._node is not None:
                ask(self._node, hold)

        with Tag("tr"):
            Tag("th", short(name), "who", scope="row")
            with Tag("td"):
                self._state = Tag("span", "", "state")
            self._cells = [Tag("td", UNKNOWN, "num") for _column in COLUMNS[2:-1]]
            with Tag("td", "", "num"):
                self._fail = button(
                    _("Fail"), lambda: on_press(True), about=short(name), mark=f"hold-{short(name)}"
                )
                self._recover = button(
                    _("Recover"),
                    lambda: on_press(False),
                    about=short(name),
                    mark=f"free-{short(name)}",
                )

    def show(self, node: NodeView) -> None:
        """Change what has changed."""
        self._node = node
        texts = (
            percent(node.share),
            count(node.slots),
            UNKNOWN if node.rows is None else count(node.rows),
            count(node.lacking) if node.up else UNKNOWN,
            count(node.to_fetch) if node.up else UNKNOWN,
            count(node.hints),
            count(node.for_others) if node.up else UNKNOWN,
        )
        for cell, text in zip(self._cells, texts, strict=True):
            cell.text = text
        if node.up:
            self._state.text, look = "● " + _("up"), "state on"
        else:
            words = _("silent: made to fail") if node.held else _("silent")
            self._state.text = f"▲ {words}"
            look = "state away"
        if " ".join(self._state.classes) != look:
            self._state.classes(replace=look)
        self._fail.set_visibility(node.can_hold and node.up)
        self._recover.set_visibility(node.can_hold and not node.up)


def short(node: str) -> str:
    """A node's name without what all of them share."""
    return node.removeprefix("http://")
