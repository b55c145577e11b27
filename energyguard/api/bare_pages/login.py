"""The log-in of the page: name and password, a token, a one-time link; and invitations.

A wall screen has a token of the role ``read`` in its address, ``/wall?key=…``: the key is taken out
of the address by the answer, and whoever stands before the screen may only look.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from html import escape
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from energyguard.access.passwords import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    PasswordChecks,
    check_password,
)
from energyguard.access.people import Accounts
from energyguard.access.tokens import OWNER, Tokens
from energyguard.api.bare_pages.page import BarePage, speak_as_preferred
from energyguard.api.gate.attempts import Attempts, How, address_of
from energyguard.api.gate.audited import Note, nobody_notes
from energyguard.api.gate.auth import cookie_of
from energyguard.api.gate.sessions import COOKIE, LogIns
from energyguard.errors import Overloaded, Rejected
from energyguard.model.access import AccessRole
from energyguard.page.words.language import _, ngettext

_PAGE, _INVITATION = BarePage("login"), BarePage("invite")
_FAULTS: dict[How, str] = {
    "link": _("This link was used already, or is too old. Whoever sent it can send another."),
    "form": _("This token is not known. It may have been revoked, or has run out."),
    "password": _("Name and password do not fit together."),
}
_WRITES = _("This token may send readings, and look at nothing.")
_WALL = _("A screen on a wall takes a token with the role read: {command}")
_WALL_TOKEN = "energyguard token create NAME --role read"
_KEPT_NOWHERE = {"Cache-Control": "no-store"}
_HEADERS = {**_KEPT_NOWHERE, "Referrer-Policy": "no-referrer"}
"""Of what takes a key out of an address. A form has none: its browser would send no `Origin`."""


def login_routes(
    tokens: Tokens, sessions: LogIns, attempts: Attempts, note: Note = nobody_notes
) -> APIRouter:
    """``/login``, ``/invite``, ``/logout``, and ``/wall/enter`` behind ``/wall?key=…``.

    Args:
        tokens: tokens, links and people.
        sessions: where log-ins are opened and ended.
        attempts: who failed how often.
        note: takes note of who came in, and who did not.
    """
    router = APIRouter(include_in_schema=False, dependencies=[Depends(_speak)])
    answers = _Answers(tokens, sessions, attempts, note)
    routes: tuple[tuple[str, dict[str, Callable[..., Any]]], ...] = (
        ("/login", {"GET": answers.show, "POST": answers.take}),
        ("/invite", {"GET": answers.invited, "POST": answers.accept}),
        ("/wall/enter", {"GET": answers.wall}),
        ("/logout", {"POST": answers.leave}),
    )
    for path, methods in routes:
        for method, answer in methods.items():
            router.add_api_route(path, answer, methods=[method], response_model=None)
    return router


async def _speak(request: Request) -> None:
    speak_as_preferred(request.scope)


class _Answers:
    """The answers of the routes."""

    def __init__(self, tokens: Tokens, sessions: LogIns, attempts: Attempts, note: Note) -> None:
        self._tokens, self._sessions, self._attempts, self._note = tokens, sessions, attempts, note
        self._accounts, self._checks = Accounts(tokens), PasswordChecks()

    def show(self, request: Request, key: str = "", next: str = "/") -> Response:  # noqa: A002
        """The form; with a key it is a log-in."""
        if not key:
            return _form(next)
        if slowed := self._attempts.slowed(request.scope):
            return _slowed(next, slowed)
        if (link := self._tokens.use_link(key)) is None:
            return self._failed("link", request, next)
        return self._enter(request, link.person or OWNER, "", next, link.person)

    async def take(
        self,
        request: Request,
        token: Annotated[str, Form(max_length=500)] = "",
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=500)] = "",
        next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002
    ) -> Response:
        """A log-in by name and password, or by a token."""
        if slowed := self._attempts.slowed(request.scope):
            return _slowed(next, slowed)
        if name:
            return await self._by_password(request, name.strip(), password, next)
        return await asyncio.to_thread(self._by_token, request, token.strip(), next)

    async def _by_password(self, request: Request, name: str, password: str, to: str) -> Response:
        kept = await asyncio.to_thread(self._accounts.password_of, name)
        try:
            fits = await self._checks.check(password, kept, address_of(request.scope))
        except Overloaded as busy:
            return _slowed(to, busy)
        if not fits:
            return await asyncio.to_thread(self._failed, "password", request, to, name)
        return await asyncio.to_thread(self._enter, request, name, "", to, name)

    def _by_token(self, request: Request, token: str, to: str) -> Response:
        found = self._tokens.find(token)
        if found is None:
            return self._failed("form", request, to)
        if found.role is AccessRole.WRITE:
            return _form(to, _(_WRITES), 403)
        return self._enter(request, found.name, found.hash, to)

    def invited(self, request: Request, key: str = "") -> Response:
        """The form of an invitation; to look at it uses nothing up."""
        if slowed := self._attempts.slowed(request.scope):
            return _slowed("/", slowed)
        link = self._tokens.link(key)
        if link is None or not link.invites:
            return self._failed("link", request, "/")
        return _invitation(key, link.person)

    def accept(
        self,
        request: Request,
        key: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=500)] = "",
        again: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        """A password that somebody chose who is invited."""
        if slowed := self._attempts.slowed(request.scope):
            return _slowed("/", slowed)
        link = self._tokens.link(key)
        if link is None or not link.invites:
            return self._failed("link", request, "/")
        if password != again:
            return _invitation(key, link.person, _("The two are not the same."), 422)
        try:
            check_password(password)
        except Rejected:
            return _invitation(key, link.person, _refusal(password), 422)
        if self._tokens.use_link(key, invites=True) is None:
            return self._failed("link", request, "/")  # somebody was quicker
        self._accounts.set_password(link.person, password)
        return self._enter(request, link.person, "", "/", link.person)

    def wall(self, request: Request, key: str = "") -> Response:
        """A screen on a wall, with its token."""
        rest = [(n, v) for n, v in request.query_params.multi_items() if n != "key"]
        to = f"/wall?{urlencode(rest)}" if rest else "/wall"
        cookie = cookie_of(request.headers)
        if cookie and self._sessions.caller(cookie):  # a link does not change who somebody is
            return RedirectResponse(to, 303, _HEADERS)
        if slowed := self._attempts.slowed(request.scope):
            return _slowed(to, slowed)
        found = self._tokens.find(key)
        if found is None:
            return self._failed("form", request, to)
        if found.role is not AccessRole.READ:
            return _form(to, _(_WALL).format(command=_WALL_TOKEN), 403)
        return self._enter(request, found.name, found.hash, to)

    def leave(self, request: Request) -> Response:
        """A log-out."""
        if cookie := cookie_of(request.headers):
            self._note("log-out", self._sessions.read(cookie) or "", request.scope)
            self._sessions.end(cookie)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    def _failed(self, how: How, request: Request, to: str, name: str = "") -> Response:
        self._attempts.failed(request.scope, how)
        self._note(f"log-in refused: {how}", name, request.scope)
        return _form(to, _(_FAULTS[how]), 401)

    def _enter(
        self, request: Request, name: str, token: str, to: str, person: str = ""
    ) -> Response:
        answer = RedirectResponse(_ours(to), 303, _HEADERS)
        answer.set_cookie(
            COOKIE,
            self._sessions.open(name, token, person, address_of(request.scope)),
            max_age=self._sessions.lasts_ms // 1000,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        self._note("log-in", name, request.scope)
        return answer


def _slowed(to: str, error: Overloaded) -> Response:
    seconds = math.ceil(error.retry_after)
    words = ngettext(
        "Too many log-ins: wait {n} second, then try again.",
        "Too many log-ins: wait {n} seconds, then try again.",
        seconds,
    )
    return _form(to, words.format(n=seconds), 429, error.retry_after)


def _refusal(password: str) -> str:
    """Why a password is not taken."""
    if password != password.strip():
        return _("A password begins and ends with no space.")
    return _("A password has {least} to {most} characters; three words are good.").format(
        least=MIN_PASSWORD, most=MAX_PASSWORD
    )


def _form(to: str, fault: str = "", status: int = 200, wait_s: float = 0.0) -> HTMLResponse:
    ways = _(
        "No password yet? An admin invites you, at {people}. On the machine itself, {link} prints "
        "a one-time link, and {token} a token."
    )
    page = _PAGE.filled(
        next=escape(_ours(to), quote=True),
        fault=_alert(fault),
        title=escape(_("Log in")),
        name=escape(_("Name")),
        password=escape(_("Password")),
        with_token=escape(_("With a token")),
        token=escape(_("Token")),
        ways=escape(ways).format(
            people=f"<em>{escape(_('People'))}</em>",
            link="<code>energyguard token link</code>",
            token="<code>energyguard token create NAME</code>",
        ),
    )
    wait = {"Retry-After": str(math.ceil(wait_s))} if wait_s else {}
    return HTMLResponse(page, status, {**_KEPT_NOWHERE, **wait})


def _invitation(key: str, person: str, fault: str = "", status: int = 200) -> HTMLResponse:
    page = _INVITATION.filled(
        key=escape(key, quote=True),
        person=escape(person, quote=True),
        fault=_alert(fault),
        title=escape(_("Welcome")),
        welcome=escape(
            _(
                "Welcome, {person}. Choose a password of ten characters or more; three words are "
                "good."
            )
        ).format(person=f"<strong>{escape(person)}</strong>"),
        password=escape(_("Password")),
        again=escape(_("Once more")),
        begin=escape(_("Begin")),
    )
    return HTMLResponse(page, status, _KEPT_NOWHERE)


def _alert(fault: str) -> str:
    return f'<p role="alert">{escape(fault)}</p>' if fault else ""


def _ours(to: str) -> str:
    """A path of ours; never another site's address."""
    ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if ours else "/"
