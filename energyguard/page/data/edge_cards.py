"""Edges as cards that change in place: who is about to press a button keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from energyguard.page.elements.components import Tag, button, restyle
from energyguard.page.words.formatting import SPACE, UNKNOWN, age, count, day_moment
from energyguard.service.views import EdgeState, EdgeView

MAX_CARDS = 60
FACTS = ("Last heard", "Behind by", "Waiting there", "Clock", "Readings", "Lost")
STATES: Mapping[EdgeState, tuple[str, str]] = {
    "connected": ("● connected", "state on"),
    "disconnected": ("○ no line", "state"),
    "silent": ("▲ silent", "state away"),
    "unknown": ("? not known", "state"),
    "never-heard": ("○ not heard yet", "state"),
    "forgotten": ("✕ forgotten", "state"),
}
"""What is said of each state: a shape and a word, and the look of them."""
Ask = Callable[[EdgeView], None]


class EdgeCards:
    """The cards; ``ask`` is called when one is to be forgotten."""

    def __init__(self, ask: Ask, zone: str) -> None:
        self._ask, self._zone = ask, zone
        self._cards: dict[str, _EdgeCard] = {}
        self._into = Tag("div", "", "floors")
        self._more = Tag("p", "", "sub")

    def show(self, edges: Sequence[EdgeView], now_ms: int) -> None:
        """Show these edges, trouble first where there are more than fit."""
        few = sorted(edges, key=lambda edge: edge.state in ("connected", "never-heard"))
        shown = sorted(few[:MAX_CARDS], key=lambda edge: edge.edge)
        if [edge.edge for edge in shown] != list(self._cards):
            self._into.clear()
            with self._into:
                self._cards = {e.edge: _EdgeCard(e.edge, self._ask, self._zone) for e in shown}
        for edge in shown:
            self._cards[edge.edge].show(edge, now_ms)
        left = len(edges) - len(shown)
        self._more.text = f"and {count(left)} more: energyguard edges" if left else ""


class _EdgeCard:
    """One edge."""

    def __init__(self, name: str, ask: Ask, zone: str) -> None:
        self._edge: EdgeView | None = None
        self._zone = zone
        self._facts: dict[str, tuple[Tag, Tag]] = {}

        def on_press() -> None:
            if self._edge is not None:
                ask(self._edge)

        with Tag("section", "", "card edge", aria_label=f"Edge {name}"):
            with Tag("div", "", "title"):
                Tag("h3", name)
                self._state = Tag("span", "", "state")
            with Tag("dl", "", "facts"):
                for fact in FACTS:
                    with Tag("div") as box:
                        Tag("dt", fact)
                        self._facts[fact] = box, Tag("dd", UNKNOWN)
            with Tag("div", "", "acts"):
                self._since = Tag("span", "", "sub small")
                button("Forget", on_press, about=name, mark=f"forget-{name}")

    def show(self, edge: EdgeView, now_ms: int) -> None:
        """Change what has changed."""
        self._edge = edge
        self._state.text, look = STATES[edge.state]
        restyle(self._state, look)
        when = day_moment(edge.let_in_ms, self._zone)
        self._since.text = f"Let in by {edge.let_in_by}, {when}"
        is_known = edge.heartbeat_ms is not None and edge.state != "never-heard"
        texts = {
            "Last heard": f"{ago(now_ms - (edge.heartbeat_ms or 0))} ago" if is_known else "never",
            "Behind by": UNKNOWN if edge.lag_ms is None else ago(edge.lag_ms),
            "Waiting there": waiting(edge) if is_known else UNKNOWN,
            "Clock": clock(edge.offset_ms),
            "Readings": count(edge.readings),
            "Lost": count(edge.lost),
        }
        matters = {"Clock": edge.clock_off, "Lost": edge.lost > 0}
        matters["Last heard"] = edge.state == "silent"
        for fact, (box, shown) in self._facts.items():
            shown.text = texts[fact]
            restyle(box, "matters" if matters.get(fact) else "")


def ago(ms: int) -> str:
    """A length of time for people: ``26 min``."""
    amount, unit = age(max(0, ms))
    return f"{amount}{SPACE}{unit}"


def waiting(edge: EdgeView) -> str:
    """What waited at an edge when it was last heard."""
    if not edge.queued:
        return "nothing"
    return count(edge.queued) + (f", {ago(edge.queued_ms)} old" if edge.queued_ms else "")


def clock(offset_ms: int | None) -> str:
    """How right a clock is: to the nearest second it is, or by how much it is off."""
    if offset_ms is None:
        return UNKNOWN
    if abs(offset_ms) < 1_000:
        return "right"
    return f"{ago(abs(offset_ms))} {'ahead' if offset_ms > 0 else 'behind'}"
