"""Answers of the page from 400 on, in our words and never the framework's."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.api.problems import internal

OTHERS = ("/api/", "/login", "/logout", "/_nicegui", "/ui/", "/healthz", "/readyz", "/metrics")
"""Paths whose answers are ours already, or are read by no person."""
_PAGE = Template(files(__package__).joinpath("fault.html").read_text("utf-8"))
_MISSING = "No such page", "There is nothing at {path}. The views are in the rail of the overview."
_LATE = (
    "This page takes too long",
    "It could not be built in time. What it shows may be away or busy: try again in a moment.",
)
_FAULT = (
    "This page cannot be shown",
    "A fault of ours; the log of the program has it. Try again, or look at another view.",
)
_WORDS = {404: _MISSING, 405: _MISSING, 503: _LATE, 504: _LATE}


class OwnPages:
    """Stands in front of the page's framework."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; what goes wrong is told in our words, and once in the log."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        ours = scope["type"] == "http" and not scope["path"].startswith(OTHERS)
        begun, replaced = False, False

        async def sending(message: Message) -> None:
            nonlocal begun, replaced
            if replaced:
                return
            if message["type"] == "http.response.start":
                begun = True
                if ours and message["status"] >= 400:
                    replaced = True
                    await page_of(message["status"], scope["path"])(scope, receive, send)
                    return
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if not scope["state"].get("logged"):
                answer = internal(error, scope["path"])
            if not begun and scope["type"] == "http":
                page = page_of(500, scope["path"]) if ours else answer
                await page(scope, receive, send)


def page_of(status: int, path: str) -> Response:
    """The page that says what went wrong."""
    title, about = _WORDS.get(status, _FAULT)
    text = about.format(path=path)
    page = _PAGE.substitute(title=escape(title), about=escape(text))
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})
