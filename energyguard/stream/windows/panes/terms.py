"""What closed windows of devices hold that a rule sums up: every window, whatever it holds.

How windows are cut into lots changes nothing: of each lot the last window is there, and what ends
before it and is in no lot holds nothing. All windows of a lot closed after, or in, one silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from energyguard.log.records import Records
from energyguard.model.readings import Ints
from energyguard.records.window_terms import WINDOW_TERM, WindowTerms
from energyguard.rules.term_rule import EVERY, TermRule
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange

Silence = tuple[int, int | None]
"""The newest reading before a silence, and the time of the first one after it; None: it lasts."""
TermWindows = list[tuple[int, int | None]]
"""Of each its end in ms, and what it holds in 1e-9 kWh; None: it says nothing."""
WindowEnds = tuple[Ints, Ints, int]
"""Ends in slides, where in the batch each closed, and the end of the last, whatever it holds."""


class ClosedTerms(NamedTuple):
    """Windows of one key under one rule, in the order of their ends."""

    rule: TermRule
    key: int
    windows: TermWindows
    silence: Silence | None
    """In which they closed, or the last before; None: there was none."""

    @classmethod
    def of(
        cls, rule: TermRule, key: int, ends_ms: Ints, scores: Ints, silence: Silence | None
    ) -> ClosedTerms:
        """Those that say something, and the last one."""
        says = scores > EVERY
        windows: TermWindows = [*zip(ends_ms[says].tolist(), scores[says].tolist(), strict=True)]
        if not says[-1]:
            windows.append((int(ends_ms[-1]), None))
        return cls(rule, key, windows, silence)

    def followed_by(self, other: ClosedTerms) -> ClosedTerms:
        """These, and later ones after the same silence."""
        return self._replace(windows=self.windows + other.windows)


def turned(silence: Silence | None, change: SilenceChange) -> Silence | None:
    """The silence of a key that goes quiet or comes back; of one that is over, when that was."""
    if change.quiet:
        return change.last_ms, None
    if silence is None or silence[1] is not None:
        return silence
    return silence[0], change.time_ms


def closed_terms(
    rule: TermRule,
    key: int,
    scores: Ints,
    closings: WindowEnds,
    silences: tuple[Silence | None, Sequence[SilenceChange]],
) -> Iterator[ClosedTerms]:
    """The windows of a key that close in a step.

    Args:
        rule: which windows.
        key: whose.
        scores: what they hold.
        closings: when they end, where they close, and how far windows are closed then.
        silences: the key's silence before the step, and how that changes.
    """
    ends, at, until = closings
    if not len(ends) or ends[-1] < until:  # over a gap: it holds nothing
        last = at[-1] if len(at) else 0
        ends, at = np.append(ends, until), np.append(at, last)
        scores = np.append(scores, EVERY if rule.gap_ms else 0)
    silence, changes = silences
    cuts, states = [0], [silence]
    for change in sorted(changes, key=lambda change: change.at):
        before = at < change.at if change.quiet else at <= change.at  # quiet, closed, and back
        cuts.append(int(before.sum()))
        states.append(turned(states[-1], change))
    for (a, b), state in zip(pairwise([*cuts, len(ends)]), states, strict=True):
        if b > a:
            yield ClosedTerms.of(rule, key, ends[a:b] * rule.slide_ms, scores[a:b], state)


def window_terms(
    closed: Sequence[ClosedTerms], devices: Sequence[str], topic: str
) -> list[WindowTerms]:
    """What closed windows say of terms.

    Args:
        closed: windows.
        devices: the name of each key.
        topic: of the readings.
    """
    return [
        WindowTerms(
            topic=topic,
            rule=some.rule.rule,
            meaning=some.rule.meaning,
            device=some.rule.device,
            term=devices[some.key],
            channel=some.rule.channels[0],
            windows=some.windows,
            silence=some.silence,
        )
        for some in closed
    ]


def term_records(closed: Sequence[ClosedTerms], devices: Sequence[str], topic: str) -> Records:
    """The same as records for ``energyguard.window-terms``: key the sum's name."""
    terms = window_terms(closed, devices, topic)
    return Records(
        [some.device.encode() for some in terms], [WINDOW_TERM.encode(some) for some in terms]
    )
