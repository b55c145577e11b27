"""What every page has: rail, header with time range, freshness and theme, and its timers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from nicegui import Client, ui

from energyguard.errors import EnergyGuardError
from energyguard.page.components import Tag, symbol, tell
from energyguard.page.formatting import count, day_moment, needs_someone
from energyguard.page.header import Header
from energyguard.page.page_cache import SPANS, PageCache, Span
from energyguard.service.views import Freshness
from energyguard.telemetry import logger

T = TypeVar("T")
_log = logger(__name__)

FIRST_S = 2.0
"""A page waits for its first numbers for at most this long."""

Refresh = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Tab:
    """A view's place in the rail."""

    path: str
    name: str
    icon: str
    short: str = ""  # on a phone
    ranged: bool = True  # whether a time range means anything there


TABS = (
    Tab("/", "Overview", "overview"),
    Tab("/households", "Households", "households", "Homes"),
    Tab("/stations", "Stations", "stations"),
    Tab("/thermometer", "Thermometer", "thermometer", "Degrees"),
    Tab("/alerts", "Alerts", "alerts"),
    Tab("/quality", "Data quality", "quality", "Quality"),
)
URGENT = ("/", "/alerts")
"""The views with a list of what needs someone, a second Tab away."""
CLUSTER = Tab("/cluster", "Cluster", "cluster", ranged=False)

_HEAD = """
<link rel="stylesheet" href="/ui/tokens.css"><link rel="stylesheet" href="/ui/room.css">
<meta name="description" content="EnergyGuard's control room">
<script src="/ui/room.js"></script>
"""


@dataclass
class PageContext:
    """One open page: what it was asked to show, and what keeps it fresh."""

    cache: PageCache
    tab: Tab
    query: Mapping[str, str]
    user: str
    timers: list[tuple[float, Refresh]] = field(default_factory=list)
    first: set[asyncio.Future[None]] = field(default_factory=set)
    fresh: Callable[[], Freshness] | None = None  # of what is shown, where it is no energy

    @property
    def span(self) -> Span:
        """The time range of the URL."""
        return SPANS.get(self.query.get("range", ""), SPANS["6h"])

    @property
    def lasting(self) -> str:
        """The time range in words: the last hours, or those before all fell silent."""
        fresh = (self.fresh or self.cache.service.live.fresh)()
        if fresh.live or fresh.newest_ms is None:
            return f"last {self.span.words}"
        return f"{self.span.words} up to {day_moment(fresh.newest_ms, self.zone)}"

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """The views that there are."""
        return tabs_of(self.cache)

    @property
    def zone(self) -> str:
        """The zone in which times are shown."""
        return self.cache.zone

    def href(self, path: str = "", **changes: str) -> str:
        """The address of a view that keeps the time range, or of this one with changes."""
        kept = dict(self.query) if not path else {"range": self.span.name}
        query = {k: v for k, v in {**kept, **changes}.items() if v}
        return f"{path or self.tab.path}?{urlencode(query)}"

    def every(self, seconds: float, refresh: Refresh) -> None:
        """Call ``refresh`` before the page is sent, and again every so often."""
        self.timers.append((seconds, refresh))

    async def do(self, act: Callable[[], T], done: str | Callable[[T], str]) -> bool:
        """Let the service do something in a thread, and say what came of it."""
        return await self.told(asyncio.to_thread(act), done)

    async def told(self, doing: Awaitable[T], done: str | Callable[[T], str]) -> bool:
        """Wait for something that is done, and say what came of it."""
        page = ui.context.client  # the button may be gone when it is done
        try:
            came = await doing
        except EnergyGuardError as error:
            with page:
                tell(str(error), bad=True)
            return False
        with page:
            tell(done if isinstance(done, str) else done(came))
        return True


def tabs_of(cache: PageCache) -> tuple[Tab, ...]:
    """The views; that of the cluster only where there is one."""
    return TABS if cache.service.cluster is None else (*TABS, CLUSTER)


def _rail(context: PageContext) -> Tag:
    """The rail; returns the count of open alerts."""
    with Tag("nav", "", "rail", aria_label="Views") as rail:
        with Tag("a", "", "brand", href=context.href("/")):
            symbol("brand")
            Tag("span", "EnergyGuard")
        for tab in context.tabs:
            here = {"aria_current": "page"} if tab is context.tab else {}
            with Tag("a", "", "tab", href=context.href(tab.path), **here):
                symbol(tab.icon)
                Tag("span", tab.name, "word long" if tab.short else "word")
                if tab.short:
                    Tag("span", tab.short, "word short")
                if tab.path == "/alerts":
                    badge = Tag("span", "", "count", title="alerts that nobody has yet")
        with Tag("div", "", "foot"):
            Tag("a", "API", href="/api/v1/docs")
            Tag("span", f"Times in {context.zone}")
    rail.move(target_index=0)  # first in the order of the keyboard, too
    return badge


@contextmanager
def frame(context: PageContext) -> Iterator[None]:
    """The page around a view."""
    ui.add_head_html(_HEAD)
    with ui.context.client.layout:  # beside the page's own <main>, not in it
        badge = _rail(context)
        if context.tab.path in URGENT:
            Tag("a", "Skip to what needs you", "skip", href="#attention").move(target_index=0)
        Tag("a", "Skip to the content", "skip", href="#main").move(target_index=0)
    with Tag("div", "", "main", id="main", tabindex="-1"):
        ranges = [(s.name, context.href(range=s.name), s is context.span) for s in SPANS.values()]
        header = Header(
            context.tab.name,
            ranges if context.tab.ranged else [],
            context.zone,
            lambda: (context.fresh or context.cache.service.live.fresh)(),
        )
        banner = Tag("div", "", "banner", role="status")

        async def fresh() -> None:
            now = await context.cache.now()
            header.show(now)
            needed = sum(needs_someone(alert) for alert in context.cache.service.book.open())
            badge.text = count(needed) if needed else ""

        context.every(1.0, fresh)
        yield
    context.timers[:] = [(s, _guarded(refresh, banner)) for s, refresh in context.timers]


def _guarded(refresh: Refresh, banner: Tag) -> Refresh:
    """A refresh that says what is away instead of failing, until it works again."""
    said = ""

    async def run() -> None:
        nonlocal said
        try:
            await refresh()
        except EnergyGuardError as error:
            said = f"{error}. What is shown is as it was; the page goes on by itself."
            banner.text = said
        else:
            if said and banner.text == said:
                banner.text = ""
            said = ""

    return run


def _filled(done: asyncio.Future[None], page: Client) -> None:
    """A part that could not be filled is in the log; of a page that was closed it is no news."""
    if not done.cancelled() and (error := done.exception()) and not page.is_deleted:
        _log.error("a part of the page could not be filled", exc_info=error)


async def keep_fresh(context: PageContext) -> None:
    """Fill the page before it is sent, if that is quick, and keep it fresh afterwards."""
    page = ui.context.client
    context.first = {asyncio.ensure_future(refresh()) for _, refresh in context.timers}
    for filling in context.first:
        filling.add_done_callback(lambda done: _filled(done, page))
    await asyncio.wait(context.first, timeout=FIRST_S)  # what is slower comes when it comes
    if page.is_deleted:
        return  # closed while it was built
    for seconds, refresh in context.timers:
        ui.timer(seconds, refresh, immediate=False)
