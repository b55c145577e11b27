"""One's own account: the password, and log-ins that are open."""

from __future__ import annotations

import asyncio

from nicegui import ui

from energyguard.access.people import Accounts
from energyguard.access.tokens import Tokens
from energyguard.errors import EnergyGuardError, NotFound
from energyguard.page.elements.components import Tag, button, card
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words
from energyguard.page.words.language import _


class OwnAccount:
    """A card: log out here and everywhere, and for people with a password another one."""

    def __init__(self, context: PageContext) -> None:
        self._user, service = context.user, context.cache.service
        self._tokens = Tokens(service.settings.data_dir, service.clock)
        self._accounts = Accounts(self._tokens)
        with card(_("Your account"), "c6"):
            Tag("p", _("You are {name}.").format(name=self._user), "sub")
            if self._has_password():
                self._form = Form("password", self._change)
                with self._form:
                    secret = {"type": "password", "required": "required"}
                    self._form.text("old", _("Password of now"), **secret)
                    self._form.text("new", _("New password"), **secret, minlength="10")
                    self._form.acts(_("Change it"))
            with Tag("div", "", "acts"):
                with Tag("form", "", "", method="post", action="/logout"):
                    Tag("button", _("Log out"), "btn", type="submit")
                button(_("Log out everywhere"), self._out, mark="out-everywhere")

    def _has_password(self) -> bool:
        try:
            return bool(self._accounts.get(self._user).password)
        except NotFound:
            return False

    async def _change(self, values: Values) -> None:
        try:
            await asyncio.to_thread(
                self._accounts.change_password, self._user, values["old"], values["new"]
            )
        except EnergyGuardError as error:
            self._form.blame(
                {(getattr(error, "field", None) and "new") or "old": fault_words(error)}
            )
        else:
            ui.navigate.to("/login")

    async def _out(self) -> None:
        await asyncio.to_thread(self._tokens.end_sessions, self._user)
        ui.navigate.to("/login")
