"""The log-in of the page: by a one-time link, or by a token in a form."""

from __future__ import annotations

import math
from html import escape
from importlib.resources import files
from string import Template
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from energyguard.access.tokens import OWNER, Tokens
from energyguard.api.attempts import Attempts, How
from energyguard.api.auth import cookie_of
from energyguard.api.sessions import COOKIE, LogIns

_PAGE = Template(files(__package__).joinpath("login.html").read_text("utf-8"))
_FAULTS: dict[How, str] = {
    "link": "This link was used already, or is older than ten minutes.",
    "form": "This token is not known. It may have been revoked.",
}


def login_routes(tokens: Tokens, sessions: LogIns, attempts: Attempts) -> APIRouter:
    """``/login`` and ``/logout``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    def show(request: Request, key: str = "", next: str = "/") -> Response:  # noqa: A002
        if not key:
            return _form(next)
        if slowed := attempts.slowed(request.scope):
            return _form(next, str(slowed).capitalize(), 429, slowed.retry_after)
        return (
            _enter(sessions, request, OWNER, "", next)
            if tokens.use_link(key)
            else _failed(attempts, "link", request, next)
        )

    @router.post("/login")
    def take(
        request: Request,
        token: Annotated[str, Form(max_length=500)] = "",
        next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002
    ) -> Response:
        if slowed := attempts.slowed(request.scope):
            return _form(next, str(slowed).capitalize(), 429, slowed.retry_after)
        found = tokens.find(token.strip())
        return (
            _enter(sessions, request, found.name, found.hash, next)
            if found
            else _failed(attempts, "form", request, next)
        )

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


def _enter(sessions: LogIns, request: Request, name: str, token: str, to: str) -> Response:
    answer = RedirectResponse(_ours(to), 303, {"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        sessions.open(name, token),
        max_age=sessions.lasts_ms // 1000,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


def _form(to: str, fault: str = "", status: int = 200, wait_s: float = 0.0) -> HTMLResponse:
    shown = f'<p role="alert">{escape(fault)}</p>' if fault else ""
    page = _PAGE.substitute(next=escape(_ours(to), quote=True), fault=shown)
    headers = {"Cache-Control": "no-store"}
    if wait_s:
        headers["Retry-After"] = str(math.ceil(wait_s))
    return HTMLResponse(page, status, headers)


def _ours(to: str) -> str:
    """A path of ours; never another site's address."""
    ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if ours else "/"
