"""Overview: how much, how fast, who, when, and whether the numbers can be trusted."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate
from statistics import mean

from energyguard.model.alerts import State
from energyguard.model.days import day_ms, hour_step_ms, local
from energyguard.page.alert_rows import AlertRow, draw_alert
from energyguard.page.baseline import DAYS, baseline_range
from energyguard.page.components import ChangingList, Figures, Ranking, Rest, Tag, Tile, card
from energyguard.page.context import PageContext
from energyguard.page.formatting import (
    age,
    count,
    day_moment,
    moment,
    near_moment,
    needs_someone,
    number,
    plural,
)
from energyguard.page.page_cache import DAY_MS, HOUR_MS, MINUTE_MS, times_ms
from energyguard.page.plots import Data, Plot, line
from energyguard.service.views import Freshness, Quality
from energyguard.service.views import Overview as Now

MAX_ALERTS = 5
MAX_BARS = 7
STEPS = (MINUTE_MS, 15 * MINUTE_MS, HOUR_MS)
"""Of the power line: a finer one than the meters send would be spikes and holes."""
SETTLING_MS = 3 * MINUTE_MS
"""The history fills its newest minutes still, in a system that runs faster than time."""
TRUST = (
    "readings accepted",
    "late, kept",
    "duplicate",
    "refused: see why",
    "watermark behind",
    "records not read yet",
)


class OverviewPage:
    """The first page."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        span = context.span
        self.rest = Rest(
            "No readings yet",
            "Start the simulators:",
            "$ energyguard simulate household",
            "or send your own meters' readings:",
            "$ curl -d @readings.csv …/api/v1/readings",
        )
        with self.rest:
            with Tag("div", "", "tiles"):
                self.power = Tile("Power now", "#power")
                self.energy = Tile("Energy today", "#top")
                self.rate = Tile("Readings", context.href("/households") + "#readings")
                self.alerts = Tile("Needs attention", context.href("/alerts"))
                self.age = Tile("Newest reading", context.href("/quality"))
            with card("Power, all meters", "c8", anchor="power") as self.curve_note:
                self.curve = Plot("line", "Power of all meters", 300)
            with card("Needs attention", "c4", "newest first", anchor="attention"):
                self.rows: ChangingList[AlertRow] = ChangingList(
                    lambda row: draw_alert(context, row), "Nothing needs you. No alert is open."
                )
            with card(f"Top consumers, {context.lasting}", "c5", anchor="top"):
                self.top = Ranking("Nothing measured yet.", context.device_href)
            with card("When energy is used", "c7", "kWh per hour, last 7 days"):
                self.hours = Plot("heat", "Energy by day and hour, last 7 days", 215)
            with card("Can the numbers be trusted?", "c12") as note:
                self.trust = Figures(TRUST)
            with note:
                Tag("a", "All that is known", "link", href=context.href("/quality"))
        context.every(1.0, self.second)
        context.every(2.0, self.move_on)
        context.every(span.keep_s, self.past)
        context.every(30.0, self.long_past)

    async def second(self) -> None:
        """The tiles and the rows that need someone."""
        now, zone = await self.cache.now(), self.context.zone
        self.rest.show(now.newest_ms is not None)
        show_power(self.power, now, self.cache.service.live.fresh(), zone)
        show_today(self.energy, now, zone)
        self.rate.show(count(now.readings_per_minute), "/min", "over the last minute")
        opened = self.cache.service.book.open()
        oldest = near_moment(min((a.since_ms for a in opened), default=None), now.now_ms, zone)
        words = f"{plural(len(opened), 'alert')} open, oldest {oldest}"
        needed = sum(needs_someone(alert) for alert in opened)
        self.alerts.show(count(needed), "", words if opened else "no alert is open")
        self._newest(now)
        waiting = [a for a in opened if a.condition is not State.PENDING]
        self.rows.show([AlertRow.of(a, zone) for a in waiting[:MAX_ALERTS]])

    def _newest(self, now: Now) -> None:
        """How old the newest reading is: by its own time, in a simulation by when it came."""
        fresh = self.cache.service.live.fresh()
        since = fresh.received_ms if fresh.simulated else fresh.since_ms
        old = ("–", "") if since is None else age(max(0, now.now_ms - since))
        when = day_moment(fresh.newest_ms, self.context.zone)
        its = ", its own clock" if fresh.simulated else ""
        self.age.show(*old, f"of {when}{its}", old=not fresh.live)

    async def move_on(self) -> None:
        """The newest end of the power line."""
        await self.cache.now()
        self.age.spark.show({"ys": list(self.cache.ages)})
        if self.cache.trail:
            t, kw = self.cache.trail[-1]
            self.curve.push(*self.cache.borders(self.context.span), [t], [kw])

    async def past(self) -> None:
        """The power line, the ranking and the sparks."""
        span = self.context.span
        start, end = self.cache.borders(span)
        pace = self.cache.service.live.fresh().pace_ms
        step = next((s for s in STEPS if s >= max(pace, span.step_ms)), STEPS[-1])
        archived = await self.cache.archived_ms("", span.keep_s)  # it may have begun after us
        settled = self.cache.settled_ms(min(end - max(step, SETTLING_MS), archived))
        settled -= settled % step
        xs, ys = await self.cache.power(start - start % step, settled, step, span.keep_s)
        self.power.spark.show({"ys": ys[-60:]})
        self.energy.spark.show({"ys": list(accumulate(ys[-60:]))})
        tail = [(t, kw) for t, kw in self.cache.trail if t > (xs[-1] if xs else start)]
        band = await self._usual(start, end, step)
        xs, ys = xs + [t for t, _ in tail], ys + [kw for _, kw in tail]
        self.curve.show(line(start, end, xs, ys, "kW", self.context.zone, band=band, gap=5 * step))
        self.curve_note.text = (
            "line: measured · band: usual at this hour" if band["xs"] else self.context.lasting
        )
        top = await self.cache.ask(
            "top", span.keep_s, start_ms=start, end_ms=end, by="kwh", n=MAX_BARS
        )
        rows = zip(top["device"].to_pylist(), top["kwh"].to_pylist(), strict=True)
        self.top.show((device, kwh, f"{number(kwh)}\u00a0kWh") for device, kwh in rows)

    async def _usual(self, start: int, end: int, step: int) -> dict[str, list[float]]:
        """The band of what is usual, asked for rarely: it moves slowly."""
        step = max(step, 15 * MINUTE_MS)
        start, end = start - start % step, end - end % step + step
        xs, ys = await self.cache.power(start - DAYS * DAY_MS, end, step, 300)
        return baseline_range(xs, ys, start, end)

    async def _raised(self) -> None:
        """How many alerts were raised in each step of the time range."""
        span = self.context.span
        step = max(span.length_ms // 24, span.step_ms)
        start, end = self.cache.borders(span)
        seen = await self.cache.ask(
            "alerts_over_time", 30, start_ms=start, end_ms=end, step_ms=step
        )
        raised = dict.fromkeys(range(start // step, end // step + 1), 0)
        for t, n in zip(times_ms(seen["time"]), seen["raised"].to_pylist(), strict=True):
            raised[t // step] = raised.get(t // step, 0) + n
        self.alerts.spark.show({"ys": list(raised.values())})

    async def long_past(self) -> None:
        """The week by hours, the other sparks, and the figures of trust."""
        zone = self.context.zone
        newest = self.cache.service.live.newest_ms() or self.cache.service.clock.now_ms()
        today = local(newest, zone).date()
        start, end = day_ms(today - timedelta(6), zone)[0], day_ms(today, zone)[1]
        step = hour_step_ms(newest, zone)
        self.hours.show(week(*await self.cache.power(start, end, step, 60), zone))
        per_minute = [n for _, n in self.cache.service.live.per_minute(60)]
        self.rate.spark.show({"ys": per_minute})
        await self._raised()
        quality = await self.cache.shared("quality", 5, self.cache.service.quality)
        show_trust(self.trust, quality)


def week(xs: list[int], ys: list[float], zone: str) -> Data:
    """Hours as a week: a row for each day in a zone, the newest last, a column for each hour."""
    seen: dict[date, dict[int, list[float]]] = {}
    for t, kw in zip(xs, ys, strict=True):
        at = local(t, zone)
        seen.setdefault(at.date(), {}).setdefault(at.hour, []).append(kw)
    return {
        "rows": [
            {
                "name": f"{day:%a %-d}",
                "values": [mean(hours[h]) if h in hours else None for h in range(24)],
            }
            for day, hours in sorted(seen.items())[-7:]
        ],
        "columns": [f"{hour:02d}" for hour in range(24)],
        "unit": "kWh",
    }


def show_power(tile: Tile, now: Now, fresh: Freshness, zone: str) -> None:
    """What is drawn now; what is older than a minute is said with its time, never as of now."""
    meters = plural(now.devices, "meter") + (
        f", {count(now.devices_silent)} silent" if now.devices_silent else ""
    )
    old_ms = max(0, now.now_ms - (fresh.since_ms or 0))
    ago = f"{' '.join(age(old_ms))} ago"
    if now.live and old_ms < MINUTE_MS:
        tile.show(number(now.kw_now), "kW", meters, "Power now")
    elif now.live:
        tile.show(number(now.kw_now), "kW", f"{meters}, {ago}", _at(now, zone))
    else:
        words = f"of {day_moment(now.kw_at_ms, zone)}, {ago}"
        tile.show(number(now.kw_now), "kW", words, "Power, last known", old=True)


def _at(now: Now, zone: str) -> str:
    return f"Power at {near_moment(now.kw_at_ms, now.now_ms, zone, '%H:%M')}"


def show_today(tile: Tile, now: Now, zone: str) -> None:
    """The energy since midnight in the zone."""
    if now.kwh_today is None and (now.newest_ms or 0) < (now.day_ms or 0):
        tile.show("–", "", "nothing measured today", old=True)
    else:
        since = f"since midnight, {moment(now.day_ms, zone, '%a %-d %b')}"
        tile.show(number(now.kwh_today), "kWh", since)


def show_trust(figures: Figures, quality: Quality) -> None:
    """What was counted, what was not, and how far behind the counting is."""
    refused = quality.malformed + quality.out_of_range
    lag = sum(p.lag for p in quality.partitions)
    behind = watermark_lag_ms(quality)
    for name, n, matters in (
        ("readings accepted", quality.accepted, False),
        ("late, kept", quality.late, False),
        ("duplicate", quality.duplicate, False),
        ("refused: see why", refused, refused > 0),
        ("records not read yet", lag, lag > 1_000),
    ):
        figures.show(name, count(n), matters)
    figures.show("watermark behind", " ".join(age(behind)) if behind is not None else "–")


def watermark_lag_ms(quality: Quality) -> int | None:
    """How far the watermark is behind the newest reading, where it is furthest."""
    lags = [
        p.newest_ms - p.watermark_ms
        for p in quality.partitions
        if p.newest_ms is not None and p.watermark_ms is not None
    ]
    return max(lags, default=None)
