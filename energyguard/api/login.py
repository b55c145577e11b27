"""The log-in of the page: name and password, a token, a one-time link; and invitations.

A wall screen has a token of the role ``read`` in its address, ``/wall?key=…``: the key is taken out
of the address by the answer, and whoever stands before the screen may only look.
"""

from __future__ import annotations

import asyncio
import math
from html import escape
from importlib.resources import files
from string import Template
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from energyguard.access.passwords import PasswordChecks, check_password
from energyguard.access.people import Accounts
from energyguard.access.tokens import OWNER, Tokens
from energyguard.api.attempts import Attempts, How, address_of
from energyguard.api.auth import cookie_of
from energyguard.api.sessions import COOKIE, LogIns
from energyguard.errors import Overloaded, Rejected
from energyguard.model.access import AccessRole

_PAGE = Template(files(__package__).joinpath("login.html").read_text("utf-8"))
_INVITATION = Template(files(__package__).joinpath("invite.html").read_text("utf-8"))
_FAULTS: dict[How, str] = {
    "link": "This link was used already, or is too old. Whoever sent it can send another.",
    "form": "This token is not known. It may have been revoked, or has run out.",
    "password": "Name and password do not fit together.",
}
_WRITES = "This token may send readings, and look at nothing."
_WALL = (
    "A screen on a wall takes a token with the role read: energyguard token create NAME --role read"
)
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def login_routes(tokens: Tokens, sessions: LogIns, attempts: Attempts) -> APIRouter:
    """``/login``, ``/invite``, ``/logout``, and ``/wall/enter`` behind ``/wall?key=…``."""
    router = APIRouter(include_in_schema=False)
    accounts, checks = Accounts(tokens), PasswordChecks()

    @router.get("/login")
    def show(request: Request, key: str = "", next: str = "/") -> Response:  # noqa: A002
        if not key:
            return _form(next)
        if slowed := attempts.slowed(request.scope):
            return _slowed(next, slowed)
        if (link := tokens.use_link(key)) is None:
            return _failed(attempts, "link", request, next)
        return _enter(sessions, request, link.person or OWNER, "", next, link.person)

    @router.post("/login")
    async def take(
        request: Request,
        token: Annotated[str, Form(max_length=500)] = "",
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=500)] = "",
        next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002
    ) -> Response:
        if slowed := attempts.slowed(request.scope):
            return _slowed(next, slowed)
        if name:
            name = name.strip()
            kept = await asyncio.to_thread(accounts.password_of, name)
            try:
                fits = await checks.check(password, kept, address_of(request.scope))
            except Overloaded as busy:
                return _slowed(next, busy)
            if not fits:
                return _failed(attempts, "password", request, next)
            return await asyncio.to_thread(_enter, sessions, request, name, "", next, name)
        found = await asyncio.to_thread(tokens.find, token.strip())
        if found is None:
            return _failed(attempts, "form", request, next)
        if found.role is AccessRole.WRITE:
            return _form(next, _WRITES, 403)
        return await asyncio.to_thread(_enter, sessions, request, found.name, found.hash, next)

    @router.get("/invite")
    def invited(request: Request, key: str = "") -> Response:
        if slowed := attempts.slowed(request.scope):
            return _slowed("/", slowed)
        link = tokens.link(key)
        if link is None or not link.invites:
            return _failed(attempts, "link", request, "/")
        return _invitation(key, link.person)

    @router.post("/invite")
    def accept(
        request: Request,
        key: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=500)] = "",
        again: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        if slowed := attempts.slowed(request.scope):
            return _slowed("/", slowed)
        link = tokens.link(key)
        if link is None or not link.invites:
            return _failed(attempts, "link", request, "/")
        if password != again:
            return _invitation(key, link.person, "The two are not the same.", 422)
        try:
            check_password(password)
        except Rejected as error:
            return _invitation(key, link.person, str(error).capitalize() + ".", 422)
        if tokens.use_link(key, invites=True) is None:
            return _failed(attempts, "link", request, "/")  # somebody was quicker
        accounts.set_password(link.person, password)
        return _enter(sessions, request, link.person, "", "/", link.person)

    @router.get("/wall/enter")
    def wall(request: Request, key: str = "") -> Response:
        rest = [(n, v) for n, v in request.query_params.multi_items() if n != "key"]
        to = f"/wall?{urlencode(rest)}" if rest else "/wall"
        cookie = cookie_of(request.headers)
        if cookie and sessions.caller(cookie):  # a link does not change who somebody is
            return RedirectResponse(to, 303, _HEADERS)
        if slowed := attempts.slowed(request.scope):
            return _slowed(to, slowed)
        found = tokens.find(key)
        if found is None:
            return _failed(attempts, "form", request, to)
        if found.role is not AccessRole.READ:
            return _form(to, _WALL, 403)
        return _enter(sessions, request, found.name, found.hash, to)

    @router.post("/logout")
    def leave(request: Request) -> Response:
        if cookie := cookie_of(request.headers):
            sessions.end(cookie)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    return router


def _failed(attempts: Attempts, how: How, request: Request, to: str) -> Response:
    attempts.failed(request.scope, how)
    return _form(to, _FAULTS[how], 401)


def _slowed(to: str, error: Overloaded) -> Response:
    return _form(to, str(error).capitalize(), 429, error.retry_after)


def _enter(
    sessions: LogIns, request: Request, name: str, token: str, to: str, person: str = ""
) -> Response:
    answer = RedirectResponse(_ours(to), 303, _HEADERS)
    answer.set_cookie(
        COOKIE,
        sessions.open(name, token, person, address_of(request.scope)),
        max_age=sessions.lasts_ms // 1000,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


def _form(to: str, fault: str = "", status: int = 200, wait_s: float = 0.0) -> HTMLResponse:
    page = _PAGE.substitute(next=escape(_ours(to), quote=True), fault=_alert(fault))
    wait = {"Retry-After": str(math.ceil(wait_s))} if wait_s else {}
    return HTMLResponse(page, status, {**_HEADERS, **wait})


def _invitation(key: str, person: str, fault: str = "", status: int = 200) -> HTMLResponse:
    page = _INVITATION.substitute(
        key=escape(key, quote=True), person=escape(person, quote=True), fault=_alert(fault)
    )
    return HTMLResponse(page, status, _HEADERS)


def _alert(fault: str) -> str:
    return f'<p role="alert">{escape(fault)}</p>' if fault else ""


def _ours(to: str) -> str:
    """A path of ours; never another site's address."""
    ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if ours else "/"
