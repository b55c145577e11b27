"""One view's place in the control room, and one open page of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from nicegui import ui

from energyguard.errors import EnergyGuardError
from energyguard.model.access import AccessRole, Caller
from energyguard.page.elements.components import tell
from energyguard.page.frame.header import Header
from energyguard.page.frame.page_cache import SPANS, PageCache, Span
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import day_moment
from energyguard.page.words.language import ENGLISH, Reader, _
from energyguard.service.contract import Service
from energyguard.service.views import Freshness

T = TypeVar("T")
Refresh = Callable[[], Coroutine[None, None, None]]


class Timer(NamedTuple):
    """A refresh of an open page."""

    seconds: float
    refresh: Refresh
    is_first: bool  # before the page is sent, too


@dataclass(frozen=True, slots=True)
class View:
    """A view: what it is called, where it is, and what builds it. A row of ``views.py``.

    Args:
        path: its address; what stands in braces is a parameter, as ``/devices/{device:path}``.
        title: its name, in the rail and above it; may have the path's parameters in it.
        icon: of ``icons.py``; without one it is not in the rail.
        build: builds it into the open page.
        short: its name in the rail of a phone.
        ranged: whether a time range means anything there.
        urgent: whether it has a list of what needs someone (``#attention``).
        under: the view below which it stands in the rail, as ``/sites``.
        site: the site that it shows in a skin of its own; empty: none, or several.
        foot: whether it stands below the line of the rail: what is done rarely.
        bare: whether it has the whole screen, without rail and header.
        shown: whether it is there at all, over a service.
        role: what somebody must be for it.
        whole: it shows what no site limits: not for who is limited to sites.
    """

    path: str
    title: str
    icon: str
    build: Callable[[PageContext], object]
    short: str = ""
    ranged: bool = True
    urgent: bool = False
    under: str = ""
    site: str = ""
    foot: bool = False
    bare: bool = False
    shown: Callable[[Service], bool] = lambda service: True
    role: AccessRole = AccessRole.READ
    whole: bool = False

    def is_for(self, caller: Caller) -> bool:
        """Whether somebody may look at it."""
        return caller.may(self.role) and not (self.whole and caller.sites)


@dataclass
class PageContext:
    """One open page: what it was asked to show, and what keeps it fresh."""

    cache: PageCache
    view: View
    views: tuple[View, ...]  # that there are, in the order of the rail
    query: Mapping[str, str]  # of the address, its path's parameters too
    caller: Caller
    reader: Reader = ENGLISH  # how the person reads
    timers: list[Timer] = field(default_factory=list)
    first: set[asyncio.Future[None]] = field(default_factory=set)
    fresh: Callable[[], Freshness] | None = None  # of what is shown, where it is no energy
    header: Header | None = None  # None: the view has the whole screen

    @property
    def user(self) -> str:
        """The name of who looks."""
        return self.caller.name

    def may(self, role: AccessRole | str) -> bool:
        """Whether who looks may do what a role may: else there is no button for it."""
        return self.caller.may(role)

    @property
    def title(self) -> str:
        """What stands above the view."""
        title = _(self.view.title)
        return title.format(**self.query) if "{" in self.view.path else title

    @property
    def now_ms(self) -> int:
        """What time it is where the shown data comes from: a simulation has a clock of its own."""
        clock_ms = (self.fresh or self.cache.fresh)().clock_ms
        return self.cache.service.clock.now_ms() if clock_ms is None else clock_ms

    @property
    def span(self) -> Span:
        """The time range of the URL."""
        return SPANS.get(self.query.get("range", ""), SPANS["6h"])

    @property
    def lasting(self) -> str:
        """The time range in words: the last hours, or those before all fell silent."""
        fresh = (self.fresh or self.cache.fresh)()
        if fresh.live or fresh.newest_ms is None:
            return _("last {span}").format(span=_(self.span.words))
        when = day_moment(fresh.newest_ms, self.zone)
        return _("{span} up to {when}").format(span=_(self.span.words), when=when)

    @property
    def zone(self) -> str:
        """The zone in which times are shown: of a view of one device its site's, else of all."""
        entries = self.cache.service.catalogue.entries
        is_of_one = self.view.path.startswith("/devices/{device")
        return entries.zone_of_device(self.query["device"]) if is_of_one else self.cache.zone

    def say(self, title: str, above: str | None = None) -> None:
        """Let the title be the answer, and the line above it say of what; None: as it was."""
        if self.header is not None:
            self.header.say(title, above)

    def href(self, path: str = "", **changes: str) -> str:
        """The address of a view that keeps the time range, or of this one with changes."""
        kept = dict(self.query) if not path else {"range": self.span.name}
        query = {k: v for k, v in {**kept, **changes}.items() if v}
        if not path:
            path, _, name = self.view.path.partition("{")
            path += quote(query.pop(name.rstrip("}").partition(":")[0], ""), safe="")
        return f"{path}?{urlencode(query)}"

    def device_href(self, device: str, **shown: str) -> str:
        """The address of a device's view, or of the site's whose sum it is.

        Of today, or of the time range that was chosen here.

        Args:
            device: which.
            shown: what of it, such as the ``rule`` that it is held against.
        """
        entries = self.cache.service.catalogue.entries
        site = "" if device in entries.devices else entries.site_of(device)  # else it is a sum
        path = f"/sites/{quote(site, safe='')}" if site else f"/devices/{quote(device, safe='')}"
        if self.query.get("range"):
            return self.href(path, **shown)
        return f"{path}?{urlencode(shown)}" if shown else path

    def every(self, seconds: float, refresh: Refresh, is_first: bool = True) -> None:
        """Call ``refresh`` before the page is sent, and again every so often.

        Args:
            seconds: from one call to the next.
            refresh: fills a part of the page.
            is_first: the page waits for it; else it begins when the page is there, for what takes
                a while and nobody looks for first.
        """
        self.timers.append(Timer(seconds, refresh, is_first))

    async def do(self, act: Callable[[], T], done: str | Callable[[T], str]) -> bool:
        """Let the service do something in a thread, and say what came of it."""
        return await self.await_done(asyncio.to_thread(act), done)

    async def await_done(self, doing: Awaitable[T], done: str | Callable[[T], str]) -> bool:
        """Wait for something that is done, and say what came of it."""
        page = ui.context.client  # the button may be gone when it is done
        try:
            came = await doing
        except EnergyGuardError as error:
            with page:
                tell(fault_words(error), bad=True)
            return False
        with page:
            tell(done if isinstance(done, str) else done(came))
        return True
