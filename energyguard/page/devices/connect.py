"""How something sends: a way is chosen, a token made for it, and the lines are copied."""

from __future__ import annotations

import asyncio
from itertools import groupby
from operator import attrgetter

from nicegui import ui

from energyguard.access.tokens import Tokens
from energyguard.errors import EnergyGuardError
from energyguard.model.access import AccessRole
from energyguard.page.devices.address_form import DeviceAddress, is_full_admin
from energyguard.page.devices.polled_ways import PolledWay, polled_ways
from energyguard.page.devices.topic_ways import topic_ways
from energyguard.page.devices.ways import TOKEN, Reached, Way, http_ways
from energyguard.page.elements.components import Tag, button, card, tell
from energyguard.page.elements.controls import Dropdown, copy_row
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words
from energyguard.page.words.language import _
from energyguard.service.intake.brokers import broker_of, network_address
from energyguard.service.intake.polled import polling_of


class ConnectCard:
    """The lines of a way, with a token that may only send.

    Args:
        context: the open page; who is no admin gets no token here.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self._address = str(ui.context.client.request.base_url)
        ways: list[Way] = [*http_ways(), *topic_ways(), *polled_ways()]
        self._ways = {way.name: way for way in ways}
        self._way = ways[0]
        self._token, self._name, self._typed = TOKEN, "", ""
        self._tokens = Tokens(self.service.settings.data_dir, self.service.clock)
        with card(_("How does it send?"), "c12"):
            Tag("p", _("Anything that can send a line of text over HTTP, or to an MQTT broker, or "
                       "that can be asked, can be a device. Its readings count from the first one, "
                       "named or not."), "sub")  # fmt: skip
            Tag("a", _("A file of readings is taken in under Data"), "link",
                href=context.href("/data") + "#files")  # fmt: skip
            way = Dropdown(_("How does it send?"), (), self._way.name, self._choose, "way")
            way.mark("way").offer_groups([
                (name, [(way.name, way.title) for way in members])
                for name, members in groupby(ways, key=attrgetter("group"))
            ])  # fmt: skip
            self._address_form = Tag("div", "", "asked")
            self._lines = Tag("div", "", "ways")
            with Tag("div", "", "own-token") as self._own:
                self._ask()
            self._show()

    def _choose(self, name: str) -> None:
        way = self._way = self._ways[name]
        self._typed = ""
        self._address_form.clear()
        if isinstance(way, PolledWay):
            with self._address_form:
                DeviceAddress(self.context, way.kind, self._put)
        self._show()

    def _put(self, address: str) -> None:
        self._typed = address
        self._show()

    def _show(self) -> None:
        settings = self.service.settings
        at = Reached(
            self._address,
            self._token,
            broker_of(settings),
            network_address(),
            polling_of(settings),
            self._typed,
        )
        works, note = self._way.note(at)
        self._own.set_visibility(self._way.needs_token)
        self._lines.clear()
        with self._lines:
            if note:
                kind, shape = ("resolved", "✓") if works else ("warning", "▲")
                with Tag("ul", "", "doubts"), Tag("li"):
                    Tag("span", shape, f"sev {kind}", aria_hidden="true")
                    Tag("span", note)
            for words, text in self._way.lines(at):
                copy_row(words, text)

    # Its token

    def _ask(self) -> None:
        """Offer to make a token; else say where there is one."""
        if not is_full_admin(self.context):
            words = _("TOKEN is one that may only send: somebody who may do everything makes it.")
            Tag("p", words, "sub")
            return
        Tag("p", _("TOKEN is its key. It can only send, and be revoked here or under People."),
            "sub")  # fmt: skip
        self._form = Form("sender", self._make)
        with self._form:
            self._form.text("name", _("Whose is it?"), "", _("such as cellar-gateway"),
                            required="required", maxlength="60")  # fmt: skip
            self._form.acts(_("Make the token"))

    async def _make(self, values: Values) -> None:
        name = values.get("name", "")
        try:
            self._token = await asyncio.to_thread(self._tokens.create, name, AccessRole.WRITE)
        except EnergyGuardError as error:
            self._form.blame({"name": fault_words(error)})
            return
        self._name = name
        self.service.audit.note("token made", self.context.user, f"{name}: {AccessRole.WRITE}")
        self._show()
        self._own.clear()
        with self._own:
            copy_row(_("The token of {name}; it is shown this once").format(name=name), self._token)
            with Tag("div", "", "acts"):
                button(_("Revoke"), self._revoke, about=name, mark="revoke-sender")

    async def _revoke(self) -> None:
        try:
            await asyncio.to_thread(self._tokens.revoke, self._name)
        except EnergyGuardError as error:
            tell(fault_words(error), bad=True)
            return
        self.service.audit.note("token revoked", self.context.user, self._name)
        self._token = TOKEN
        self._show()
        self._own.clear()
        with self._own:
            self._ask()
