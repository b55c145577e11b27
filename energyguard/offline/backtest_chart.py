"""A device's series with what happened and what rules raised, as a picture: SVG, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import times_of
from energyguard.offline.unusual import DescribedBy, grids_of

WIDTH: Final = 1_000
HEIGHT: Final = 160
_LANE: Final = 14
_LEFT: Final = 56
_COLUMNS: Final = WIDTH - _LEFT
_LINES: Final = 6
"""At most so many times are written below."""

Values = npt.NDArray[np.float64]


class DrawnSeries(NamedTuple):
    """What is drawn of a device: the highest of each column of the picture; NaN: nothing known."""

    start_ms: int
    end_ms: int
    unit: str
    highest: Values
    lowest: Values


class Mark(NamedTuple):
    """A span on the picture."""

    start_ms: int
    end_ms: int
    style: str
    """Its class in the style sheet."""
    title: str


def series_of(
    part: pa.Table, channel: str, span: tuple[int, int], described: DescribedBy
) -> dict[str, DrawnSeries]:
    """Of each device of some readings of one channel what is drawn of it.

    Energy is drawn as mean power of slots of 15 to 60 minutes, as the ledger counts it; a device
    that sends less than hourly is not drawn. Levels are drawn as they are.

    Args:
        part: readings of the channel.
        channel: which.
        span: from when to when, ms since 1970.
        described: what is said of devices' channels of energy.
    """
    found: dict[str, DrawnSeries] = {}
    if CHANNELS[channel].kind is Kind.STATE:
        name = np.asarray(part.column("device").cast(pa.string()).to_pylist(), object)
        time, value = times_of(part), np.asarray(part.column("value"), np.int64) / NANO
        for device in sorted(set(name.tolist())):
            mine = name == device
            found[device] = _drawn(time[mine], value[mine], CHANNELS[channel].unit, span)
        return found
    for names, slot_ms, grid in grids_of(part, channel, described):
        time = (grid.first + np.arange(grid.power_kw.shape[1])) * slot_ms
        for device, power in zip(names, grid.power_kw, strict=True):
            found[device] = _drawn(time, power, "kW", span)
    return found


def _drawn(time: npt.NDArray[np.int64], value: Values, unit: str, span: tuple[int, int]
           ) -> DrawnSeries:  # fmt: skip
    start, end = span
    known = np.isfinite(value) & (time >= start) & (time <= end)
    time, value = time[known], value[known]
    column = (time - start) * _COLUMNS // (end - start + 1)
    highest, lowest = np.full(_COLUMNS, -np.inf), np.full(_COLUMNS, np.inf)
    np.maximum.at(highest, column, value)
    np.minimum.at(lowest, column, value)
    return DrawnSeries(
        start, end, unit, np.where(np.isfinite(highest), highest, np.nan),
        np.where(np.isfinite(lowest), lowest, np.nan),
    )  # fmt: skip


def chart(
    series: DrawnSeries, events: Sequence[Mark], lanes: Sequence[Sequence[Mark]], zone: str
) -> str:
    """The picture of a device.

    Args:
        series: what it used.
        events: what happened, drawn behind the series.
        lanes: what each rule raised, drawn below it.
        zone: an IANA time zone, of the times that are written.
    """
    below = HEIGHT + _LANE * len(lanes)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {below + 20}" role="img">',
        *(_rect(series, mark, 0, HEIGHT) for mark in events),
        *_line(series),
        *(
            _rect(series, mark, HEIGHT + _LANE * n + 2, _LANE - 4)
            for n, lane in enumerate(lanes)
            for mark in lane
        ),
        *_times(series, below, zone),
        "</svg>",
    ]
    return "".join(parts)


def _x(series: DrawnSeries, ms: int) -> float:
    part = (ms - series.start_ms) / (series.end_ms - series.start_ms + 1)
    return _LEFT + _COLUMNS * min(max(part, 0.0), 1.0)


def _rect(series: DrawnSeries, mark: Mark, top: int, height: int) -> str:
    left, right = _x(series, mark.start_ms), _x(series, mark.end_ms)
    return (
        f'<rect class="{mark.style}" x="{left:.1f}" y="{top}" width="{max(right - left, 2):.1f}" '
        f'height="{height}"><title>{escape(mark.title)}</title></rect>'
    )


def _line(series: DrawnSeries) -> Iterator[str]:
    known = np.flatnonzero(np.isfinite(series.highest))
    if not len(known):
        return
    top = max(float(np.nanmax(series.highest)), 0.0)
    low = min(float(np.nanmin(series.lowest)), 0.0)
    scale = (HEIGHT - 10) / max(top - low, 1e-9)
    for level in {top, low}:
        y = HEIGHT - (level - low) * scale
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.0f}" class="axis end">{level:.3g}</text>'
    yield f'<text x="4" y="{HEIGHT // 2}" class="axis">{escape(series.unit)}</text>'
    high = HEIGHT - (series.highest - low) * scale
    deep = HEIGHT - (series.lowest - low) * scale
    for run in np.split(known, np.flatnonzero(np.diff(known) > 3) + 1):
        points = [f"{_LEFT + n},{high[n]:.1f}" for n in run.tolist()]
        points += [f"{_LEFT + n + 0.5},{deep[n] + 0.5:.1f}" for n in run[::-1].tolist()]
        yield f'<polygon class="series" points="{" ".join(points)}"/>'


def _times(series: DrawnSeries, below: int, zone: str) -> Iterator[str]:
    place = ZoneInfo(zone)
    for n in range(_LINES):
        ms = series.start_ms + (series.end_ms - series.start_ms) * n // _LINES
        text = f"{datetime.fromtimestamp(ms / 1000, place):%Y-%m-%d %H:%M}"
        yield f'<text x="{_x(series, ms):.0f}" y="{below + 14}" class="axis">{text}</text>'
