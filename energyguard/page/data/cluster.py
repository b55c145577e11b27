"""Cluster: the nodes of the store, who has what share, how alike they are, what is on its way."""

from __future__ import annotations

from functools import partial

from energyguard.errors import Unavailable
from energyguard.page.data.node_rows import NodeTable, short
from energyguard.page.elements.components import ConfirmDialog, Figures, Rest, Tag, card
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import count, number, plural
from energyguard.service.views import ClusterView, NodeView

FIGURES = ("nodes up", "copies of each key", "copies of slots to fetch", "hints waiting")
SHAPES = {"critical": "!", "warning": "▲", "info": "•", "resolved": "✓"}
COMMANDS = (
    ("Let a node in: start it, then", "store join http://HOST:PORT"),
    ("Put one in another's place", "store join http://HOST:PORT --instead-of http://HOST:PORT"),
    ("Give a node up, dead or alive", "store leave http://HOST:PORT"),
    ("Wait until all copies are alike", "store repair"),
)
_MEANING = (
    "All keys are divided into slots. A slot is alike when all nodes that own it have the same "
    "rows; repair brings over by itself what one of them lacks. What a silent node has cannot be "
    "compared. Hints are writes that wait at a coordinator for a silent node; rows for others are "
    "durable ones, which a stand-in gives to their owners when those are back."
)


class ClusterPage:
    """Is everything there, and on enough nodes?"""

    def __init__(self, context: PageContext) -> None:
        assert context.cache.service.cluster is not None  # else there is no such view
        self.context, self.cluster = context, context.cache.service.cluster
        self.rest = Rest(
            "Nothing is known of the nodes yet",
            f"{context.cache.service.settings.store.url} is asked every two seconds.",
        )
        self.rest.show(False)
        with self.rest:
            with card("State", "c8") as self.state:
                with Tag("p", "", "summary") as self.summary:
                    self.mark = Tag("span", "", "sev", aria_hidden="true")
                    self.sentence = Tag("span")
                self.figures = Figures(FIGURES)
                with Tag("div", "", "repair"):
                    Tag("span", "Repair")
                    with Tag("span", "", "meter", aria_hidden="true"):
                        self.alike = Tag("span", "", "bar")
                    self.progress = Tag("span", "", "much")
                Tag("p", _MEANING, "sub").style("margin-top:12px")
            with card("Share of all copies", "c4"):
                self.shares = Plot("shares", "Share of all copies by node")
            with card("Nodes", "c12") as self.remark:
                self.rows = NodeTable(self._ask)
            with card("Change the cluster", "c12", "from a terminal, with the nodes' secret"):
                self._commands()
        self.question = ConfirmDialog()
        context.every(2.0, self.look)

    def _commands(self) -> None:
        self.commands = {}
        for words, command in COMMANDS:
            with Tag("div", "", "command"):
                Tag("span", words)
                self.commands[command] = Tag("pre", "", tabindex="0", aria_label=words)

    async def look(self) -> None:
        """Show how the nodes are now."""
        try:
            found = await self.cluster.view()
        except Unavailable as error:
            raise Unavailable(f"The cluster cannot be asked: {error}") from error
        self._show(found)

    def _show(self, found: ClusterView) -> None:
        self.rest.show(True)
        up = sum(node.up for node in found.nodes)
        to_fetch = sum(node.to_fetch for node in found.nodes)
        hints = sum(node.hints for node in found.nodes)
        state = "slots are moving" if found.moving else "settled"
        self.state.text = f"epoch {count(found.epoch)}, {state}, {found.strategy}"
        kind, words = summed_up(found)
        self.sentence.text, self.mark.text = words, SHAPES[kind]
        if " ".join(self.mark.classes) != f"sev {kind}":
            self.mark.classes(replace=f"sev {kind}")
        self.figures.show(FIGURES[0], f"{up} of {len(found.nodes)}", up < len(found.nodes))
        self.figures.show(FIGURES[1], count(found.copies))
        self.figures.show(FIGURES[2], count(to_fetch))
        self.figures.show(FIGURES[3], count(hints))
        known = "alike" if up == len(found.nodes) else "known to be alike"
        self.progress.text = f"{count(found.slots_alike)} of {count(found.slots)} slots {known}"
        width = f"{found.slots_alike / found.slots:.2%}"
        if self.alike.style.get("width") != width:
            self.alike.style(f"width:{width}")
        faults = any(node.can_hold for node in found.nodes)
        self.remark.text = "fault injection is on: nodes can be made to fail" if faults else ""
        self.rows.show(found.nodes)
        any_up = next((node.node for node in found.nodes if node.up), found.nodes[0].node)
        for command, shown in self.commands.items():
            shown.text = f"energyguard {command} --nodes {any_up}"
        self._draw(found)

    def _draw(self, found: ClusterView) -> None:
        parts = [
            {
                "name": short(node.node),
                "share": node.share,
                "said": percent(node.share),
                "silent": not node.up,
            }
            for node in found.nodes
        ]
        below = f"slots, {plural(found.copies, 'copy', 'copies')}"
        self.shares.show({"parts": parts, "middle": count(found.slots), "below": below})
        words = ", ".join(
            f"{part['name']} {part['said']}{' (silent)' if part['silent'] else ''}"
            for part in parts
        )
        self.shares.say(f"Share of all copies: {words}")

    def _ask(self, node: NodeView, hold: bool) -> None:
        """Ask before a node is made to fail, or to recover."""
        name = short(node.node)
        if hold:
            self.question.ask(
                f"Make {name} fail?",
                "It will take no traffic until it recovers: no reads, no writes, no repair. "
                "Nothing that it has is lost. Keys with too few other copies cannot be written "
                "meanwhile.",
                "Make it fail",
                lambda: self._do(node.node, hold),
            )
        else:
            self.question.ask(
                f"Let {name} recover?",
                "It will take traffic again, and fetch by itself what it missed. A node that is "
                "dead has to be started first.",
                "Let it recover",
                lambda: self._do(node.node, hold),
            )

    async def _do(self, node: str, hold: bool) -> None:
        act = partial(self.cluster.hold if hold else self.cluster.release, node)
        done = "takes no traffic" if hold else "takes traffic again"
        if await self.context.await_done(act(), f"{short(node)} {done}"):
            await self.look()


def percent(share: float) -> str:
    """A share for people."""
    return f"{number(share * 100)}\u202f%"


def summed_up(found: ClusterView) -> tuple[str, str]:
    """How bad it is, and a sentence that says what is so."""
    silent = [short(node.node) for node in found.nodes if not node.up]
    if silent:
        who = f"{', '.join(silent)} {'is' if len(silent) == 1 else 'are'} silent"
        if len(silent) <= found.copies - (found.copies // 2 + 1):
            return "warning", f"{who}. Every key can still be read and written."
        if len(silent) == 1 and found.copies % 2 == 0 and len(found.nodes) > found.copies:
            return "warning", (
                f"{who}. Measurements can still be read and written: stand-ins hold them. Keys of "
                "your own and the latest of some series wait until it is back."
            )
        return "critical", (
            f"{who}. Keys with too few copies elsewhere can be neither read nor written "
            "until they are back."
        )
    if found.moving:
        to_fetch = sum(node.to_fetch for node in found.nodes)
        return "info", (
            f"Slots are moving to their new owners: {plural(to_fetch, 'copy', 'copies')} still to "
            "fetch. Reads and writes go on."
        )
    if differing := found.slots - found.slots_alike:
        return "info", f"Repair goes on: {plural(differing, 'slot')} not alike on all owners yet."
    return "resolved", f"All {len(found.nodes)} nodes are up, and all copies are alike."
