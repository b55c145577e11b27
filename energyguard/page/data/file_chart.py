"""What a file's readings come to, as a few bars: by the hour, the day, the month or the year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.model.channels import CHANNELS
from energyguard.page.elements.charts import BarSeries, BarStep, bars
from energyguard.page.elements.plots import Data
from energyguard.page.words.formatting import moment
from energyguard.page.words.readings import level_words
from energyguard.service.intake.file_courses import FileCourse

MAX_BARS: Final = 62
_STEPS: Final = (
    ("%Y-%m-%d %H", "%H", "%a %-d %b %Y, %H:%M"),
    ("%Y-%m-%d", "%-d %b", "%a %-d %b %Y"),
    ("%Y-%m", "%b %Y", "%b %Y"),
    ("%Y", "%Y", "%Y"),
)
"""What is together, what stands below a bar, and its name in full; the finest first."""


def course_bars(course: FileCourse, zone: str) -> Data:
    """The course of a file in the finest steps that are not too many."""
    of_steps = [(_together(course.hours, zone, step[0]), step) for step in _STEPS]
    few = [made for made in of_steps if len(made[0]) <= MAX_BARS]
    found, (_, label, full) = few[0] if few else of_steps[-1]
    steps = [BarStep(moment(at, zone, label), moment(at, zone, full)) for at, _ in found.values()]
    values = [
        sum(hours) if course.is_sum else sum(hours) / len(hours) for _, hours in found.values()
    ]
    name = level_words(course.channel)
    return bars(steps, [BarSeries(name, values)], CHANNELS[course.channel].unit)


def _together(
    hours: Mapping[int, float], zone: str, form: str
) -> Mapping[str, tuple[int, list[float]]]:
    """Hours by the step of the zone's calendar in which they are, with when that has its first."""
    clock = ZoneInfo(zone)
    found: dict[str, tuple[int, list[float]]] = {}
    for at, value in hours.items():
        key = datetime.fromtimestamp(at / 1_000, clock).strftime(form)
        found.setdefault(key, (at, []))[1].append(value)
    return found
