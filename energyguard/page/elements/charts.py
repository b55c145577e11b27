"""What the charts of sums and of presence draw: bars by the step, a range, hours with readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from energyguard.page.elements.plots import Data
from energyguard.page.words.language import _

MAX_SERIES = 5
"""So many stand side by side; of more nobody could tell which is which."""


@dataclass(frozen=True, slots=True)
class BarStep:
    """A step of the axis.

    Attributes:
        label: below it: ``24``.
        at: in full, for who reads the value: ``Tue 24 Nov``.
    """

    label: str
    at: str


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Amounts by step; None: not known, or not yet. Each may lead somewhere."""

    name: str
    values: Sequence[float | None]
    hrefs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BarGap:
    """Steps in which nothing was measured.

    Attributes:
        series: the number of whose they are.
        first: the first step.
        end: the first step after it.
        words: above it, up to two lines.
        height: what each step came to on the mean, where the sum is known.
    """

    series: int
    first: int
    end: int
    words: tuple[str, ...]
    height: float | None = None


def bars(
    steps: Sequence[BarStep],
    series: Sequence[BarSeries],
    unit: str,
    before: BarSeries | None = None,
    running: int | None = None,
    gaps: Sequence[BarGap] = (),
    limit: tuple[float, str] | None = None,
    below: bool = False,
    none: str = "",
) -> Data:
    """What a chart of the kind ``bars`` draws.

    Args:
        steps: of the axis.
        series: at most ``MAX_SERIES``, each a value per step.
        unit: of all values.
        before: the span before, pale behind a single series.
        running: the step that is not over.
        gaps: where nothing was measured.
        limit: a dashed line with its words; what is above it is red.
        below: what is below the limit is red, not what is above.
        none: what is said where there is no value; empty: that nothing was measured.
    """
    return {
        "steps": [{"label": step.label, "at": step.at} for step in steps],
        "series": [
            {"name": row.name, "values": list(row.values)}
            | ({"hrefs": list(row.hrefs)} if row.hrefs else {})
            for row in series[:MAX_SERIES]
        ],
        "before": {"name": before.name, "values": list(before.values)} if before else None,
        "unit": unit,
        "running": running,
        "open": _("not over"),
        "gaps": [
            {"series": gap.series, "from": gap.first, "to": gap.end, "words": list(gap.words),
             "height": gap.height}
            for gap in gaps
        ],
        "limit": limit[0] if limit else None,
        "limitName": limit[1] if limit else "",
        "below": below,
        "none": none or _("Nothing was measured in this time"),
    }  # fmt: skip


def value_range(
    now: float | None,
    unit: str,
    usual: tuple[float, float] | None = None,
    limit: float | None = None,
    top: float | None = None,
) -> Data:
    """What a chart of the kind ``range`` draws.

    Args:
        now: the value; None: not known.
        unit: of all values.
        usual: between which it usually is.
        limit: dashed.
        top: where the scale ends, the same for the rows of a table; None: a little above all.
    """
    low, high = usual or (None, None)
    return {"now": now, "low": low, "high": high, "limit": limit, "top": top, "unit": unit}


@dataclass(frozen=True, slots=True)
class HourCell:
    """An hour of a day.

    Attributes:
        state: ``there``: has readings; ``gone``: has none; ``ahead``: not over yet.
        words: for who reads it: ``Sat 21 Nov, 02:00–03:00: no readings``.
    """

    state: str
    words: str


def hours(days: Sequence[tuple[str, Sequence[HourCell]]]) -> Data:
    """What a chart of the kind ``hours`` draws: days by name, each with its 23 to 25 hours."""
    return {
        "rows": [
            {"name": name, "cells": [{"state": c.state, "words": c.words} for c in cells]}
            for name, cells in days
        ],
        "columns": [f"{hour:02d}" for hour in range(24)],
    }
