"""The log-in of the page: by a one-time link, or by a token in a form."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from energyguard.serve.sessions import BY_LINK, COOKIE, Sessions
from energyguard.serve.tokens import Tokens

_PAGE = Template(files(__package__).joinpath("login.html").read_text("utf-8"))
_FAULTS = {
    "link": "This link was used already, or is older than ten minutes.",
    "token": "This token is not known. It may have been revoked.",
}


def login_routes(tokens: Tokens, sessions: Sessions) -> APIRouter:
    """``/login`` and ``/logout``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    def show(request: Request, key: str = "", next: str = "/") -> Response:  # noqa: A002
        if not key:
            return _form(next)
        return _enter(request, BY_LINK, next) if tokens.use_link(key) else _form(next, "link")

    @router.post("/login")
    def take(
        request: Request,
        token: Annotated[str, Form(max_length=500)] = "",
        next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002
    ) -> Response:
        found = tokens.find(token.strip())
        return _enter(request, found.name, next) if found else _form(next, "token")

    @router.post("/logout")
    def leave() -> Response:
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    def _enter(request: Request, name: str, to: str) -> Response:
        answer = RedirectResponse(_ours(to), 303, {"Cache-Control": "no-store"})
        answer.set_cookie(
            COOKIE,
            sessions.open(name),
            max_age=sessions.lasts_ms // 1000,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    return router


def _form(to: str, fault: str = "") -> HTMLResponse:
    said = f'<p role="alert">{_FAULTS[fault]}</p>' if fault else ""
    page = _PAGE.substitute(next=escape(_ours(to), quote=True), fault=said)
    return HTMLResponse(page, 401 if fault else 200, {"Cache-Control": "no-store"})


def _ours(to: str) -> str:
    """A path of ours; never another site's address."""
    ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if ours else "/"
