"""What was used as bars: a span's steps, the span before behind them, gaps as gaps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from energyguard.model.calendar import CalendarStep
from energyguard.page.elements.charts import BarGap, BarSeries, bars
from energyguard.page.elements.plots import Data
from energyguard.page.measures.explained import step_hrefs
from energyguard.page.measures.spans import bar_steps
from energyguard.page.words.language import _
from energyguard.service.consumption.amounts import ConsumptionStep
from energyguard.service.consumption.consumption import ConsumptionSeries

MAX_NAMED_GAPS = 3
"""Of more gaps than this, words would lie on one another."""


class NamedSeries(NamedTuple):
    """A series with what people call it, and what it is compared with."""

    name: str
    series: ConsumptionSeries
    before: Sequence[ConsumptionStep]  # of the span that it is compared with
    before_kwh: float | None  # up to the same time

    @property
    def missing(self) -> list[int]:
        """The steps without readings; not those before it ever sent."""
        steps = self.series.steps
        sent_before = any(step.readings for step in self.before)
        first = next((i for i, step in enumerate(steps) if step.readings), len(steps))
        return [i for i in self.series.missing if sent_before or i > first]


def consumption_bars(
    rows: Sequence[NamedSeries],
    step: CalendarStep,
    zone: str,
    before_name: str = "",
    none: str = "",
) -> Data:
    """What the chart draws.

    Args:
        rows: at most five; one alone has the span before behind it.
        step: what each bar is.
        zone: of the steps' names.
        before_name: what the span before is called; empty: it is not drawn.
        none: what is said where there is no sum; empty: that nothing was measured.
    """
    first = rows[0].series
    starts = [row.start_ms for row in first.steps]
    single_day = first.span.days == 1
    steps = bar_steps(starts, step, zone, single_day)
    before = None
    if before_name and len(rows) == 1:
        past = [row.kwh for row in rows[0].before][: len(steps)]
        before = BarSeries(before_name, past + [None] * (len(steps) - len(past)))
    gaps = [gap for n, row in enumerate(rows) for gap in gaps_of_steps(row.missing, n)]
    named = gaps if len(gaps) <= MAX_NAMED_GAPS * len(rows) else []
    gaps = [_with_words(gap, named, rows) for gap in gaps]
    series = [
        BarSeries(
            row.name,
            [row_step.kwh for row_step in row.series.steps],
            step_hrefs(row.series),
        )
        for row in rows
    ]
    return bars(steps, series, "kWh", before, first.open, gaps, none=none)


def _with_words(gap: BarGap, named: Sequence[BarGap], rows: Sequence[NamedSeries]) -> BarGap:
    """A gap with words above it: of whom, where others have readings meanwhile."""
    alike = [other for other in named if (other.first, other.end) == (gap.first, gap.end)]
    if gap not in named or gap is not alike[0]:
        return gap
    words = _("no readings")
    of_all = len(alike) == len(rows)
    names = ", ".join(rows[other.series].name for other in alike)
    return BarGap(
        gap.series, gap.first, gap.end, (words if of_all else f"{names}: {words}",), gap.height
    )


def gaps_of_steps(numbers: Sequence[int], series: int = 0) -> list[BarGap]:
    """Steps of a series without readings, as gaps without words."""
    return [BarGap(series, first, end, ()) for first, end in stretches(numbers)]


def stretches(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers that follow one another as (first, end): ``[1, 2, 5]`` is ``(1, 3), (5, 6)``."""
    if not numbers:
        return []
    cuts = [i for i, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1]
    starts, ends = [0, *cuts], [*cuts, len(numbers)]
    return [(numbers[a], numbers[b - 1] + 1) for a, b in zip(starts, ends, strict=True)]
