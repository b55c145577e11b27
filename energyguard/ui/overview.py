"""Overview: how much, how fast, who, when, and whether the numbers can be trusted."""

from __future__ import annotations

from itertools import accumulate

from energyguard.model.alerts import State
from energyguard.serve.views import Quality
from energyguard.ui.alert_rows import AlertRow, draw_alert
from energyguard.ui.board import DAY_MS, HOUR_MS, MINUTE_MS, SPANS, times_ms
from energyguard.ui.layout import Visit, heard
from energyguard.ui.parts import Figures, Rows, Tag, Tile, bar, card
from energyguard.ui.plots import Data, Plot
from energyguard.ui.usual import DAYS, usual_range
from energyguard.ui.words import age, count, moment, number, plural

MOST_ALERTS = 5
MOST_BARS = 7
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


class Overview:
    """The first page."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.board = visit, visit.board
        span = visit.span
        self.empty = Tag("section", "", "card")
        with self.empty, Tag("div", "", "empty wide"):
            Tag("strong", "No readings yet")
            Tag("p", "Start the simulators:")
            Tag("code", "energyguard simulate household")
            Tag("p", "or send your own meters' readings:")
            Tag("code", "curl -d @readings.csv …/api/v1/readings")
        self.rest = Tag("div", "", "grid")
        with self.rest:
            with Tag("div", "", "tiles"):
                self.power = Tile("Power now", "#power")
                self.energy = Tile("Energy today", "#top")
                self.rate = Tile("Readings", visit.href("/households") + "#readings")
                self.alerts = Tile("Needs attention", visit.href("/alerts"))
                self.age = Tile("Last word", visit.href("/quality"))
            with card("Power, all meters", "c8", anchor="power") as self.curve_note:
                self.curve = Plot("line", "Power of all meters", 300)
            with card("Needs attention", "c4", "newest first"):
                self.rows: Rows[AlertRow] = Rows(
                    lambda row: draw_alert(visit, row), "Nothing needs you. No alert is open."
                )
            with card(f"Top consumers, last {span.words}", "c5", anchor="top"):
                self.top: Rows[tuple[str, float, float]] = Rows(self._bar, "Nothing measured yet.")
            with card("When energy is used", "c7", "kWh per hour, last 7 days"):
                self.hours = Plot("heat", "Energy by day and hour, last 7 days", 215)
            with card("Can the numbers be trusted?", "c12") as note:
                self.trust = Figures(TRUST)
            with note:
                Tag("a", "All that is known", "link", href=visit.href("/quality"))
        visit.every(1.0, self.second)
        visit.every(2.0, self.move_on)
        visit.every(span.keep_s, self.past)
        visit.every(30.0, self.long_past)

    def _bar(self, row: tuple[str, float, float]) -> None:
        device, kwh, share = row
        bar(device, share, f"{number(kwh)}\u00a0kWh", self.visit.href("/households", device=device))

    async def second(self) -> None:
        """The tiles and the rows that need someone."""
        now, zone = await self.board.now(), self.visit.zone
        self.empty.set_visibility(now.newest_ms is None)
        self.rest.set_visibility(now.newest_ms is not None)
        homes = plural(now.devices, "meter")
        silent = f", {now.devices_silent} silent" if now.devices_silent else ""
        self.power.show(number(now.kw_now), "kW", f"{homes}{silent}")
        self.energy.show(number(now.kwh_today), "kWh", "since midnight UTC")
        self.rate.show(count(now.readings_per_minute), "/min", "over the last minute")
        opened = self.board.desk.book.open()
        oldest = min((a.since_ms for a in opened), default=None)
        said = f"{plural(len(opened), 'alert')} open, oldest {moment(oldest, zone)}"
        self.alerts.show(count(now.firing), "", said if opened else "no alert is open")
        self.age.show(*heard(now), f"newest reading {moment(now.newest_ms, zone, '%H:%M:%S')}")
        waiting = [a for a in opened if a.condition is not State.PENDING]
        self.rows.show([AlertRow.of(a, zone) for a in waiting[:MOST_ALERTS]])

    async def move_on(self) -> None:
        """The newest end of the power line."""
        await self.board.now()
        self.age.spark.show({"ys": list(self.board.ages)})
        if self.board.trail:
            t, kw = self.board.trail[-1]
            self.curve.push(*self.board.borders(self.visit.span), [t], [kw])

    async def past(self) -> None:
        """The power line, the ranking and the sparks."""
        span = self.visit.span
        start, end = self.board.borders(span)
        settled = self.board.settled_ms(end - max(span.step_ms, SETTLING_MS))
        settled -= settled % span.step_ms
        xs, ys = await self.board.power(start, settled, span.step_ms, span.keep_s)
        self.power.spark.show({"ys": ys[-60:]})
        self.energy.spark.show({"ys": list(accumulate(ys[-60:]))})
        tail = [(t, kw) for t, kw in self.board.trail if t > (xs[-1] if xs else start)]
        band = await self._usual(start, end)
        self.curve.show(
            {
                "from": start, "to": end, "unit": "kW", "zone": self.visit.zone, "band": band,
                "xs": xs + [t for t, _ in tail], "ys": ys + [kw for _, kw in tail],
                "gap": 5 * span.step_ms,
            }
        )  # fmt: skip
        self.curve_note.text = (
            "line: measured · band: usual at this hour" if band["xs"] else f"last {span.words}"
        )
        top = await self.board.ask(
            "top", span.keep_s, start_ms=start, end_ms=end, by="kwh", n=MOST_BARS
        )
        rows = list(zip(top["device"].to_pylist(), top["kwh"].to_pylist(), strict=True))
        most = max((kwh for _, kwh in rows), default=0.0) or 1.0
        self.top.show([(device, kwh, kwh / most) for device, kwh in rows])

    async def _usual(self, start: int, end: int) -> dict[str, list[float]]:
        """The band of what is usual, asked for rarely: it moves slowly."""
        step = max(self.visit.span.step_ms, 15 * MINUTE_MS)
        start, end = start - start % step, end - end % step + step
        xs, ys = await self.board.power(start - DAYS * DAY_MS, end, step, 300)
        return usual_range(xs, ys, start, end)

    async def _raised(self) -> None:
        """How many alerts were raised in each step of the time range."""
        span = self.visit.span
        step = max(span.length_ms // 24, span.step_ms)
        start, end = self.board.borders(span)
        seen = await self.board.ask(
            "alerts_over_time", 30, start_ms=start, end_ms=end, step_ms=step
        )
        raised = dict.fromkeys(range(start // step, end // step + 1), 0)
        for t, n in zip(times_ms(seen["time"]), seen["raised"].to_pylist(), strict=True):
            raised[t // step] = raised.get(t // step, 0) + n
        self.alerts.spark.show({"ys": list(raised.values())})

    async def long_past(self) -> None:
        """The week by hours, the other sparks, and the figures of trust."""
        _, end = self.board.borders(SPANS["7d"])
        xs, ys = await self.board.power(end - 7 * DAY_MS, end, HOUR_MS, 60)
        self.hours.show(week(xs, ys))
        per_minute = [n for _, n in self.board.desk.live.per_minute(60)]
        self.rate.spark.show({"ys": per_minute})
        await self._raised()
        quality = await self.board.shared("quality", 5, self.board.desk.quality)
        show_trust(self.trust, quality)


def week(xs: list[int], ys: list[float]) -> Data:
    """Hours as a week: a row for each day, the newest last, a column for each hour (UTC)."""
    days: dict[int, list[float | None]] = {}
    for t, kw in zip(xs, ys, strict=True):
        day = days.setdefault(t - t % DAY_MS, [None] * 24)
        day[t % DAY_MS // HOUR_MS] = kw
    return {
        "rows": [
            {"name": moment(day, "UTC", "%a %-d"), "values": values}
            for day, values in sorted(days.items())[-7:]
        ],
        "columns": [f"{hour:02d}" for hour in range(24)],
        "unit": "kWh",
    }


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
