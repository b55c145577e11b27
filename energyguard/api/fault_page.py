"""The page that says what went wrong."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse, Response

from energyguard.api.bare_page import BarePage

_PAGE = BarePage("fault")
_MISSING = "No such page", "There is nothing at {path}. Home leads to every view."
_LATE = (
    "This page takes too long",
    "It could not be built in time. What it shows may be away or busy: try again in a moment.",
)
_FAULT = (
    "This page cannot be shown",
    "A fault of ours; the log of the program has it. Try again, or look at another view.",
)
_NOT_FOR_YOU = (
    "This is not for you",
    "What you may look at does not include {path}. An admin can change it, at People.",
)
_WORDS = {403: _NOT_FOR_YOU, 404: _MISSING, 405: _MISSING, 503: _LATE, 504: _LATE}


def page_of(status: int, path: str) -> Response:
    """The page that says what went wrong."""
    title, about = _WORDS.get(status, _FAULT)
    text = about.format(path=path)
    page = _PAGE.filled(title=escape(title), about=escape(text))
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})
