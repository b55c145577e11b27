"""A page whose beginning is sent before its numbers are known.

While the service answers what a view asks, the browser fetches and compiles the scripts, styles
and fonts that any page is drawn with: the two take about as long, and now go on at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator

from nicegui import Client, __version__, ui
from nicegui.dependencies import esm_modules
from nicegui.element import Element
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energyguard.page.elements.plots import MODULE, Plot

ELEMENTS = b"createApp(parseElements(String.raw`"
"""Where the framework's page begins to say what is in it."""
_FRAMEWORK = f"/_nicegui/{__version__}"


class EarlyPage(Response):
    """An answer in two parts: up to what is in the page; and the rest, when that is filled.

    Args:
        page: the page, built and not filled.
        request: what asks for it.
        fill: fills it, and gives up in time.
    """

    media_type = "text/html"

    def __init__(self, page: Client, request: Request, fill: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._page, self._request, self._fill = page, request, fill

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning, fill the page, send the rest."""
        beginning = self._beginning()
        del beginning.headers["content-length"]
        first = bytes(beginning.body).partition(ELEMENTS)[0]
        headers = beginning.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        with self._page:
            await self._fill()
        whole = bytes(self._page.build_response(self._request).body)
        _first, mark, rest = whole.partition(ELEMENTS)
        await send({"type": "http.response.body", "body": mark + rest})

    def _beginning(self) -> Response:
        """The page with an element of each component: they say what else is to be fetched."""
        page = self._page
        elements = page.elements
        modules = _modules(elements.values())
        with page:
            ui.add_body_html("".join(f'<link rel="modulepreload" href="{url}">' for url in modules))
        made_by = {e.component.name: e for e in elements.values() if e.component is not None}
        page.elements = {e.id: e for e in made_by.values()}
        try:
            return page.build_response(self._request)
        finally:
            page.elements = elements


def _modules(elements: Iterable[Element]) -> Iterator[str]:
    """Scripts that would else be found one after another: those that charts are drawn by."""
    yield f"{_FRAMEWORK}/static/dompurify.mjs"
    if ui.timer.component is not None:  # timers come last, and every page has some
        yield f"{_FRAMEWORK}/components/{ui.timer.component.key}"
    if any(isinstance(element, Plot) for element in elements):
        key, module = next((key, m) for key, m in esm_modules.items() if m.name == MODULE)
        for path in sorted(module.path.glob("*.js")):
            yield f"{_FRAMEWORK}/esm/{key}/{path.name}"
