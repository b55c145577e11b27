"""What links of messages lead to: a page with a button that acknowledges or silences an alert.

To look at the page does nothing: programs that look into mail open every link. A link is for one
alert, or those of one incident, and a week, and for nothing when its route was removed.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from energyguard.alerts.alert import Alert
from energyguard.api.bare_pages.page import BarePage, speak_as_preferred
from energyguard.api.gate.attempts import Attempts
from energyguard.errors import Corrupt, NotFound, Unauthorized
from energyguard.model.alerts import Act
from energyguard.notify.seal import MAX_LINK, NotifySeal
from energyguard.page.words.language import _, ngettext
from energyguard.service.contract import Service

SILENCED_MS: Final = 24 * 3_600_000
"""So long an alert is quiet by a link."""
SILENCE: Final = "silence"
_PAGE = BarePage("answer")
_HEADERS: Final = {"Cache-Control": "no-store"}


def answer_routes(service: Service, attempts: Attempts) -> APIRouter:
    """``/answer``: the page, and what its button does.

    Args:
        service: knows the alerts.
        attempts: who came with a link that is none.
    """
    router = APIRouter(include_in_schema=False)

    def answered(
        request: Request, key: str, found: Callable[[str, list[Alert]], Response]
    ) -> Response:
        speak_as_preferred(request.scope)
        if attempts.slowed(request.scope):
            return _page(_("Too many links that are none: wait a minute."), status=429)
        try:
            route, ids = NotifySeal(service.settings.data_dir).linked(key)
            service.routes.get(route)
            return found(route, [service.book.get(alert) for alert in ids])
        except (Unauthorized, NotFound, Corrupt):
            attempts.failed(request.scope, "link")
            return _page(_("This link leads nowhere any more: log in to see the alert."), 404)

    @router.get("/answer")
    def look(request: Request, key: str = "", act: str = "") -> Response:
        return answered(request, key, lambda _route, alerts: _question(alerts, key, act))

    @router.post("/answer")
    def do(
        request: Request,
        key: Annotated[str, Form(max_length=MAX_LINK)] = "",
        act: Annotated[str, Form(max_length=20)] = "",
    ) -> Response:
        def done(route: str, alerts: list[Alert]) -> Response:
            by, ids = f"{route} (link)", [alert.id for alert in alerts]
            if act == SILENCE:
                until_ms = service.clock.now_ms() + SILENCED_MS
                service.act_on(ids, Act.SILENCE, by, until_ms=until_ms)
                return _page(_("It is quiet for a day."))
            service.act_on(ids, Act.ACKNOWLEDGE, by)
            return _page(_("Thank you: the others see that somebody has it."))

        return answered(request, key, done)

    return router


def _question(alerts: list[Alert], key: str, act: str) -> Response:
    words = _("Silence it for a day") if act == SILENCE else _("Acknowledge")
    form = (
        '<form method="post" action="/answer">'
        f'<input type="hidden" name="key" value="{escape(key, quote=True)}">'
        f'<input type="hidden" name="act" value="{escape(act, quote=True)}">'
        f"<button>{escape(words)}</button></form>"
    )
    about, rest = alerts[0].about, len(alerts) - 1
    if rest:
        about += " " + ngettext("and {n} more", "and {n} more", rest).format(n=rest)
    return _page(about, form=form)


def _page(words: str, status: int = 200, form: str = "") -> Response:
    page = _PAGE.filled(title=escape(_("Alert")), words=escape(words), form=form)
    return HTMLResponse(page, status, _HEADERS)
