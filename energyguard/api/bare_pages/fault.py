"""The page that says what went wrong."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from energyguard.api.bare_pages.page import BarePage, speak_as_preferred
from energyguard.page.words.language import _

_PAGE = BarePage("fault")
_MISSING = _("No such page"), _("There is nothing at {path}. Home leads to every view.")
_LATE = (
    _("This page takes too long"),
    _("It could not be built in time. What it shows may be away or busy: try again in a moment."),
)
_FAULT = (
    _("This page cannot be shown"),
    _("A fault of ours; the log of the program has it. Try again, or look at another view."),
)
_NOT_FOR_YOU = (
    _("This is not for you"),
    _("What you may look at does not include {path}. An admin can change it, at People."),
)
_WORDS = {403: _NOT_FOR_YOU, 404: _MISSING, 405: _MISSING, 503: _LATE, 504: _LATE}


def page_of(status: int, scope: Scope) -> Response:
    """The page that says what went wrong with a request."""
    speak_as_preferred(scope)
    title, about = _WORDS.get(status, _FAULT)
    text = _(about).format(path=scope["path"])
    page = _PAGE.filled(title=escape(_(title)), about=escape(text), home=escape(_("Home")))
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})
