"""What all open pages share: the service, and answers that are not asked for twice.

A hundred open pages cost the history what one does: an answer is kept for as long as its page
would wait to ask again, and whoever asks meanwhile gets the same one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar

import pyarrow as pa

from energyguard.model.access import Caller
from energyguard.page.words.language import _
from energyguard.service.contract import Service
from energyguard.service.intake.file_imports import FileImport
from energyguard.service.intake.pending_files import PendingFiles
from energyguard.service.limited.callers import MAX_CALLERS, CallerServices
from energyguard.service.views import Freshness, Overview

T = TypeVar("T")
Furthest = Callable[..., Any]
"""``max`` or ``min``: which of several values is the furthest on the side that matters."""

MAX_FILES_READ = 2
"""Files that are looked at or taken in at the same time, for all pages: the others wait."""
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Span:
    """A time range that a page can show: its name in the URL, its length, a step of its charts."""

    name: str
    words: str
    length_ms: int
    step_ms: int
    keep_s: float  # how long an answer about it is new enough
    energy_ms: int  # a step whose energy says something
    energy_words: str


SPANS = {
    span.name: span
    for span in (
        Span(
            "1h", _("1 hour"), HOUR_MS, MINUTE_MS, 10, 5 * MINUTE_MS, _("kWh of each five minutes")
        ),
        Span(
            "6h",
            _("6 hours"),
            6 * HOUR_MS,
            MINUTE_MS,
            15,
            15 * MINUTE_MS,
            _("kWh of each quarter hour"),
        ),
        Span("24h", _("24 hours"), DAY_MS, 15 * MINUTE_MS, 20, HOUR_MS, _("kWh of each hour")),
        Span("7d", _("7 days"), 7 * DAY_MS, HOUR_MS, 30, 6 * HOUR_MS, _("kWh of each six hours")),
    )
}


FRESH_KEEP_S = 0.5
BACKLOG_KEEP_S = 2.0
MIN_LAG_MS = 60_000
"""What people are told of: less than a minute of a day is soon there."""
MAX_POINTS = 720
SETTLE_S = 10.0
"""So long after readings of the past came the history may not have all of them."""
UNSETTLED_KEEP_S = 2.0
"""How long an answer is new enough meanwhile."""
REST = 5
"""So many times as long as it took it is new enough at least: a busy history has time for more."""
MAX_EARLY_S = 60.0
"""What is kept for longer is of many days: it is not asked for again so soon."""


@dataclass(slots=True)
class _Kept:
    since: float
    until: float
    answer: asyncio.Future[Any]
    took_s: float = float("inf")  # until it is there


class PageCache:
    """The service behind a short memory."""

    def __init__(self, service: Service, pending: PendingFiles | None = None) -> None:
        self.service = service
        self.pending = pending or PendingFiles(service.clock)  # files, of each person
        self.zone = service.settings.serve.zone
        self.imports: list[FileImport] = []  # of files, newest first
        self.reading_files = asyncio.Semaphore(MAX_FILES_READ)
        self.trail: deque[tuple[int, float]] = deque(maxlen=900)  # (event time, kW of all)
        self.ages: deque[float] = deque(maxlen=60)  # s since the last word, a look each
        self._kept: dict[Hashable, _Kept] = {}
        self._fresh: tuple[float, Freshness] | None = None  # until when (s) it is new enough
        self._past_changes, self._settled_s = service.live.past_changes, float("-inf")

    async def shared(self, key: Hashable, keep_s: float, make: Callable[[], T]) -> T:
        """What ``make`` returns, run in a thread, at most once in ``keep_s`` for all pages."""
        now = self.service.clock.monotonic()
        kept = self._kept.get(key)
        if kept is None or kept.until <= now or self._may_lack(kept, now):
            self._kept = {k: v for k, v in self._kept.items() if v.until > now}
            kept = _Kept(now, now + keep_s, asyncio.ensure_future(asyncio.to_thread(make)))
            kept.answer.add_done_callback(partial(self._came, kept))
            self._kept[key] = kept
        answer: T = await asyncio.shield(kept.answer)
        return answer

    def _came(self, kept: _Kept, _answer: asyncio.Future[Any]) -> None:
        kept.took_s = self.service.clock.monotonic() - kept.since

    def _may_lack(self, kept: _Kept, now: float) -> bool:
        """Whether what came of the past since may not be in an answer."""
        self._look_at_past(now)
        is_early = kept.since < self._settled_s and kept.until - kept.since <= MAX_EARLY_S
        return is_early and now - kept.since >= max(UNSETTLED_KEEP_S, REST * kept.took_s)

    def _look_at_past(self, now: float) -> None:
        if self._past_changes != (changes := self.service.live.past_changes):
            self._past_changes, self._settled_s = changes, now + SETTLE_S

    async def is_unsettled(self) -> bool:
        """Whether readings of the past came that the history may not have yet."""
        now = self.service.clock.monotonic()
        self._look_at_past(now)
        if now < self._settled_s and await self.lags_ms():
            self._settled_s = now + SETTLE_S
        return now < self._settled_s

    def fresh(self) -> Freshness:
        """How fresh what measures energy is: looked at twice a second, however many pages ask."""
        now = self.service.clock.monotonic()
        if self._fresh is None or self._fresh[0] <= now:
            self._fresh = (now + FRESH_KEEP_S, self.service.live.fresh())
        return self._fresh[1]

    async def lags_ms(self) -> int:
        """By how much the history is behind what came; 0: not by more than it always is."""
        waits_ms = await self.shared("backlog", BACKLOG_KEEP_S, self.service.backlog_ms)
        return waits_ms if waits_ms >= MIN_LAG_MS else 0

    async def now(self) -> Overview:
        """The numbers of this second."""
        return await self.shared("now", 0.9, self._look)

    def _look(self) -> Overview:
        now = self.service.overview()
        at_ms, kw = now.kw_at_ms or 0, now.kw_now
        if now.live and kw is not None and (not self.trail or self.trail[-1][0] < at_ms):
            self.trail.append((at_ms, kw))
        if now.heard_ms is not None:
            self.ages.append((now.now_ms - now.heard_ms) / 1000)
        return now

    async def ask(self, name: str, keep_s: float, **parameters: object) -> pa.Table:
        """A question to the history, shared by all pages that ask the same."""
        key = (name, *sorted(parameters.items()))
        return await self.shared(key, keep_s, lambda: self.service.query(name, **parameters))

    async def ask_as(
        self, key: Hashable, keep_s: float, name: str, **parameters: object
    ) -> pa.Table:
        """The same for ranges that move on by the second: who has the same key shares an answer."""
        return await self.shared(
            (name, key), keep_s, lambda: self.service.query(name, **parameters)
        )

    async def power(
        self, start_ms: int, end_ms: int, step_ms: int, keep_s: float
    ) -> tuple[list[int], list[float]]:
        """The mean power of all meters in each step: times of the steps' starts, and kW."""
        seen = await self.ask(
            "energy", keep_s, device="", start_ms=start_ms, end_ms=end_ms, step_ms=step_ms
        )
        return times_ms(seen["time"]), [kwh * HOUR_MS / step_ms for kwh in seen["kwh"].to_pylist()]

    async def sums(
        self, device: str, window_ms: int, slide_ms: int, start_ms: int, end_ms: int,
        keep_s: float, furthest: Furthest = max,
    ) -> tuple[list[int], list[float]]:  # fmt: skip
        """The energy of the windows that end in a range, as many as a chart has pixels for.

        A coarser slide still divides the window; where even the window is too fine, the furthest
        of neighbours stands for them, the highest or the lowest: what was beyond a limit is beyond
        it in the picture. Windows that the history may not have all readings of yet are left out,
        and those that end after the device's last reading: nothing that came is no zero.
        """
        whole = await self.archived_ms(device, keep_s)
        min_slide_ms = -(-(end_ms - start_ms) // MAX_POINTS)
        slides = range(slide_ms, window_ms + 1, slide_ms)
        fit = [slide for slide in slides if window_ms % slide == 0] or [slide_ms]
        slide = next((slide for slide in fit if slide >= min_slide_ms), fit[-1])
        seen = await self.ask(
            "window_sums", keep_s, device=device, start_ms=start_ms - window_ms, end_ms=end_ms,
            window_ms=window_ms, slide_ms=slide,
        )  # fmt: skip
        points = [
            (t, kwh)
            for t, kwh in zip(times_ms(seen["window_end"]), seen["kwh"].to_pylist(), strict=True)
            if start_ms <= t <= whole
        ]
        every = -(-len(points) // MAX_POINTS) or 1
        parts = [points[i : i + every] for i in range(0, len(points), every)]
        kept = [furthest(part, key=itemgetter(1)) for part in parts]
        return [t for t, _ in kept], [kwh for _, kwh in kept]

    async def archived_ms(self, device: str, keep_s: float) -> int:
        """The newest reading of a device that the history has; 0: none."""
        key = ("archived", device)
        return await self.shared(key, keep_s, lambda: self.service.archived_ms(device)) or 0

    def borders(self, span: Span) -> tuple[int, int]:
        """The span that ends with the step of the newest reading: the same for all pages."""
        newest = self.service.live.newest_ms() or self.service.clock.now_ms()
        end = (newest // span.step_ms + 1) * span.step_ms
        return end - span.length_ms, end


class PageCaches:
    """A cache for all whose rights are the same: what one may not see is in none of theirs."""

    def __init__(self, services: CallerServices) -> None:
        self._services = services
        self._pending = PendingFiles(services.whole.clock)  # whatever rights somebody gets later
        self._kept: dict[Service, PageCache] = {}

    def of(self, caller: Caller) -> PageCache:
        """The cache over the service as far as somebody may use it."""
        service = self._services.of(caller)
        found = self._kept.pop(service, None) or PageCache(service, self._pending)
        self._kept[service] = found  # the one that was used last is the last
        if len(self._kept) > MAX_CALLERS:
            del self._kept[next(iter(self._kept))]
        return found


def times_ms(column: pa.ChunkedArray) -> list[int]:
    """A column of times as ms since 1970 UTC."""
    cast = column.cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64())
    times: list[int] = cast.to_pylist()
    return times
