"""Lengths of time, and the half-hours of a week, as the reader says them."""

from __future__ import annotations

from energyguard.page.words.formatting import SPACE, age, moment
from energyguard.page.words.language import ngettext

MONDAY_MS = 4 * 86_400_000
"""A Monday, 00:00 UTC."""
HALF_HOUR_MS = 1_800_000


def length(ms: int) -> str:
    """How long something lasts, in its largest unit: ``26 min``."""
    return SPACE.join(age(max(0, ms)))


def duration(ms: int) -> str:
    """A length of time, exactly: ``15 min``, ``90 min``, ``1 day``."""
    for unit_ms, unit in ((86_400_000, ""), (3_600_000, "h"), (60_000, "min"), (1_000, "s")):
        if ms and ms % unit_ms == 0:
            n = ms // unit_ms
            return f"{n}{SPACE}{unit or ngettext('day', 'days', n)}"
    return f"{ms}{SPACE}ms"


def half_hour(slot: int) -> str:
    """A half-hour of the week, counted from Monday 00:00: ``Tue 18:00–18:30``."""
    begin = MONDAY_MS + slot * HALF_HOUR_MS
    return f"{moment(begin, 'UTC', '%a %H:%M')}–{moment(begin + HALF_HOUR_MS, 'UTC')}"
