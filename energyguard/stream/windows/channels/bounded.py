"""Rules that go by what windows hold at least, or at most: these need the entries themselves.

A window's bounds are no sum of its panes': an entry that is cut by a border is bounded otherwise
than the same entry in a window that has all of it. So the devices of such a rule are apart, each
followed by its own entries. Where no rule asks for bounds, nobody is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energyguard.ledger.bounds import BoundedEntries, WindowBounds, parts_in, window_bounds
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import Kind
from energyguard.model.readings import Bools, Ints
from energyguard.rules.windowed import WindowBasis, WindowRule
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.panes.key_entries import Counted, KeyEntries, bounded_of
from energyguard.stream.windows.panes.registers import SAYS_NOTHING


def goes_by_bounds(state: RuleState) -> bool:
    """Whether a rule does."""
    return state.rule.goes_by is not WindowBasis.ESTIMATE


def is_bounded(state: RuleState, key: int) -> bool:
    """Whether a rule wants the bounds of a key."""
    return goes_by_bounds(state) and state.limits.has(key)


def bounded_keys(states: Sequence[RuleState], keys: int) -> Bools | None:
    """(keys,) of which a rule wants the bounds; None: no rule does."""
    found: Bools | None = None
    for state in filter(goes_by_bounds, states):
        chosen = state.limits.selected(keys)
        found = chosen if found is None else found | chosen
    return found


class KeyBounds:
    """The bounds of one key's windows under a rule."""

    def __init__(self, rule: WindowRule) -> None:
        self.rule = rule
        self._channel: EnergyChannel | None = None
        self._entries: BoundedEntries = bounded_of([])
        self._begins_ms = 0

    def knows(self, entries: KeyEntries) -> None:
        """Go by these entries from now on."""
        self._channel, self._entries = entries.channel, entries.bounded
        self._begins_ms = entries.begins_ms

    @property
    def only_grow(self) -> bool:
        """Whether what is certain only grows with readings that follow the ones before them."""
        channel = self._channel
        return channel is not None and channel.kind is Kind.REGISTER and not channel.export_w

    def held(self, counted: list[Counted]) -> BoundedEntries:
        """Go by what counts now; gives what it went by."""
        before, self._entries = self._entries, bounded_of(counted)
        return before

    def go_back(self, before: BoundedEntries) -> None:
        """Go by what it went by before."""
        self._entries = before

    def scores(self, ends_ms: Ints) -> Ints:
        """How bad windows are that end then.

        Of what a window holds at most it says nothing where no entry speaks of the window, nor
        where it begins before the key's first one: a silence, or that there was no such device,
        is no use.
        """
        known: dict[int, tuple[WindowBounds, Bools]] = {}

        def bounds(back: int) -> WindowBounds:
            if back not in known:
                known[back] = self._bounds(ends_ms - back * self.rule.slide_ms)
            return known[back][0]

        scores = self.rule.score_bounds(
            lambda back: bounds(back).low, lambda back: bounds(back).high
        )
        if self.rule.goes_by is not WindowBasis.HIGH:
            return scores
        spoken = known[0][1] & (ends_ms - self.rule.window_ms >= self._begins_ms)
        return np.where(spoken, scores, SAYS_NOTHING)

    def _bounds(self, ends_ms: Ints) -> tuple[WindowBounds, Bools]:
        """The bounds of windows that end then, and of which of them an entry speaks."""
        assert self._channel is not None
        entries, window_ms, windows = self._entries, self.rule.window_ms, len(ends_ms)
        parts = parts_in(entries, ends_ms, window_ms)
        found = window_bounds(entries, parts, self._channel, windows, window_ms)
        return found, np.bincount(parts.bucket, minlength=windows) > 0
