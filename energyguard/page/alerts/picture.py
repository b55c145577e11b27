"""What an alert was raised on, as a picture: its windows' sums, or its readings, and the level."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.page.elements.plots import Data, line
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import HOUR_MS, MINUTE_MS, SPANS, times_ms
from energyguard.page.measures.baseline import usual_band
from energyguard.page.measures.limits import profile_of, rules_that_learn
from energyguard.page.measures.series_chart import is_near, pace_ms
from energyguard.page.words.formatting import amount, side
from energyguard.page.words.language import _
from energyguard.rules.kinds.demand import DemandRule
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.rules.unusual.evidence import UnusualEvidence
from energyguard.service.alerts.how_unusual import usual_around
from energyguard.service.devices import GAP_STEPS

KEEP_S = 4.0
MAX_READINGS = 5_000
RAW_MS = 4 * HOUR_MS
"""A shorter time is drawn by single readings."""
_BEFORE = (30 * MINUTE_MS, 6 * HOUR_MS)
"""What is shown before an alert: half as long as it lasts, within these."""


_COUNTERS = {"delta_kwh": "energy_register_kwh"}
"""Where nobody sent the first, it was taken from the steps of the second."""


class AlertPicture(NamedTuple):
    """A chart, and what it shows at its worst while the alert lasts."""

    data: Data
    worst: int | None  # 1e-9 of the alert's unit; None: nothing of that time is known yet
    last: int | None = None  # of windows: the newest; None: what the alert says of itself
    usual_by: str = ""  # whose band it has, where several rules know what is usual

    @property
    def words(self) -> str:
        """What is to be said of how it is drawn."""
        if "band" not in self.data:
            return ""
        if self.usual_by:
            return " " + _("Pale: what is usual, by {rule}.").format(rule=self.usual_by)
        return " " + _("Pale: what is usual.")


def rule_of(context: PageContext, alert: Alert) -> Rule | None:
    """The rule that raised it, as it is now; None: it is no more."""
    rules = context.cache.service.rules.all()
    return next((rule for rule in rules if rule.id == alert.rule), None)


def of_windows(alert: Alert, rule: Rule | None) -> bool:
    """Whether it was raised on sums of windows."""
    if rule is None:
        return alert.window_start_ms < alert.window_end_ms
    return isinstance(rule, ThresholdRule) and not rule.is_mean


def has_picture(alert: Alert, rule: Rule | None) -> bool:
    """Whether there is something to draw: a silence has no values."""
    return alert.measured and (of_windows(alert, rule) or alert.channel in CHANNELS)


async def picture(context: PageContext, alert: Alert, rule: Rule | None, zone: str) -> AlertPicture:
    """The picture of an alert that has one, as far as the history goes; times in a zone."""
    if of_windows(alert, rule):
        return await _windows(context, alert, rule, zone)
    found = await _readings(context, alert, rule, zone)
    rules = rules_that_learn(context.cache.service, alert.device, alert.channel)
    return found._replace(usual_by=alert.rule) if len(rules) > 1 else found


def _worst(alert: Alert, xs: Sequence[int], ys: Sequence[float]) -> int | None:
    """The highest, or the lowest, while it lasts."""
    during = [
        y
        for t, y in zip(xs, ys, strict=True)
        if t >= alert.since_ms and (alert.open or t <= alert.changed_ms)
    ]
    return round(side(alert).furthest(during) * NANO) if during else None


def _level(alert: Alert, word: str) -> Data:
    """The level across it; an alert about too little has what is under it in red."""
    words = f"{word} {amount(alert.expected, alert.unit)}"
    return {"limit": alert.expected / NANO, "limitName": words, "below": alert.is_below}


async def _windows(
    context: PageContext, alert: Alert, rule: Rule | None, zone: str
) -> AlertPicture:
    cache = context.cache
    window = alert.window_end_ms - alert.window_start_ms
    start = min(alert.since_ms, alert.window_start_ms) - 3 * window
    newest = cache.service.live.newest_ms(alert.topic or None) or alert.changed_ms
    end = alert.changed_ms + 2 * window if not alert.open else max(newest, alert.changed_ms)
    slide = rule.slide_ms if isinstance(rule, ThresholdRule) else window
    slide = window if window % slide else slide
    furthest = side(alert).furthest
    xs, ys = await cache.sums(alert.device, window, slide, start, end, KEEP_S, furthest)
    if (xs[-1] if xs else start) < alert.window_end_ms <= end:  # the history has it in a moment
        xs, ys = [*xs, alert.window_end_ms], [*ys, alert.observed / NANO]
    drawn = line(start, end, xs, ys, alert.unit, zone, **_level(alert, _("limit")))
    last = round(ys[-1] * NANO) if xs and xs[-1] > alert.changed_ms else None
    return AlertPicture(drawn, _worst(alert, xs, ys), last)


async def _readings(
    context: PageContext, alert: Alert, rule: Rule | None, zone: str
) -> AlertPicture:
    start, end = _around(context, alert)
    if (known := UnusualEvidence.of(alert.observed, alert.evidence)) is not None:
        return await _unlike(context, alert, known, (start, end), zone)
    if isinstance(rule, DemandRule):
        return await _periods(context, alert, rule, (start, end), zone)
    xs, ys = await _course(context, alert, start, end)
    more = await _usual(context, alert, start, end) if isinstance(rule, ProfileRule) else None
    more = more or _level(alert, _("limit"))
    more |= {"near": True} if is_near(alert.unit) else {}
    gap = GAP_STEPS * max(pace_ms(xs), 1_000)
    return AlertPicture(
        line(start, end, xs, ys, alert.unit, zone, gap=gap, **more), _worst(alert, xs, ys)
    )


async def _unlike(
    context: PageContext, alert: Alert, known: UnusualEvidence, shown: tuple[int, int], zone: str
) -> AlertPicture:
    """The mean powers of slots; pale what is usual, which the alert says of its own slot."""
    slot_ms, found = known.slot_ms, known.alert
    start, end, xs, ys = await _powers(context, alert, shown, slot_ms)
    service = context.cache.service
    steps = await asyncio.to_thread(usual_around, service, alert, known, start, end)
    last = end if len(steps) > 1 else (found.opened + 1) * slot_ms
    ends = [*(step.begin_ms for step in steps[1:]), last]
    band = {
        "xs": [at for step, stop in zip(steps, ends, strict=True) for at in (step.begin_ms, stop)],
        "low": [step.low for step in steps for _side in range(2)],
        "high": [step.high for step in steps for _side in range(2)],
        "raises": True,
        "since": found.since * slot_ms,
    }
    drawn = line(start, end, xs, ys, alert.unit, zone, gap=GAP_STEPS * slot_ms, band=band)
    return AlertPicture(drawn, _worst(alert, xs, ys))


async def _periods(
    context: PageContext, alert: Alert, rule: DemandRule, shown: tuple[int, int], zone: str
) -> AlertPicture:
    """The mean powers of whole periods; the one that runs as it is forecast."""
    period_ms = rule.period_ms
    start, end, xs, ys = await _powers(
        context, alert, (shown[0] - 4 * period_ms, shown[1]), period_ms
    )
    if alert.open and xs:
        ys[-1] = alert.observed / NANO
    gap, level = GAP_STEPS * period_ms, _level(alert, _("limit"))
    drawn = line(start, end, xs, ys, alert.unit, zone, gap=gap, **level)
    return AlertPicture(drawn, _worst(alert, xs, ys))


async def _powers(
    context: PageContext, alert: Alert, shown: tuple[int, int], step_ms: int
) -> tuple[int, int, list[int], list[float]]:
    """Mean powers (kW) of whole steps around an alert: from when, to when, times and powers."""
    start, end = (time // step_ms * step_ms for time in (shown[0], shown[1] + step_ms - 1))
    seen = await context.cache.ask_as(
        (alert.id, alert.changed_ms), KEEP_S, "series", device=alert.device,
        channel=alert.channel, start_ms=start, end_ms=end, step_ms=step_ms,
    )  # fmt: skip
    powers = [energy * HOUR_MS / step_ms for energy in seen["value"].to_pylist()]
    return start, end, times_ms(seen["time"]), powers


async def _usual(context: PageContext, alert: Alert, start: int, end: int) -> Data | None:
    """The usual band of its rule, where it is known; of an energy the picture is no power."""
    if CHANNELS[alert.channel].kind in (Kind.INTERVAL, Kind.REGISTER):
        return None
    profile = await profile_of(context.cache, alert.device, alert.channel, alert.rule)
    if profile is None or profile.rule != alert.rule:
        return None
    return {"band": usual_band(profile, start, end)}


def _around(context: PageContext, alert: Alert) -> tuple[int, int]:
    """The time of an alert, some before it, and what came after."""
    lasts = alert.changed_ms - alert.since_ms
    shown = max(_BEFORE[0], min(_BEFORE[1], lasts // 2))
    newest = context.cache.service.live.newest_ms(alert.topic or None) or alert.changed_ms
    last = max(newest, alert.changed_ms)
    end = last if alert.open else min(alert.changed_ms + shown, last)
    return alert.since_ms - shown, end + 1


async def _course(
    context: PageContext, alert: Alert, start: int, end: int
) -> tuple[list[int], list[float]]:
    """The readings of a short time; of a long one the mean of each step."""
    parameters: dict[str, object] = {
        "device": alert.device, "channel": alert.channel, "start_ms": start, "end_ms": end
    }  # fmt: skip
    key = (alert.id, alert.changed_ms)
    kind = CHANNELS[alert.channel].kind
    if end - start <= RAW_MS or alert.channel in _COUNTERS:
        ask, limited = context.cache.ask_as, parameters | {"limit": MAX_READINGS}
        seen = await ask(key, KEEP_S, "readings", **limited)
        if not seen.num_rows and (counter := _COUNTERS.get(alert.channel)):
            seen = await ask((*key, counter), KEEP_S, "readings", **limited | {"channel": counter})
            kind = CHANNELS[counter].kind
        xs, ys = times_ms(seen["time"]), seen["value"].to_pylist()
        if kind is Kind.REGISTER:  # what it rose by
            return xs[1:], [after - before for before, after in pairwise(ys)]
        return xs, ys
    step = next((s.step_ms for s in SPANS.values() if s.length_ms >= end - start), HOUR_MS)
    seen = await context.cache.ask_as(key, KEEP_S, "series", step_ms=step, **parameters)
    factor = HOUR_MS / step if kind is Kind.POWER else 1.0
    return times_ms(seen["time"]), [value * factor for value in seen["value"].to_pylist()]
