"""The numbers of the first page: how much, of when, who sends, what is open."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from energyguard.alerts.book import AlertBook
from energyguard.clock import Clock
from energyguard.errors import Unavailable
from energyguard.model.alerts import State
from energyguard.model.days import midnight_ms
from energyguard.model.quantities import NANO
from energyguard.service.consumption.contract import Consumption
from energyguard.service.live.live import LiveProjection
from energyguard.service.views import Overview

TOTALS_KEPT_S = 5.0
MINUTE_MS = 60_000


class Front:
    """Sums up what is live, the alerts, and today's energy of the history.

    Args:
        live: the newest of everything.
        book: the alerts.
        query: asks the history.
        consumption: what was used, where not all of it goes by one clock.
        zone: where "today" begins at midnight.
        clock: the wall clock.
    """

    def __init__(
        self,
        live: LiveProjection,
        book: AlertBook,
        query: Callable[..., pa.Table],
        consumption: Consumption,
        zone: str,
        clock: Clock,
    ) -> None:
        self._live, self._book, self._query = live, book, query
        self._consumption, self._zone, self._clock = consumption, zone, clock
        self._totals: tuple[float, float | None] = (float("-inf"), None)

    def overview(self) -> Overview:
        """The numbers as they are now. Asks the history at most every five seconds."""
        drawn, fresh = self._live.drawn(), self._live.fresh()
        opened = self._book.open()
        minutes = self._live.per_minute(2)
        now_ms = self._clock.now_ms()
        part = now_ms % 60_000 / 60_000  # of the minute that is not over yet
        partitions = self._live.partitions()
        marks = [p.watermark_ms for p in partitions if p.watermark_ms is not None]
        day_ms = fresh.clock_ms and midnight_ms(fresh.clock_ms, self._zone)
        return Overview(
            kw_now=drawn.kw,
            kw_at_ms=drawn.at_ms,
            live=drawn.live,
            kwh_today=self._kwh_today(day_ms, fresh.clock_ms),
            day_ms=day_ms,
            readings_per_minute=round(minutes[0][1] * (1 - part)) + minutes[1][1],
            devices=drawn.sending,
            devices_silent=drawn.silent,
            open_alerts=len(opened),
            firing=sum(alert.state is State.FIRING for alert in opened),
            newest_ms=fresh.newest_ms,
            watermark_ms=min(marks, default=None),
            lag=sum(p.lag for p in partitions),
            heard_ms=fresh.received_ms,
            now_ms=now_ms,
        )

    def _kwh_today(self, day_ms: int | None, now_ms: int | None) -> float | None:
        queried_s, kwh = self._totals
        if day_ms is None or now_ms is None or self._clock.monotonic() < queried_s + TOTALS_KEPT_S:
            return kwh
        try:
            if self._live.apart():
                kwh = self._kwh_by_one_clock(day_ms, now_ms)
            else:
                rows = self._query("totals", start_ms=day_ms, end_ms=now_ms + 1).to_pylist()
                kwh = float(rows[0]["kwh"] or 0.0) if rows and rows[0]["readings"] else None
        except Unavailable:
            kwh = None
        self._totals = (self._clock.monotonic(), kwh)
        return kwh

    def _kwh_by_one_clock(self, start_ms: int, end_ms: int) -> float | None:
        """The energy of everything but simulations, to the minute; None: nothing came."""
        borders = (start_ms, (end_ms // MINUTE_MS + 1) * MINUTE_MS)
        used = self._consumption.between([""], borders)[""]
        nano = used.between(*borders)
        return nano / NANO if nano or used.readings.any() else None
