"""The sum of a virtual device under one rule, window by window, in the order of their ends.

A window is summed when each term has closed it, whenever that is: nothing is guessed. Terms that
are silent hold nothing; such a sum may raise, where no silent device is taken away, and ends
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from energyguard.records.window_terms import WindowTerms
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowBasis
from energyguard.stream.sums.series import TermSeries


class SummedRule(NamedTuple):
    """A rule, and what its virtual device is the sum of."""

    rule: ThresholdRule
    device: str
    weights: Mapping[str, int]
    unsaid: Mapping[str, int | None]
    """By term, what a window holds of which no entry speaks; None: that is not known."""

    @classmethod
    def of(cls, rule: ThresholdRule, terms: list[TermRule]) -> SummedRule:
        """A rule with what follows from it."""
        weights: dict[str, int] = {}
        unsaid: dict[str, int | None] = {}
        for some in terms:
            is_unknown = bool(some.gap_ms) or some.goes_by is WindowBasis.HIGH
            weights |= some.terms
            unsaid |= dict.fromkeys(some.terms, None if is_unknown else 0)
        return cls(rule, terms[0].device, weights, unsaid)


class SummedWindow(NamedTuple):
    """A window of a virtual device."""

    end_ms: int
    energy: int | None
    """In 1e-9 kWh; None: it says nothing."""
    is_covered: bool
    """Whether no term was silent."""


class WindowSum:
    """The windows of terms, and how far the sum is."""

    def __init__(
        self, series: dict[str, TermSeries] | None = None, summed_ms: int | None = None
    ) -> None:
        self.series = series if series is not None else {}
        self.summed_ms = summed_ms  # the end of the last window that was summed

    def take(self, record: WindowTerms, by: SummedRule) -> None:
        """Have windows of a term."""
        rank = by.rule.channels.index(record.channel)
        known = self.series.get(record.term)
        if known is not None and rank > known.rank:
            return
        if known is None or rank < known.rank:
            known = self.series[record.term] = TermSeries.begun_by(record, rank)
        known.take(record, by.rule.slide_ms)

    def keep(self, by: SummedRule) -> None:
        """Forget devices that are no terms any more."""
        known = self.series.items()
        self.series = {term: series for term, series in known if term in by.weights}

    def settled(self, by: SummedRule) -> Iterator[SummedWindow]:
        """The windows that all terms have closed by now, once each."""
        if self.series.keys() != by.weights.keys():
            return
        slide_ms, every = by.rule.slide_ms, self.series.values()
        until_ms = min(series.until_ms for series in every)
        first_ms = max(series.first_ms for series in every)
        if self.summed_ms is not None:
            first_ms = max(first_ms, self.summed_ms + slide_ms)
        for end_ms in range(first_ms, until_ms + 1, slide_ms):
            yield self._window(end_ms, by)
        if until_ms >= first_ms:
            self.summed_ms = until_ms
            for series in every:
                series.forget(until_ms)

    def _window(self, end_ms: int, by: SummedRule) -> SummedWindow:
        total, is_covered = 0, True
        for term, weight in by.weights.items():
            series = self.series[term]
            energy = series.windows.get(end_ms, by.unsaid[term])
            if series.is_silent(end_ms):
                is_covered = False
                energy = None if weight < 0 else energy
            if energy is None:
                return SummedWindow(end_ms, None, is_covered)
            total += weight * energy
        return SummedWindow(end_ms, total, is_covered)
