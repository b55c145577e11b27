"""A page whose beginning is sent before its numbers are known, and that is seen without scripts.

While the service answers what a view asks, the browser fetches the scripts, styles and fonts that
any page is drawn with: the two take about as long, and go on at once. Then comes what is in the
page as plain HTML, which is seen while the scripts are still being compiled; then the page itself.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import nicegui
from nicegui import Client, __version__, ui
from nicegui.dependencies import esm_modules
from nicegui.element import Element
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energyguard.page.elements.plots import MODULE, Plot
from energyguard.page.frame.still import still_html

PLACE = "<!--still-->"
"""Where the plain HTML stands: after all that is to be fetched."""
_FRAMEWORK = f"/_nicegui/{__version__}"
_FONT_LINK = '<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">'
_LATIN = re.compile(r'family: "Roboto";[^}]*url\((fonts/\w+\.woff2)\)[^}]*range: U\+0000-00FF')


class EarlyPage(Response):
    """An answer in three parts: up to what is in the page; that as it is seen; the page itself.

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
        """Send the beginning, fill the page, send what is seen of it and the rest."""

        async def say(part: bytes, is_last: bool = False) -> None:
            await send({"type": "http.response.body", "body": part, "more_body": not is_last})

        page = self._page
        beginning = self._beginning()
        del beginning.headers["content-length"]
        headers = beginning.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await say(bytes(beginning.body).partition(PLACE.encode())[0])
        with page:
            await self._fill()
        await say((still_html(page.layout) + _drawing(page.elements.values())).encode())
        whole = bytes(page.build_response(self._request).body)
        await say(whole.partition(PLACE.encode())[2], is_last=True)

    def _beginning(self) -> Response:
        """The page with an element of each component: they say what else is to be fetched."""
        page = self._page
        elements = page.elements
        modules = _modules(elements.values())
        links = "".join(f'<link rel="modulepreload" href="{url}">' for url in modules)
        with page:
            ui.add_body_html(_FONT_LINK.format(_font()) + links + PLACE)
        made_by = {e.component.name: e for e in elements.values() if e.component is not None}
        page.elements = {e.id: e for e in made_by.values()}
        try:
            return page.build_response(self._request)
        finally:
            page.elements = elements


def _modules(elements: Iterable[Element]) -> Iterator[str]:
    """Scripts that would else be found one after another: those that charts are drawn by."""
    yield f"{_FRAMEWORK}/static/dompurify.mjs"
    if _has_charts(elements):
        key, folder = _drawers()
        for name in folder:
            yield f"{_FRAMEWORK}/esm/{key}/{name}"


def _drawing(elements: Iterable[Element]) -> str:
    """The script that draws the charts that are seen before the page's own scripts run."""
    if not _has_charts(elements):
        return ""
    return f'<script type="module" async src="{_FRAMEWORK}/esm/{_drawers()[0]}/still.js"></script>'


@cache
def _font() -> str:
    """The framework's letters: text is not seen before they are there, even as plain HTML."""
    styles = Path(nicegui.__file__).with_name("static") / "fonts.css"
    found = _LATIN.search(styles.read_text())
    assert found is not None, f"{styles} has no Latin letters of Roboto"
    return f"{_FRAMEWORK}/static/{found[1]}"


def _has_charts(elements: Iterable[Element]) -> bool:
    return any(isinstance(element, Plot) for element in elements)


def _drawers() -> tuple[str, list[str]]:
    """The scripts that draw charts: the key of their address, and their names."""
    key, module = next((key, m) for key, m in esm_modules.items() if m.name == MODULE)
    return key, sorted(path.name for path in module.path.glob("*.js"))
