"""The alerts that readings make in order: the stream's own operators, over them alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Protocol

import numpy as np
import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.model.readings import Ints, ReadingBatch, batch_of
from energyguard.model.topics import DAY_MS
from energyguard.pipeline import WINDOWS
from energyguard.records.alerts import AlertEvent
from energyguard.rules.rule import Rule
from energyguard.rules.windowed import RESTATED, WindowRule
from energyguard.stream.sums.operator import SumOperator
from energyguard.stream.windows.channels.energy_state import by_kind
from energyguard.stream.windows.episodes.output import WindowOutput
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.terms import window_terms
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


class AlertReplay(Protocol):
    """Readings in order, a piece of time after another, and the alerts that they make."""

    def take(self, readings: Mapping[str, pa.Table], until_ms: int) -> None:
        """Take what there is up to a time.

        Args:
            readings: by device, the history's ``fold_rows`` after the piece before: of one channel
                and moment they are in log order.
            until_ms: so late is it then.
        """
        ...

    def alerts(self) -> list[Alert]:
        """Those that hold, of all channels, oldest first; what is not over is open."""
        ...


class DeviceReplay:
    """The alerts of a device.

    Args:
        terms: rules and limits.
        topic: that the readings came in.
    """

    def __init__(self, terms: ReplayTerms, topic: str) -> None:
        self._operator = terms.operator(topic)
        self._rules = {rule.id for rule in terms.rules}
        self._book = AlertBook(closed_kept=_ALL)
        self._last_ms: int | None = None  # of the newest reading

    def take(self, readings: Mapping[str, pa.Table], until_ms: int) -> None:
        """Take readings, and let the time pass up to the end of the piece."""
        batch = _batch(readings)
        if len(batch):
            for piece in self._pieces(batch.time, self._operator.limits.silent_ms):
                if piece.start or self._last_ms is not None:  # neighbours let the time pass
                    self._tell(self._operator.advance(int(batch.time[piece.start]) - 1))
                self._tell(self._operator.process(batch.cut(piece.start, piece.stop)))
                self._last_ms = int(batch.time[piece.stop - 1])
        if self._last_ms is not None:
            self._tell(self._operator.advance(until_ms))

    def alerts(self) -> list[Alert]:
        """Those of its rules, and none that a later reading of theirs took back."""
        every = self._book.find(limit=_ALL)
        found = [a for a in every if a.rule in self._rules and a.reason != RESTATED]
        return sorted(found, key=lambda alert: (alert.window_end_ms, alert.id))

    def _pieces(self, time: Ints, silent_ms: int) -> Iterator[slice]:
        """What is taken at once: up to a pause."""
        pauses = np.flatnonzero(np.diff(time) > silent_ms) + 1
        return (slice(a, b) for a, b in pairwise([0, *pauses.tolist(), len(time)]))

    def _tell(self, output: WindowOutput) -> None:
        self._keep(output.events)

    def _keep(self, events: Sequence[AlertEvent]) -> None:
        for event in events:
            self._book.tell(event, event.time_ms)


class SumReplay(DeviceReplay):
    """The alerts of a sum of devices: their windows as workers tell them, summed as they are.

    Args:
        terms: limits; its rules are those that tell the windows of the sum's terms.
        topic: that the readings came in.
        rules: those about the sum, and again those of its terms.
    """

    def __init__(self, terms: ReplayTerms, topic: str, rules: Sequence[Rule]) -> None:
        super().__init__(terms, topic)
        self._rules = {rule.id for rule in rules}
        self._topic = topic
        self._sums = SumOperator()
        self._sums.set_rules(rules)
        self._sent: set[str] = set()

    def take(self, readings: Mapping[str, pa.Table], until_ms: int) -> None:
        """Take readings; from a device's first one on the sum has it, and until then it has not."""
        begin = {name: int(rows["ms"][0].as_py()) for name, rows in readings.items() if len(rows)}
        begin = {name: ms for name, ms in begin.items() if name not in self._sent}
        for first_ms in sorted({*begin.values()}):
            before = {name: _between(rows, None, first_ms) for name, rows in readings.items()}
            readings = {name: _between(rows, first_ms, None) for name, rows in readings.items()}
            super().take(before, first_ms - 1)
            self._go_on()
            self._sent |= {name for name, ms in begin.items() if ms == first_ms}
        super().take(readings, until_ms)
        self._go_on()

    def _tell(self, output: WindowOutput) -> None:
        if output.closed:
            closed = window_terms(output.closed, output.devices, self._topic)
            self._keep(self._sums.process(closed))

    def _go_on(self) -> None:
        """Wait for nobody who has sent nothing yet: what there is to come is known."""
        for wait in list(self._sums.waits()):
            if wait.of.term not in self._sent and not wait.of.is_given_up:
                self._keep(self._sums.go_on(wait.topic, wait.rule, wait.of.term))


def _between(rows: pa.Table, from_ms: int | None, to_ms: int | None) -> pa.Table:
    """The rows of a time: from then on, and before then."""
    ms = np.asarray(rows["ms"].combine_chunks(), np.int64)
    start = 0 if from_ms is None else int(np.searchsorted(ms, from_ms))
    stop = len(ms) if to_ms is None else int(np.searchsorted(ms, to_ms))
    return rows.slice(start, max(stop - start, 0))


def _batch(readings: Mapping[str, pa.Table]) -> ReadingBatch:
    """Readings by time; each is one of its own, for the history has none twice."""
    rows = pa.concat_tables(list(readings.values()))
    each = [pa.repeat(pa.scalar(name, pa.string()), len(rows)) for name, rows in readings.items()]
    time, value = (np.asarray(rows[name].combine_chunks(), np.int64) for name in ("ms", "nano"))
    order = np.argsort(time, kind="stable")
    columns = (pa.concat_arrays(each), rows["name"].cast(pa.string()).combine_chunks())
    devices, channel = (column.take(pa.array(order)) for column in columns)
    time, value, place = time[order], value[order], np.arange(len(order))
    readings_of = batch_of(devices, channel, time, value, place)
    return ReadingBatch(readings_of, time, value, place, time, np.zeros_like(time))
