"""A device's windows of today against the limit of a rule."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.model.calendar import CalendarSpan
from energyguard.model.quantities import NANO
from energyguard.page.elements.charts import BarSeries, BarStep, bars
from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.plots import Data, Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import DAY_MS, MINUTE_MS, times_ms
from energyguard.page.measures.consumption_chart import stretches
from energyguard.page.words.formatting import amount, count, moment, number
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.lengths import duration
from energyguard.rules.kinds.threshold import ThresholdRule

KEEP_S = 15.0
PAST_KEEP_S = 600.0
PAST_DAYS = 90
QUARTER_MS = 15 * MINUTE_MS
MAX_WINDOWS = 150


class LimitBars:
    """A card of one rule.

    Args:
        context: the open page.
        device: whose.
        rule: holds the sum of a window against a level.
        day: today, where the device is.
    """

    def __init__(
        self, context: PageContext, device: str, rule: ThresholdRule, day: CalendarSpan
    ) -> None:
        self.context, self.cache = context, context.cache
        self.device, self.rule, self.day = device, rule, day
        self._past: list[float] = []
        title = _("Each {window} against the limit").format(window=duration(rule.window_ms))
        with card(title, "c12", anchor=f"rule-{rule.id}") as self.note:
            self.plot = Plot("bars", title, 190)
            with Tag("div", "", "limit-foot"):
                self.words = Tag("p", "", "sub")
                if context.may("operate"):
                    words = _("Change limit")
                    Tag("a", words, "link", href="#limits", aria_label=f"{words} {rule.id}")

    async def draw(self) -> None:
        """Ask for the windows of today, and hold them against the limit that holds now."""
        found = self.cache.service.rules.get(self.rule.id)
        if isinstance(found, ThresholdRule):
            self.rule = found
        rule, zone = self.rule.of(self.device), self.day.zone
        step = max(rule.window_ms, -(-DAY_MS // MAX_WINDOWS // MINUTE_MS) * MINUTE_MS)
        seen = await self.cache.ask(
            "window_sums", KEEP_S, device=self.device, start_ms=self.day.start_ms,
            end_ms=self.day.end_ms, window_ms=rule.window_ms, slide_ms=step,
        )  # fmt: skip
        now = self.context.now_ms
        sums = dict(zip(times_ms(seen["window_end"]), seen["kwh"].to_pylist(), strict=True))
        ends = range(self.day.start_ms + rule.window_ms, self.day.end_ms + 1, step)
        values = [sums.get(end) if end <= now else None for end in ends]
        limit = rule.level / NANO
        own = rule.level != self.rule.level
        form = _("its own limit {amount}") if own else _("limit {amount}")
        words = form.format(amount=amount(rule.level, "kWh"))
        steps = [BarStep(moment(end - step, zone, "%H:%M"),
                         f"{moment(end - rule.window_ms, zone)}–{moment(end, zone)}")
                 for end in ends]  # fmt: skip
        self.plot.show(self._drawn(steps, values, (limit, words)))
        side = -1 if rule.is_below else 1
        above = [n for n, kwh in enumerate(values) if kwh is not None and side * (kwh - limit) > 0]
        self.note.text = self._above(above, list(ends), rule.window_ms)
        self.plot.say(f"{_('Windows of today')}: {self.note.text}; {words}")

    async def draw_past(self) -> None:
        """How often its limit would have been passed in the past."""
        rule = self.rule.of(self.device)
        self.words.text = await self._often(rule.level / NANO, rule.window_ms)

    def _drawn(
        self, steps: list[BarStep], values: list[float | None], limit: tuple[float, str]
    ) -> Data:
        series = [BarSeries(self.device, values)]
        return bars(steps, series, "kWh", limit=limit, below=self.rule.is_below)

    def _above(self, above: Sequence[int], ends: Sequence[int], window_ms: int) -> str:
        """How many were above it today, and when."""
        if not above:
            return _("none below it today") if self.rule.is_below else _("none above it today")
        zone, spans = self.day.zone, []
        for first, end in stretches(above)[:2]:
            begin, stop = ends[first] - window_ms, ends[end - 1]
            spans.append(f"{moment(begin, zone)}–{moment(stop, zone)}")
        more = " …" if len(stretches(above)) > 2 else ""
        form = _("{n} below it, {when}") if self.rule.is_below else _("{n} above it, {when}")
        return form.format(n=count(len(above)), when=", ".join(spans) + more)

    async def _often(self, limit: float, window_ms: int) -> str:
        """How often a limit would have been passed in the last ninety days; empty: not quickly."""
        if window_ms % QUARTER_MS or self.rule.is_below:
            return ""
        if not self._past:
            end = self.day.start_ms
            seen = await self.cache.ask(
                "energy", PAST_KEEP_S, device=self.device, start_ms=end - PAST_DAYS * DAY_MS,
                end_ms=end, step_ms=window_ms,
            )  # fmt: skip
            self._past = seen["kwh"].to_pylist()
        return often(self._past, limit)


def often(past: Sequence[float], limit: float) -> str:
    """How often sums of the past have passed a limit: those that follow one another are one."""
    above = [n for n, kwh in enumerate(past) if kwh > limit]
    n = len(stretches(above))
    if not past:
        return ""
    if not n:
        return _("With {limit} kWh this would not have alerted in 90 days").format(
            limit=number(limit)
        )
    form = ngettext(
        "With {limit} kWh this would have alerted once in 90 days",
        "With {limit} kWh this would have alerted {n} times in 90 days", n,
    )  # fmt: skip
    return form.format(limit=number(limit), n=count(n))
