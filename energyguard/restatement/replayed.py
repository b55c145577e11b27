"""The alerts that a device's readings make in order: the stream's own operator, over them alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.model.readings import ReadingBatch, batch_of
from energyguard.model.topics import DAY_MS
from energyguard.pipeline import WINDOWS
from energyguard.rules.windowed import RESTATED, WindowRule
from energyguard.stream.windows.energy_state import by_kind
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.output import WindowOutput
from energyguard.stream.windows.places import PlacesAt, nowhere

_FAR_MS = 36_500 * DAY_MS
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class ReplayTerms:
    """By what readings are judged again: as the worker judges new ones now.

    Attributes:
        rules: those about windows of energy that run, as they are at the site.
        limits: of the worker; its clock is not theirs: nothing of the past is ahead.
        places_at: where devices stand at a revision of the catalogue.
        revision: the catalogue's.
    """

    rules: Sequence[WindowRule]
    limits: WindowLimits
    places_at: PlacesAt = nowhere
    revision: int | None = None

    @property
    def reach_ms(self) -> int:
        """How long after a reading a window may still hold it."""
        return max((rule.reach_ms + rule.slide_ms for rule in self.rules), default=0)

    def operator(self, topic: str) -> WindowOperator:
        """An operator in which nothing is yet."""
        clock = replace(self.limits.clock, ahead_wall_ms=_FAR_MS, ahead_data_ms=_FAR_MS)
        operator = WindowOperator(
            topic,
            self.rules,
            replace(self.limits, clock=clock),
            flow=WINDOWS.name,
            places_at=self.places_at,
            described_by=partial(by_kind, defaults=self.limits.energy),
        )
        if self.revision is not None:
            operator.place(self.revision)
        return operator


def alerts_in_order(
    terms: ReplayTerms, topic: str, device: str, readings: pa.Table, until_ms: int
) -> list[Alert]:
    """The alerts of a device as its readings make them in order, oldest first.

    Args:
        terms: rules and limits.
        topic: that the readings came in.
        device: whose they are.
        readings: the history's ``fold_rows``: of one channel and moment they are in log order.
        until_ms: how far the partition is: what is open then is not over.

    Returns:
        Those that hold, of all channels; none that a later reading of theirs took back.
    """
    book = AlertBook(closed_kept=_ALL)
    operator = terms.operator(topic)
    for output in _outputs(operator, _batch(device, readings), until_ms):
        for event in output.events:
            book.tell(event, event.time_ms)
    rules = {rule.id for rule in terms.rules}
    found = [a for a in book.find(limit=_ALL) if a.rule in rules and a.reason != RESTATED]
    return sorted(found, key=lambda alert: (alert.window_end_ms, alert.id))


def _outputs(
    operator: WindowOperator, batch: ReadingBatch, until_ms: int
) -> Iterator[WindowOutput]:
    """What comes of readings; before each that follows a pause, of the time that passes in it."""
    if not len(batch):
        return
    pauses = np.flatnonzero(np.diff(batch.time) > operator.limits.silent_ms) + 1
    cuts = [0, *pauses.tolist(), len(batch)]
    for start, stop in pairwise(cuts):
        if start:  # neighbours let the time pass meanwhile
            yield operator.advance(int(batch.time[start]) - 1)
        yield operator.process(batch.cut(start, stop))
    yield operator.advance(until_ms)


def _batch(device: str, rows: pa.Table) -> ReadingBatch:
    """Readings by time; each is one of its own, for the history has none twice."""
    time, value = (np.asarray(rows[name].combine_chunks(), np.int64) for name in ("ms", "nano"))
    order = np.argsort(time, kind="stable")
    channel = rows["name"].cast(pa.string()).combine_chunks().take(pa.array(order))
    time, value, place = time[order], value[order], np.arange(len(order))
    readings = batch_of([device] * len(order), channel, time, value, place)
    return ReadingBatch(readings, time, value, place, time, np.zeros_like(time))
