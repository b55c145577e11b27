"""A sum under one rule, window by window, in the order of their ends.

A window is summed when each term has closed it, whenever that is: nothing is guessed. Terms that
are silent hold nothing; such a sum may raise, where no silent device is taken away, and ends
nothing. So it is where a term that has never told anything was given up; it is waited for again
once it tells something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from energyguard.model.catalogue import GROUP, SITE, SumPeriod
from energyguard.model.days import HOUR_MS
from energyguard.records.window_terms import WindowTerms
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import LEFT, RETIRED
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowBasis
from energyguard.stream.sums.series import TermSeries
from energyguard.stream.windows.rhythm.patience import FIRST_HOLD_MS

FOREVER_MS: Final = 2**62
NEWCOMER_MS: Final = HOUR_MS
"""So long a sum that goes on waits for a term that came to it and has told nothing yet."""


class SummedRule(NamedTuple):
    """A rule, and what it is about the sum of."""

    rule: ThresholdRule
    device: str
    weights: Mapping[str, int]
    """How often each device counts that does at any time."""
    periods: Sequence[SumPeriod]
    """The same from an event time on, oldest first."""
    unsaid: Mapping[str, int | None]
    """By term, what a window holds of which no entry speaks; None: that is not known."""

    @classmethod
    def of(cls, rule: ThresholdRule, terms: list[TermRule]) -> SummedRule:
        """A rule with what follows from it."""
        weights: dict[str, int] = {}
        unsaid: dict[str, int | None] = {}
        periods: dict[int, dict[str, int]] = {}
        for some in terms:
            is_unknown = bool(some.gap_ms) or some.goes_by is WindowBasis.HIGH
            weights |= some.terms
            unsaid |= dict.fromkeys(some.terms, None if is_unknown else 0)
            for from_ms, of_period in some.periods or ((0, some.terms),):
                periods.setdefault(from_ms, {}).update(of_period)
        found = [SumPeriod(*period) for period in sorted(periods.items())]
        return cls(rule, terms[0].device, weights, found, unsaid)

    @property
    def why_over(self) -> str:
        """Why nothing is summed any more: a virtual device is retired, a place has no devices."""
        return LEFT if self.device.partition("/")[0] in (SITE, GROUP) else RETIRED

    def weights_after(self, time_ms: int) -> Mapping[str, int]:
        """How often each device counts in the first window that ends later."""
        return next((span.weights for span in self.spans() if span.last_ms > time_ms), {})

    def spans(self) -> Iterator[SummedSpan]:
        """Its periods by the ends of the windows that they are for, oldest first."""
        slide_ms = self.rule.slide_ms
        starts = [period.from_ms // slide_ms * slide_ms for period in self.periods]
        for period, after_ms, last_ms in zip(
            self.periods, starts, [*starts[1:], FOREVER_MS], strict=True
        ):
            yield SummedSpan(period.weights, after_ms + slide_ms, last_ms)


class SummedSpan(NamedTuple):
    """Windows that end from a time to another (ms, both among them), and their terms."""

    weights: Mapping[str, int]
    first_ms: int
    last_ms: int


class SummedWindow(NamedTuple):
    """A window of a virtual device."""

    end_ms: int
    energy: int | None
    """In 1e-9 kWh; None: it says nothing."""
    is_covered: bool
    """Whether no term was silent."""


class TermWait(NamedTuple):
    """A term that has never told anything of a sum that others have windows of."""

    term: str
    since_ms: int
    """The end of the last window that was summed with it, or of the first in which others hold
    something."""
    front_ms: int
    """The end of the newest window that any term told."""
    is_newcomer: bool
    """Whether the sum went on without it before."""
    is_given_up: bool

    @property
    def is_over(self) -> bool:
        """Whether it is not waited for any longer."""
        return self.front_ms - self.since_ms >= (NEWCOMER_MS if self.is_newcomer else FIRST_HOLD_MS)


class LastTerm(NamedTuple):
    """The term of a sum that closes its windows last."""

    term: str
    until_ms: int
    """The end of the last window that it closed."""
    front_ms: int
    """The end of the newest window that any term told."""


class WindowSum:
    """The windows of terms, and how far the sum is."""

    def __init__(
        self,
        series: dict[str, TermSeries] | None = None,
        summed_ms: int | None = None,
        given_up: Mapping[str, int] = MappingProxyType({}),
        begun_ms: int | None = None,
    ) -> None:
        self.series = series if series is not None else {}
        self.summed_ms = summed_ms  # the end of the last window that was summed
        self.given_up = dict(given_up)  # terms that are not waited for, and since when they lack
        self.begun_ms = begun_ms  # the end of the first window in which any term holds something

    def take(self, record: WindowTerms, by: SummedRule) -> None:
        """Have windows of a term."""
        rank = by.rule.channels.index(record.channel)
        known = self.series.get(record.term)
        if known is not None and rank > known.rank:
            return
        self.given_up.pop(record.term, None)
        if self.begun_ms is None:  # windows of before the first reading hold nothing
            ends = (end_ms for end_ms, energy in record.windows if energy)
            self.begun_ms = next(ends, None)
        if known is None or rank < known.rank:
            known = self.series[record.term] = TermSeries.begun_by(record, rank)
        known.take(record)

    def keep(self, by: SummedRule) -> None:
        """Forget devices that are no terms any more."""
        known = self.series.items()
        self.series = {term: series for term, series in known if term in by.weights}
        self.given_up = {t: ms for t, ms in self.given_up.items() if t in by.weights}

    def waits(self, by: SummedRule) -> Iterator[TermWait]:
        """The terms that never told anything, of those that count in the next window."""
        if self.begun_ms is None or not self.series:
            return
        front_ms = max(series.until_ms for series in self.series.values())
        since_ms = self.begun_ms if self.summed_ms is None else self.summed_ms
        for term in sorted(by.weights_after(since_ms).keys() - self.series.keys()):
            is_newcomer = self.summed_ms is not None
            lacks_ms, is_given_up = self.given_up.get(term, since_ms), term in self.given_up
            yield TermWait(term, lacks_ms, front_ms, is_newcomer, is_given_up)

    def last_term(self, by: SummedRule) -> LastTerm | None:
        """Which of the terms that told something its next window waits for; None: for none."""
        weights = by.weights_after(self.summed_ms or 0)
        until = {term: of.until_ms for term, of in self.series.items() if term in weights}
        if not until:
            return None
        term = min(sorted(until), key=until.__getitem__)
        front_ms = max(series.until_ms for series in self.series.values())
        return LastTerm(term, until[term], front_ms) if until[term] < front_ms else None

    def go_on_without(self, term: str, by: SummedRule) -> None:
        """Wait for a term no longer, until it tells something."""
        for wait in self.waits(by):
            if wait.term == term:
                self.given_up[term] = wait.since_ms

    def settled(self, by: SummedRule) -> Iterator[SummedWindow]:
        """The windows that all their terms have closed by now, once each."""
        summed_ms = -1 if self.summed_ms is None else self.summed_ms
        for span in by.spans():
            if span.last_ms <= summed_ms or not span.weights:
                continue
            every = [self.series[term] for term in span.weights if term in self.series]
            if not every or not span.weights.keys() <= self.series.keys() | self.given_up.keys():
                break
            until_ms = min(span.last_ms, *(series.until_ms for series in every))
            known_ms = max(series.first_ms for series in every)
            first_ms = max(known_ms, span.first_ms, summed_ms + by.rule.slide_ms)
            for end_ms in range(first_ms, until_ms + 1, by.rule.slide_ms):
                yield self._window(end_ms, by, span.weights)
            if until_ms >= first_ms:
                self.summed_ms = summed_ms = until_ms
            if until_ms < span.last_ms:
                break
        for series in self.series.values():
            series.forget(summed_ms)

    def _window(self, end_ms: int, by: SummedRule, weights: Mapping[str, int]) -> SummedWindow:
        total, is_covered = 0, True
        for term, weight in weights.items():
            series, energy = self.series.get(term), by.unsaid[term]
            if series is not None:
                energy = series.windows.get(end_ms, energy)
            if series is None or series.is_silent(end_ms):
                is_covered = False
                energy = None if weight < 0 else energy
            if energy is None:
                return SummedWindow(end_ms, None, is_covered)
            total += weight * energy
        return SummedWindow(end_ms, total, is_covered)
