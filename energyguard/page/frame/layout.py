"""What every page has: rail, header with time range, freshness and theme, and its timers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import Client, ui

from energyguard.errors import EnergyGuardError
from energyguard.page.elements.components import Tag
from energyguard.page.frame.bell import Bell
from energyguard.page.frame.context import PageContext, Refresh, Timer
from energyguard.page.frame.header import Header
from energyguard.page.frame.key_help import KeyHelp
from energyguard.page.frame.page_cache import SPANS, UNSETTLED_KEEP_S
from energyguard.page.frame.rail import Rail
from energyguard.page.frame.refresh_schedule import RefreshSchedule
from energyguard.page.words.faults import fault_words
from energyguard.page.words.language import Reader, _, speak
from energyguard.telemetry import logger

_log = logger(__name__)

FIRST_S = 2.0
"""A page waits for its first numbers for at most this long."""

_HEAD = """
<link rel="stylesheet" href="/ui/page.css">
<link rel="manifest" crossorigin="use-credentials" href="/ui/manifest.webmanifest">
<link rel="apple-touch-icon" href="/ui/icon-192.png">
<meta name="description" content="EnergyGuard"><meta name="theme-color" content="#0a6472">
<script src="/ui/page.js" data-language="{language}" data-numbers="{numbers}"
 data-hours="{hours}"></script>
"""


@contextmanager
def frame(context: PageContext) -> Iterator[None]:
    """The page around a view."""
    reader = context.reader
    hours = "12" if reader.half_day else "24"
    ui.add_head_html(_HEAD.format(language=reader.language, numbers=reader.tag, hours=hours))
    if context.view.bare:
        ui.add_head_html('<link rel="stylesheet" href="/ui/wall.css">')
        with Tag("div", "", "main bare", id="main", tabindex="-1"):
            banner = Tag("div", "", "banner", role="status")
            yield
        _guard(context, banner)
        return
    with ui.context.client.layout:  # beside the page's own <main>, not in it
        built = Rail(context)
        if context.view.urgent:
            Tag("a", _("Skip to what needs you"), "skip", href="#attention").move(target_index=0)
        Tag("a", _("Skip to the content"), "skip", href="#main").move(target_index=0)
    with Tag("div", "", "main", id="main", tabindex="-1"):
        ranges = [(s.name, context.href(range=s.name), s is context.span) for s in SPANS.values()]
        header = context.header = Header(
            context.title,
            ranges if context.view.ranged else [],
            context.zone,
            lambda: (context.fresh or context.cache.fresh)(),
            lambda: (Bell(context), KeyHelp()),
            context.cache.service.clock.monotonic,
        )
        banner = Tag("div", "", "banner", role="status")

        async def fresh() -> None:
            now = await context.cache.now()
            header.show(now, await context.cache.lags_ms())
            built.show()

        context.every(1.0, fresh)
        yield
    _guard(context, banner)


def _guard(context: PageContext, banner: Tag) -> None:
    context.timers[:] = [
        timer._replace(refresh=_guarded(timer.refresh, banner, context.reader))
        for timer in context.timers
    ]


def _guarded(refresh: Refresh, banner: Tag, reader: Reader) -> Refresh:
    """A refresh for a reader that says what is away instead of failing, until it works again."""
    shown_error = ""

    async def run() -> None:
        nonlocal shown_error
        speak(reader)
        try:
            await refresh()
        except EnergyGuardError as error:
            shown_error = _(
                "{error}. What is shown is as it was; the page goes on by itself."
            ).format(error=fault_words(error))
            banner.text = shown_error
        else:
            if shown_error and banner.text == shown_error:
                banner.text = ""
            shown_error = ""

    return run


def _filled(done: asyncio.Future[None], page: Client) -> None:
    """A part that could not be filled is in the log; of a page that was closed it is no news."""
    if not done.cancelled() and (error := done.exception()) and not page.is_deleted:
        _log.error("a part of the page could not be filled", exc_info=error)


async def keep_fresh(context: PageContext) -> None:
    """Fill the page before it is sent, if that is quick, and keep it fresh afterwards."""
    page = ui.context.client
    context.first = {
        asyncio.ensure_future(timer.refresh()) for timer in context.timers if timer.is_first
    }
    for filling in context.first:
        filling.add_done_callback(lambda done: _filled(done, page))
    await asyncio.wait(context.first, timeout=FIRST_S)  # what is slower comes when it comes
    if page.is_deleted:
        return  # closed while it was built
    slow = [t for t in context.timers if t.is_first and t.seconds > UNSETTLED_KEEP_S]

    async def settle() -> None:
        """What readings of the past change is shown when they come, not at its next turn."""
        if await context.cache.is_unsettled():
            await asyncio.gather(*(timer.refresh() for timer in slow))

    RefreshSchedule(page, [*context.timers, Timer(UNSETTLED_KEEP_S, settle, is_first=True)]).begin()
