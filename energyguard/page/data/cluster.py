"""Cluster: the nodes of the store, who has what share, how alike they are, what is on its way."""

from __future__ import annotations

from functools import partial

from energyguard.errors import Unavailable
from energyguard.page.data.node_rows import NodeTable, short
from energyguard.page.elements.components import ConfirmDialog, Figures, Rest, Tag, card
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import count, listed, percent, plural
from energyguard.page.words.language import _, ngettext
from energyguard.service.views import ClusterView, NodeView

FIGURES = (
    _("nodes up"), _("copies of each key"), _("copies of slots to fetch"), _("hints waiting"),
)  # fmt: skip
SHAPES = {"critical": "!", "warning": "▲", "info": "•", "resolved": "✓"}
COMMANDS = (
    (_("Let a node in: start it, then"), "store join http://HOST:PORT"),
    (_("Put one in another's place"), "store join http://HOST:PORT --instead-of http://HOST:PORT"),
    (_("Give a node up, dead or alive"), "store leave http://HOST:PORT"),
    (_("Wait until all copies are alike"), "store repair"),
)
_MEANING = _(
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
            _("Nothing is known of the nodes yet"),
            _("{address} is asked every two seconds.").format(
                address=context.cache.service.settings.store.url
            ),
        )
        self.rest.show(False)
        with self.rest:
            with card(_("State"), "c8") as self.state:
                with Tag("p", "", "summary") as self.summary:
                    self.mark = Tag("span", "", "sev", aria_hidden="true")
                    self.sentence = Tag("span")
                self.figures = Figures([_(name) for name in FIGURES])
                with Tag("div", "", "repair"):
                    Tag("span", _("Repair"))
                    with Tag("span", "", "meter", aria_hidden="true"):
                        self.alike = Tag("span", "", "bar")
                    self.progress = Tag("span", "", "much")
                Tag("p", _(_MEANING), "sub").style("margin-top:12px")
            with card(_("Share of all copies"), "c4"):
                self.shares = Plot("shares", _("Share of all copies by node"))
            with card(_("Nodes"), "c12") as self.remark:
                self.rows = NodeTable(self._ask)
            with card(_("Change the cluster"), "c12", _("from a terminal, with the nodes' secret")):
                self._commands()
        self.question = ConfirmDialog()
        context.every(2.0, self.look)

    def _commands(self) -> None:
        self.commands = {}
        for words, command in COMMANDS:
            with Tag("div", "", "command"):
                Tag("span", _(words))
                self.commands[command] = Tag("pre", "", tabindex="0", aria_label=_(words))

    async def look(self) -> None:
        """Show how the nodes are now."""
        try:
            found = await self.cluster.view()
        except Unavailable as error:
            raise Unavailable(
                _("The cluster cannot be asked: {error}").format(error=fault_words(error))
            ) from error
        self._show(found)

    def _show(self, found: ClusterView) -> None:
        self.rest.show(True)
        up = sum(node.up for node in found.nodes)
        to_fetch = sum(node.to_fetch for node in found.nodes)
        hints = sum(node.hints for node in found.nodes)
        state = _("slots are moving") if found.moving else _("settled")
        epoch = _("epoch {n}").format(n=count(found.epoch))
        self.state.text = f"{epoch}, {state}, {found.strategy}"
        kind, words = summed_up(found)
        self.sentence.text, self.mark.text = words, SHAPES[kind]
        if " ".join(self.mark.classes) != f"sev {kind}":
            self.mark.classes(replace=f"sev {kind}")
        of_all = _("{n} of {all}").format(n=up, all=len(found.nodes))
        self.figures.show(_(FIGURES[0]), of_all, up < len(found.nodes))
        self.figures.show(_(FIGURES[1]), count(found.copies))
        self.figures.show(_(FIGURES[2]), count(to_fetch))
        self.figures.show(_(FIGURES[3]), count(hints))
        words = _("{n} of {slots} slots known to be alike")
        if up == len(found.nodes):
            words = _("{n} of {slots} slots alike")
        self.progress.text = words.format(n=count(found.slots_alike), slots=count(found.slots))
        width = f"{found.slots_alike / found.slots:.2%}"
        if self.alike.style.get("width") != width:
            self.alike.style(f"width:{width}")
        faults = any(node.can_hold for node in found.nodes)
        self.remark.text = _("fault injection is on: nodes can be made to fail") if faults else ""
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
        copies = plural(found.copies, "copy", "copies")
        below = _("slots, {copies}").format(copies=copies)
        self.shares.show({"parts": parts, "middle": count(found.slots), "below": below})
        silent = {True: f" ({_('silent')})", False: ""}
        words = ", ".join(
            f"{part['name']} {part['said']}{silent[bool(part['silent'])]}" for part in parts
        )
        self.shares.say(f"{_('Share of all copies')}: {words}")

    def _ask(self, node: NodeView, hold: bool) -> None:
        """Ask before a node is made to fail, or to recover."""
        name = short(node.node)
        if hold:
            self.question.ask(
                _("Make {name} fail?").format(name=name),
                _(
                    "It will take no traffic until it recovers: no reads, no writes, no repair. "
                    "Nothing that it has is lost. Keys with too few other copies cannot be "
                    "written meanwhile."
                ),
                _("Make it fail"),
                lambda: self._do(node.node, hold),
            )
        else:
            self.question.ask(
                _("Let {name} recover?").format(name=name),
                _(
                    "It will take traffic again, and fetch by itself what it missed. A node that "
                    "is dead has to be started first."
                ),
                _("Let it recover"),
                lambda: self._do(node.node, hold),
            )

    async def _do(self, node: str, hold: bool) -> None:
        act = partial(self.cluster.hold if hold else self.cluster.release, node)
        done = _("{name} takes no traffic") if hold else _("{name} takes traffic again")
        if await self.context.await_done(act(), done.format(name=short(node))):
            await self.look()


def summed_up(found: ClusterView) -> tuple[str, str]:
    """How bad it is, and a sentence that says what is so."""
    silent = [short(node.node) for node in found.nodes if not node.up]
    if silent:
        who = ngettext("{nodes} is silent.", "{nodes} are silent.", len(silent))
        kind, words = _without(found, len(silent))
        return kind, f"{who.format(nodes=listed(silent))} {words}"
    if found.moving:
        to_fetch = sum(node.to_fetch for node in found.nodes)
        words = _(
            "Slots are moving to their new owners: {copies} still to fetch. Reads and writes go on."
        )
        return "info", words.format(copies=plural(to_fetch, "copy", "copies"))
    if differing := found.slots - found.slots_alike:
        words = _("Repair goes on: {slots} not alike on all owners yet.")
        return "info", words.format(slots=plural(differing, "slot"))
    words = _("All {n} nodes are up, and all copies are alike.")
    return "resolved", words.format(n=len(found.nodes))


def _without(found: ClusterView, silent: int) -> tuple[str, str]:
    """How bad it is that so many nodes are silent, and what goes on without them."""
    if silent <= found.copies - (found.copies // 2 + 1):
        return "warning", _("Every key can still be read and written.")
    if silent == 1 and found.copies % 2 == 0 and len(found.nodes) > found.copies:
        return "warning", _(
            "Measurements can still be read and written: stand-ins hold them. Keys of your own "
            "and the latest of some series wait until it is back."
        )
    return "critical", _(
        "Keys with too few copies elsewhere can be neither read nor written until they are back."
    )
