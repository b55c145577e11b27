"""Where a span of the calendar is cut into steps, beside the span before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energyguard.errors import Malformed
from energyguard.model.calendar import CalendarSpan, CalendarStep

MAX_STEPS = 10_000
MINUTE_MS = 60_000


class SpanCut(NamedTuple):
    """Where a span and the one before it are cut: all borders are whole minutes in ms."""

    span: CalendarSpan
    steps: list[int]
    before: list[int]  # none, where nothing is asked of it
    until_ms: int
    before_until_ms: int
    open: int | None

    @classmethod
    def of(
        cls, span: CalendarSpan, now_ms: int, step: CalendarStep | None, compare: bool
    ) -> SpanCut:
        """Cut a span, as far as it is gone.

        Args:
            span: days of a zone.
            now_ms: before when it counts.
            step: what it is divided into; None: by its length.
            compare: cut the span before, too.

        Raises:
            Malformed: there are too many steps.
        """
        step = step or span.step
        steps, before = span.borders(step), span.before().borders(step)
        if len(steps) > MAX_STEPS:
            raise Malformed(f"{span} has over {MAX_STEPS:,} steps of a {step}", "step")
        until = min(max(-(-now_ms // MINUTE_MS) * MINUTE_MS, steps[0]), steps[-1])
        there = -(-span.before_until(now_ms) // MINUTE_MS) * MINUTE_MS
        running = steps[0] <= now_ms < steps[-1]
        at = int(np.searchsorted(steps, now_ms, side="right")) - 1 if running else None
        there = min(there, before[-1])
        return cls(span, steps, before if compare else [], until, there, at)

    @property
    def borders(self) -> list[int]:
        """Of all that is asked, in order, each once."""
        before = {*self.before, self.before_until_ms} if self.before else set[int]()
        return sorted({*before, *self.steps, self.until_ms})
