"""People: who may look, act and look after it; invitations, tokens, who is logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from nicegui import ui

from energyguard.access.people import Accounts
from energyguard.access.tokens import Tokens
from energyguard.errors import EnergyGuardError, Rejected
from energyguard.model.access import AccessRole
from energyguard.page.elements.components import ConfirmDialog, Tag, button, card, name_of_row
from energyguard.page.elements.controls import copy_row
from energyguard.page.elements.forms import Form, Values
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.people.audit_card import AuditCard
from energyguard.page.people.rights import rights_fields, rights_of, roles
from energyguard.page.words.faults import fault_words, field_words
from energyguard.page.words.formatting import near_moment
from energyguard.page.words.language import _

LOOK_S = 3.0


class PersonRow(NamedTuple):
    """Somebody, or a token, as a row of the list."""

    name: str
    shown: str
    rights: str
    state: str
    off: bool = False


class _WhoLine:
    """What is said of somebody, or of a token, beside its buttons."""

    def __init__(self) -> None:
        with Tag("div", "", "who"):
            self._shown = Tag("strong")
            self._rights, self._state = (Tag("span", "", "sub small") for _line in range(2))

    def show(self, row: PersonRow) -> None:
        """Say how it is now."""
        self._shown.text, self._rights.text, self._state.text = row.shown, row.rights, row.state
        self._state.set_visibility(bool(row.state))


class _PersonLine(_WhoLine):
    """Somebody with whether they may come in.

    Attributes:
        row: as it is shown.
        able: the button that changes it.
    """

    row: PersonRow
    able: Tag

    def show(self, row: PersonRow) -> None:
        """Say how it is now."""
        super().show(row)
        self.row = row
        self.able.text = _("Let in again") if row.off else _("Disable")
        name_of_row(self.able, row.name)


class PeoplePage:
    """An admin's: people, tokens and log-ins."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.tokens = Tokens(self.service.settings.data_dir, self.service.clock)
        self.accounts = Accounts(self.tokens)
        self._address = str(ui.context.client.request.base_url)
        self._sure = ConfirmDialog()
        with Tag("div", "", "grid"):
            with card(_("People"), "c7"):
                nobody = _("Nobody yet. Who uses the link of the machine is its owner.")
                self.people: SteadyRows[PersonRow, _PersonLine] = SteadyRows(
                    _name, self._person, nobody, "people"
                )
            with card(_("Invite somebody"), "c5"):
                self._link = Tag("div", "", "", role="status").mark("made-link")
                self._invite = self._form("invite", _("Make the link"), self._invited, people=True)
            with card(_("Tokens of programs and screens"), "c7"):
                self.programs: SteadyRows[PersonRow, _WhoLine] = SteadyRows(
                    _name, self._token, _("None yet."), "people"
                )
            with card(_("Make a token"), "c5"):
                self._made = Tag("div", "", "", role="status").mark("made-token")
                self._create = self._form("token", _("Make the token"), self._created, people=False)
            with card(_("Who is logged in"), "c7"):
                self.logins: SteadyRows[PersonRow, _WhoLine] = SteadyRows(
                    _name, self._login, _("Nobody."), "people"
                )
            self.audit = AuditCard(context)
        context.every(LOOK_S, self.look)

    async def look(self) -> None:
        """Show everybody as they are now."""
        people, tokens, logins = await asyncio.to_thread(
            lambda: (self.accounts.all(), self.tokens.list(), self.tokens.sessions())
        )
        self.people.show(
            [
                PersonRow(
                    person.name,
                    f"{person.shown} ({person.name})" if person.shown else person.name,
                    self._rights(person.role, person.sites, person.until_ms),
                    _("disabled") if person.disabled
                    else "" if person.password else _("invited, has no password yet"),
                    person.disabled,
                )
                for person in people
            ]
        )  # fmt: skip
        self.programs.show(
            [
                PersonRow(t.name, t.name, self._rights(t.role, t.sites, t.until_ms), "")
                for t in tokens
            ]
        )
        self.logins.show(
            [
                PersonRow(s.name, s.name, f"{self._when(s.opened_ms)} · {s.address}", "")
                for s in logins
            ]
        )

    def _rights(self, role: AccessRole, sites: tuple[str, ...], until_ms: int | None) -> str:
        known = self.service.catalogue.entries.sites
        names = [known[site].name if site in known else site for site in sites]
        until = _("until {when}").format(when=self._when(until_ms)) if until_ms else ""
        parts = (roles()[role], ", ".join(names) or _("all sites"), until)
        return " · ".join(part for part in parts if part)

    def _when(self, ms: int) -> str:
        return near_moment(ms, self._now_ms, self.context.zone)

    # Rows

    def _person(self, row: PersonRow) -> _PersonLine:
        name = row.name
        with Tag("div", "", "person-row"):
            line = _PersonLine()
            with Tag("div", "", "acts"):
                button(_("New link"), lambda: self._again(name), about=name, mark=f"link-{name}")
                button(_("Change"), lambda: self._change(name), about=name, mark=f"change-{name}")
                line.able = button("", lambda: self._able(name, not line.row.off))
                button(_("Remove"), lambda: self._remove(name), about=name, mark=f"remove-{name}")
        return line

    def _token(self, row: PersonRow) -> _WhoLine:
        with Tag("div", "", "person-row"):
            line = _WhoLine()
            with Tag("div", "", "acts"):
                button(_("Revoke"), lambda: self._revoke(row.name), about=row.name)
        return line

    def _login(self, row: PersonRow) -> _WhoLine:
        with Tag("div", "", "person-row"):
            line = _WhoLine()
            with Tag("div", "", "acts"):
                button(_("Log out"), lambda: self._out(row.name), about=row.name)
        return line

    # Forms

    def _form(self, name: str, words: str, act: Callable[[Values], object], people: bool) -> Form:
        async def send(values: Values) -> None:
            try:
                await asyncio.to_thread(act, values)
            except Rejected as error:
                form.blame({error.field or "": field_words(error)})
            except EnergyGuardError as error:
                form.blame({"name": fault_words(error)})
            else:
                await self.look()

        form = Form(name, send)
        with form:
            form.text("name", _("Name"), maxlength="60", required="required")
            rights_fields(form, self.service, people)
            form.acts(words)
        return form

    def _change(self, name: str) -> None:
        """Ask what somebody may do from now on."""
        person = self.accounts.get(name)

        async def send(values: Values) -> None:
            try:
                role, sites, until_ms = rights_of(values, self._now_ms)
            except Rejected as error:
                form.blame({error.field or "": field_words(error)})
                return
            dialog.close()
            await self._do(
                lambda: self.accounts.change(name, role=role, sites=sites, until_ms=until_ms),
                _("Changed"), name,
            )  # fmt: skip

        with ui.dialog().props('aria-labelledby="rights"') as dialog, Tag("div", "", "card"):
            Tag("h2", _("What {name} may do").format(name=name), id="rights")
            form = Form("rights", send)
            with form:
                rights_fields(form, self.service, True, person.role, person.sites)
                form.acts(_("Change it"), dialog.close)
        dialog.open()

    @property
    def _now_ms(self) -> int:
        return self.service.clock.now_ms()

    def _invited(self, values: Values) -> None:
        name = values.get("name", "")
        self.accounts.add(name, *rights_of(values, self._now_ms), by=self.context.user)
        self._note("invited", name)
        self._show_link(name)

    def _show_link(self, name: str) -> None:
        words = _("For {name}, once, within 72 hours:").format(name=name)
        self._copy(self._link, words, f"{self._address}invite?key={self.accounts.invite(name)}")

    def _created(self, values: Values) -> None:
        role, sites, until_ms = rights_of(values, self._now_ms)
        token = self.tokens.create(values.get("name", ""), role, sites, until_ms)
        self._note("token made", f"{values['name']}: {role.value}")
        is_screen = role is AccessRole.READ
        words = _("For a wall screen; it is shown this once:") if is_screen else _(
            "It is shown this once:"
        )  # fmt: skip
        self._copy(self._made, words, f"{self._address}wall?key={token}" if is_screen else token)

    def _copy(self, into: Tag, words: str, text: str) -> None:
        into.clear()
        with into:
            copy_row(words, text)

    # What the buttons do

    def _note(self, act: str, about: str) -> None:
        self.service.audit.note(act, self.context.user, about)

    async def _do(self, act: Callable[[], object], done: str, about: str) -> None:
        if await self.context.do(act, done):
            await asyncio.to_thread(self._note, done, about)
        await self.look()

    async def _again(self, name: str) -> None:
        await self._do(lambda: self._show_link(name), _("The link is beside"), name)

    async def _able(self, name: str, disabled: bool) -> None:
        done = _("{name} comes in no more") if disabled else _("{name} may come in again")
        act = lambda: self.accounts.change(name, disabled=disabled)  # noqa: E731
        await self._do(act, done.format(name=name), name)

    def _remove(self, name: str) -> None:
        self._sure.ask(
            _("Remove {name}?").format(name=name),
            _("Log-ins end at once. What they did stays in the log."),
            _("Remove"),
            lambda: self._do(lambda: self.accounts.remove(name), _("Removed"), name),
        )

    def _revoke(self, name: str) -> None:
        self._sure.ask(
            _("Revoke {name}?").format(name=name),
            _("Who uses it is refused at once."),
            _("Revoke"),
            lambda: self._do(lambda: self.tokens.revoke(name), _("Revoked"), name),
        )

    async def _out(self, name: str) -> None:
        done = _("{name} is logged out everywhere").format(name=name)
        await self._do(lambda: self.tokens.end_sessions(name), done, name)


def _name(row: PersonRow) -> str:
    return row.name
