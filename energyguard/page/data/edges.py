"""Edges: who sends from afar, how each line is, what waits there, whose clock is off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from energyguard.model.topics import EDGE_LINKS
from energyguard.page.alerts.view import stretches
from energyguard.page.data.cluster import SHAPES
from energyguard.page.data.edge_cards import EdgeCards
from energyguard.page.elements.components import ConfirmDialog, Figures, Rest, Tag, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.plots import Data, Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import UNKNOWN, count, day_moment, listed, plural
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.lengths import length
from energyguard.page.words.sentences import alert_sentence
from energyguard.service.contract import Service
from energyguard.service.views import EdgeState, EdgeView

FIGURES = (
    _("edges connected"), _("records that wait there"), _("furthest behind"), _("records lost"),
)  # fmt: skip
ANYWHERE = ("", "0.0.0.0", "::", "*")
"""A cloud that listens so cannot know how edges reach it."""
COMMANDS = (
    (_("Let one in: here"), "energyguard edge enroll NAME"),
    (
        _("Start it: there, with the file"),
        "energyguard edge join NAME.edge.json && energyguard edge",
    ),
    (_("How it is: there"), "energyguard edge status"),
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
            _("No edge was let in yet"),
            _(
                "An edge is a box in the field. It measures, keeps what it measured through any "
                "outage, and sends it when there is a line. Let the first one in, on this machine:"
            ),
        )
        with self.rest.empty:
            line = enroll_line(self.service.settings.cloud.listen)
            Tag("pre", line, "enroll", tabindex="0", aria_label=_("Command that lets an edge in"))
            copy = Tag("button", _("Copy"), "btn", type="button")
            copy.on("click", js_handler=_COPY)
        with self.rest:
            with card(_("State"), "c12"):
                with Tag("p", "", "summary") as self.summary:
                    self.mark = Tag("span", "", "sev", aria_hidden="true")
                    self.sentence = Tag("span")
                self.figures = Figures([_(name) for name in FIGURES])
            with Tag("div", "", "c12"):
                self.cards = EdgeCards(self._ask, context.zone)
            last = _("last {span}").format(span=_(context.span.words))
            with card(_("Lines, {span}").format(span=last), "c12") as remark:
                label = _("When edges were silent, {span}").format(span=last)
                self.lanes = Plot("lanes", label)
            with remark, Tag("span", "", "legend"), Tag("span"):
                Tag("i", "", "warn")
                Tag("span", _("silent, or its clock off"))
            with card(_("Let edges in"), "c12", _("from a terminal")):
                for words, command in COMMANDS:
                    with Tag("div", "", "command"):
                        Tag("span", _(words))
                        Tag("pre", command, tabindex="0", aria_label=_(words))
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
        of_all = _("{n} of {all}").format(n=connected, all=len(here))
        self.figures.show(_(FIGURES[0]), of_all, connected < len(here))
        self.figures.show(_(FIGURES[1]), count(sum(edge.queued for edge in here)))
        behind = max((edge.lag_ms for edge in here if edge.lag_ms is not None), default=None)
        self.figures.show(_(FIGURES[2]), UNKNOWN if behind is None else length(behind))
        lost = sum(edge.lost for edge in here)
        self.figures.show(_(FIGURES[3]), count(lost), lost > 0)
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
            {
                **bar,
                "href": self.context.href("/alerts", alert=alert.id),
                "about": alert_sentence(alert, name, None),
            }
            for alert in found
            if alert.topic == EDGE_LINKS.name and (alert.open or alert.changed_ms >= start)
            for bar in stretches(alert, book.story(alert.id), end)
            if bar["to"] > start
        ]

    def _forgotten(self, edge: EdgeView) -> str:
        when = day_moment(edge.forgotten_ms, self.context.zone)
        words = _("{name} was forgotten by {person}, {time}; what it sent stays.")
        return words.format(name=edge.edge, person=edge.forgotten_by, time=when)

    def _ask(self, edge: EdgeView) -> None:
        """Ask before an edge is let in no more."""
        parts = [
            _(
                "Its line is ended and its certificate is refused from now on. What it sent "
                "stays; its devices may come from another edge."
            ),
            _("To let it in again, enroll it anew."),
        ]
        if edge.queued:
            words = _("What waits there ({records}) will not come any more.")
            parts.insert(1, words.format(records=plural(edge.queued, "record")))
        self.question.ask(
            _("Forget {name}?").format(name=edge.edge),
            " ".join(parts),
            _("Forget it"),
            lambda: self._forget(edge.edge),
        )

    async def _forget(self, name: str) -> None:
        act = self.service.edges.forget
        if await self.context.do(
            lambda: act(name, self.context.user), _("{name} is forgotten").format(name=name)
        ):
            await self.second()


def summed_up(edges: Sequence[EdgeView]) -> tuple[str, str]:
    """How bad it is, and a sentence that says what is so and what to do."""
    if not edges:
        return "info", _("No edge may send: all were forgotten.")
    by_state: dict[EdgeState, list[str]] = {}
    for edge in edges:
        by_state.setdefault(edge.state, []).append(edge.edge)
    if "unknown" in by_state:
        return "warning", _(
            "The role cloud tells nothing, so nobody knows how the lines are. Does it run? "
            "{command}"
        ).format(command="energyguard status")
    if names := by_state.get("silent"):
        words = ngettext(
            "{names} is silent. Look after power and network there; what is measured waits on the "
            "edge's disk.",
            "{names} are silent. Look after power and network there; what is measured waits on "
            "the edges' disks.",
            len(names),
        )
        return "warning", words.format(names=listed(names))
    if off := [edge.edge for edge in edges if edge.clock_off]:
        words = ngettext(
            "The clock of {names} is off: set it there ({command}).",
            "The clocks of {names} are off: set them there ({command}).",
            len(off),
        )
        return "warning", words.format(names=listed(off), command="timedatectl set-ntp true")
    return _lines(edges, by_state)


def _lines(
    edges: Sequence[EdgeView], by_state: Mapping[EdgeState, Sequence[str]]
) -> tuple[str, str]:
    """How the lines are, where no edge is in trouble."""
    if names := by_state.get("disconnected"):
        words = ngettext(
            "{names} is without a line just now. It is tried again by itself.",
            "{names} are without a line just now. It is tried again by itself.",
            len(names),
        )
        return "info", words.format(names=listed(names))
    if names := by_state.get("never-heard"):
        words = ngettext(
            "{names} is not heard yet since it was let in: start it there.",
            "{names} are not heard yet since they were let in: start them there.",
            len(names),
        )
        return "info", words.format(names=listed(names))
    waiting = sum(edge.queued for edge in edges)
    words = ngettext("The edge is connected", "All {n} edges are connected", len(edges))
    whole, rest = words.format(n=len(edges)), _("nothing waits.")
    if waiting:
        rest = _("{records} on the way.").format(records=plural(waiting, "record"))
    return "resolved", f"{whole}, {rest}"
