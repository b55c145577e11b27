"""Edges as cards that change in place: who is about to press a button keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from energyguard.page.elements.components import Tag, button, restyle
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.words.formatting import UNKNOWN, count, day_moment
from energyguard.page.words.language import _
from energyguard.page.words.lengths import length
from energyguard.service.views import EdgeState, EdgeView

MAX_CARDS = 60
CONTACT, BEHIND, WAITING = _("Last heard"), _("Behind by"), _("Waiting there")
CLOCK, READINGS, LOST = _("Clock"), _("Readings"), _("Lost")
FACTS = (CONTACT, BEHIND, WAITING, CLOCK, READINGS, LOST)
STATES: Mapping[EdgeState, tuple[str, str, str]] = {
    "connected": ("●", _("connected"), "state on"),
    "disconnected": ("○", _("no line"), "state"),
    "silent": ("▲", _("silent"), "state away"),
    "unknown": ("?", _("not known"), "state"),
    "never-heard": ("○", _("not heard yet"), "state"),
    "forgotten": ("✕", _("forgotten"), "state"),
}
"""What is said of each state: a shape and a word, and the look of them."""
Ask = Callable[[EdgeView], None]


class EdgeCards:
    """The cards; ``ask`` is called when one is to be forgotten."""

    def __init__(self, ask: Ask, zone: str) -> None:
        self._cards: SteadyRows[tuple[EdgeView, int], _EdgeCard] = SteadyRows(
            lambda item: item[0].edge, lambda item: _EdgeCard(item[0].edge, ask, zone), "", "floors"
        )
        self._more = Tag("p", "", "sub")

    def show(self, edges: Sequence[EdgeView], now_ms: int) -> None:
        """Show these edges, trouble first where there are more than fit."""
        few = sorted(edges, key=lambda edge: edge.state in ("connected", "never-heard"))
        shown = sorted(few[:MAX_CARDS], key=lambda edge: edge.edge)
        self._cards.show([(edge, now_ms) for edge in shown])
        left = len(edges) - len(shown)
        more = _("and {n} more: {command}").format(n=count(left), command="energyguard edges")
        self._more.text = more if left else ""


class _EdgeCard:
    """One edge."""

    def __init__(self, name: str, ask: Ask, zone: str) -> None:
        self._edge: EdgeView | None = None
        self._zone = zone
        self._facts: dict[str, tuple[Tag, Tag]] = {}

        def on_press() -> None:
            if self._edge is not None:
                ask(self._edge)

        with Tag("section", "", "card edge", aria_label=_("Edge {name}").format(name=name)):
            with Tag("div", "", "title"):
                Tag("h3", name)
                self._state = Tag("span", "", "state")
            with Tag("dl", "", "facts"):
                for fact in FACTS:
                    with Tag("div") as box:
                        Tag("dt", _(fact))
                        self._facts[fact] = box, Tag("dd", UNKNOWN)
            with Tag("div", "", "acts"):
                self._since = Tag("span", "", "sub small")
                button(_("Forget"), on_press, about=name, mark=f"forget-{name}")

    def show(self, item: tuple[EdgeView, int]) -> None:
        """Change what has changed: an edge, and what time it is."""
        self._edge, now_ms = item
        edge = self._edge
        shape, words, look = STATES[edge.state]
        self._state.text = f"{shape} {_(words)}"
        restyle(self._state, look)
        when = day_moment(edge.let_in_ms, self._zone)
        self._since.text = _("Let in by {person}, {time}").format(person=edge.let_in_by, time=when)
        is_known = edge.heartbeat_ms is not None and edge.state != "never-heard"
        texts = {
            CONTACT: ago(now_ms - (edge.heartbeat_ms or 0)) if is_known else _("never"),
            BEHIND: UNKNOWN if edge.lag_ms is None else length(edge.lag_ms),
            WAITING: waiting(edge) if is_known else UNKNOWN,
            CLOCK: clock(edge.offset_ms),
            READINGS: count(edge.readings),
            LOST: count(edge.lost),
        }
        matters = {CLOCK: edge.clock_off, LOST: edge.lost > 0, CONTACT: edge.state == "silent"}
        for fact, (box, shown) in self._facts.items():
            shown.text = texts[fact]
            restyle(box, "matters" if matters.get(fact) else "")


def ago(ms: int) -> str:
    """How long ago something was: ``26 min ago``."""
    return _("{length} ago").format(length=length(ms))


def waiting(edge: EdgeView) -> str:
    """What waited at an edge when it was last heard."""
    if not edge.queued:
        return _("nothing")
    if not edge.queued_ms:
        return count(edge.queued)
    return _("{n}, {length} old").format(n=count(edge.queued), length=length(edge.queued_ms))


def clock(offset_ms: int | None) -> str:
    """How right a clock is: to the nearest second it is, or by how much it is off."""
    if offset_ms is None:
        return UNKNOWN
    if abs(offset_ms) < 1_000:
        return _("right")
    words = _("{length} ahead") if offset_ms > 0 else _("{length} behind")
    return words.format(length=length(abs(offset_ms)))
