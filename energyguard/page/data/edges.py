"""Edges: who sends from afar, how each line is, what waits there, whose clock is off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from energyguard.model.topics import EDGE_LINKS
from energyguard.page.alerts.view import stretches
from energyguard.page.data.cluster import SHAPES
from energyguard.page.data.edge_cards import EdgeCards, ago
from energyguard.page.elements.components import (
    ChangingList,
    ConfirmDialog,
    Figures,
    Rest,
    Tag,
    card,
)
from energyguard.page.elements.plots import Data, Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import UNKNOWN, count, day_moment, plural
from energyguard.service.contract import Service
from energyguard.service.views import EdgeState, EdgeView

FIGURES = ("edges connected", "records that wait there", "furthest behind", "records lost")
ANYWHERE = ("", "0.0.0.0", "::", "*")
"""A cloud that listens so cannot know how edges reach it."""
COMMANDS = (
    ("Let one in: here", "energyguard edge enroll NAME"),
    ("Start it: there, with the file", "energyguard edge join NAME.edge.json && energyguard edge"),
    ("How it is: there", "energyguard edge status"),
)
MAX_ALERTS = 300
_COPY = """() => {
  const line = document.querySelector(".enroll");
  getSelection().selectAllChildren(line);
  navigator.clipboard?.writeText(line.textContent);
}"""


def is_used(service: Service) -> bool:
    """Whether edges have a place in the menu: some were let in, or somebody listens for them."""
    return bool(service.settings.cloud.listen or service.edges.all())


def enroll_line(listen: str) -> str:
    """The command that lets the first edge in, for a cloud that listens there."""
    bound = listen.rpartition(":")[0].strip("[]")
    return "energyguard edge enroll roof" + (" --host ADDRESS" if bound in ANYWHERE else "")


class EdgesPage:
    """Does everything arrive that is measured out there?"""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.rest = Rest(
            "No edge was let in yet",
            "An edge is a box in the field. It measures, keeps what it measured through any "
            "outage, and sends it when there is a line. Let the first one in, on this machine:",
        )
        with self.rest.empty:
            line = enroll_line(self.service.settings.cloud.listen)
            Tag("pre", line, "enroll", tabindex="0", aria_label="Command that lets an edge in")
            copy = Tag("button", "Copy", "btn", type="button")
            copy.on("click", js_handler=_COPY)
        with self.rest:
            with card("State", "c12"):
                with Tag("p", "", "summary") as self.summary:
                    self.mark = Tag("span", "", "sev", aria_hidden="true")
                    self.sentence = Tag("span")
                self.figures = Figures(FIGURES)
            with Tag("div", "", "c12"):
                self.cards = EdgeCards(self._ask, context.zone)
            with card(f"Lines, last {context.span.words}", "c12") as remark:
                self.lanes = Plot("lanes", f"When edges were silent, last {context.span.words}")
            with remark, Tag("span", "", "legend"), Tag("span"):
                Tag("i", "", "warn")
                Tag("span", "silent, or its clock off")
            with card("Let edges in", "c12", "from a terminal"):
                for words, command in COMMANDS:
                    with Tag("div", "", "command"):
                        Tag("span", words)
                        Tag("pre", command, tabindex="0", aria_label=words)
                self.gone: ChangingList[str] = ChangingList(
                    lambda line: Tag("p", line, "sub"), "", "gone"
                )
        self.question = ConfirmDialog()
        context.every(1.0, self.second)
        context.every(10.0, self.past)

    async def second(self) -> None:
        """How the lines are now."""
        found, now_ms = self.service.edges.all(), self.service.clock.now_ms()
        here = [edge for edge in found if edge.state != "forgotten"]
        self.rest.show(bool(found))
        kind, words = summed_up(here)
        self.sentence.text, self.mark.text = words, SHAPES[kind]
        if " ".join(self.mark.classes) != f"sev {kind}":
            self.mark.classes(replace=f"sev {kind}")
        connected = sum(edge.state == "connected" for edge in here)
        self.figures.show(FIGURES[0], f"{connected} of {len(here)}", connected < len(here))
        self.figures.show(FIGURES[1], count(sum(edge.queued for edge in here)))
        behind = max((edge.lag_ms for edge in here if edge.lag_ms is not None), default=None)
        self.figures.show(FIGURES[2], UNKNOWN if behind is None else ago(behind))
        lost = sum(edge.lost for edge in here)
        self.figures.show(FIGURES[3], count(lost), lost > 0)
        self.cards.show(here, now_ms)
        self.gone.show([self._forgotten(edge) for edge in found if edge.state == "forgotten"])

    async def past(self) -> None:
        """When which line was silent."""
        end = self.service.clock.now_ms()
        start = end - self.context.span.length_ms
        names = [edge.edge for edge in self.service.edges.all() if edge.state != "forgotten"]
        lanes = [
            {
                "name": name,
                "href": self.context.href("/edges"),
                "bars": self._bars(name, start, end),
            }
            for name in names
        ]
        self.lanes.show({"from": start, "to": end, "zone": self.context.zone, "lanes": lanes})

    def _bars(self, name: str, start: int, end: int) -> list[Data]:
        book = self.service.book
        found = book.find(device=name, limit=MAX_ALERTS)
        return [
            {**bar, "href": self.context.href("/alerts", alert=alert.id), "about": alert.about}
            for alert in found
            if alert.topic == EDGE_LINKS.name and (alert.open or alert.changed_ms >= start)
            for bar in stretches(alert, book.story(alert.id), end)
            if bar["to"] > start
        ]

    def _forgotten(self, edge: EdgeView) -> str:
        when = day_moment(edge.forgotten_ms, self.context.zone)
        return f"{edge.edge} was forgotten by {edge.forgotten_by}, {when}; what it sent stays."

    def _ask(self, edge: EdgeView) -> None:
        """Ask before an edge is let in no more."""
        waiting = f" What waits there ({plural(edge.queued, 'record')}) will not come any more."
        self.question.ask(
            f"Forget {edge.edge}?",
            "Its line is ended and its certificate is refused from now on. What it sent stays; its "
            f"devices may come from another edge.{waiting if edge.queued else ''} To let it in "
            "again, enroll it anew.",
            "Forget it",
            lambda: self._forget(edge.edge),
        )

    async def _forget(self, name: str) -> None:
        act = self.service.edges.forget
        if await self.context.do(lambda: act(name, self.context.user), f"{name} is forgotten"):
            await self.second()


Summary = tuple[str, Callable[[Sequence[str]], str]]
_SUMMARIES: Mapping[EdgeState, Summary] = {
    "unknown": (
        "warning",
        lambda _: (
            "The role cloud tells nothing, so nobody knows how the lines are. Does it run? "
            "energyguard status"
        ),
    ),
    "silent": (
        "warning",
        lambda names: (
            f"{_are(names, 'silent')}. Look after power and network there; what is "
            "measured waits on the edge's disk."
        ),
    ),
    "disconnected": (
        "info",
        lambda names: f"{_are(names, 'without a line')} just now. It is tried again by itself.",
    ),
    "never-heard": (
        "info",
        lambda names: f"{_are(names, 'not heard yet')} since it was let in: start it there.",
    ),
}


def summed_up(edges: Sequence[EdgeView]) -> tuple[str, str]:
    """How bad it is, and a sentence that says what is so and what to do."""
    if not edges:
        return "info", "No edge may send: all were forgotten."
    off = [edge.edge for edge in edges if edge.clock_off]
    for state, (kind, words) in _SUMMARIES.items():
        if state == "disconnected" and off:
            break
        if names := [edge.edge for edge in edges if edge.state == state]:
            return kind, words(names)
    if off:
        clocks = f"The clock of {off[0]} is" if len(off) == 1 else f"Clocks are off: {_all(off)}:"
        way = "off: set it there" if len(off) == 1 else "set them there"
        return "warning", f"{clocks} {way} (timedatectl set-ntp true)."
    waiting = sum(edge.queued for edge in edges)
    rest = f"{plural(waiting, 'record')} on the way." if waiting else "nothing waits."
    whole = "The edge is" if len(edges) == 1 else f"All {len(edges)} edges are"
    return "resolved", f"{whole} connected, {rest}"


def _are(names: Sequence[str], what: str) -> str:
    return f"{_all(names)} {'is' if len(names) == 1 else 'are'} {what}"


def _all(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
