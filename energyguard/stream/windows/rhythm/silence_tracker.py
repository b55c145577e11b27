"""Which devices are quiet, by their own rhythm: what the product and each rule hold against it.

The patience with a device is its own: some times its longest usual step (the second longest of the
last eight in event time, the longest of fewer than four), and a duration at least; until two steps
are known, a day and two hours. Its usual delay is on top, so who brings yesterday once a day is
waited for. All depends on the order of the log only, so it does not matter how the log is cut into
batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from energyguard.ledger.rhythm import STEPS, rhythm_of, sorted_columns
from energyguard.model.readings import Bools, Ints
from energyguard.rules.kinds.silence import SilenceLimits
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.readings.verdicts import LaneRows, by_key
from energyguard.stream.windows.rhythm.delays import UsualDelays

RHYTHMS = 3
"""A device is waited for so many times its longest usual step."""
MIN_STEPS = 2
UNKNOWN_RHYTHM_MS = 26 * 3_600_000
"""How long a device is waited for of which fewer than ``MIN_STEPS`` are known: a daily meter is
not silent before its second reading, and who sent once and never again is noticed a day later."""


class SilenceChange(NamedTuple):
    """A key went quiet, or came back; ``at`` is the place in the batch that showed it."""

    at: int
    key: int
    quiet: bool
    time_ms: int
    last_ms: int  # the newest reading before the silence


class _Advances(NamedTuple):
    """Readings that are newer than all of their key before: by key, in log order within each."""

    at: Ints
    key: Ints
    time: Ints
    prior: Ints

    def of(self, which: Bools) -> _Advances:
        """Some of them."""
        return _Advances(*(column[which] for column in self))


LimitsOf = Callable[[Ints], SilenceLimits]
"""For how long some keys are waited for."""


@dataclass(slots=True)
class SilenceTracker:
    """The rhythm of each key of a partition, and the silence that it is in."""

    limits: LimitsOf
    """For how long keys are waited for."""
    since: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Of a quiet key the newest reading before its silence; ``NEVER``: it is not quiet."""
    steps: Ints = field(default_factory=lambda: np.zeros((0, STEPS), np.int64))
    """The last steps of each key in ms, the newest last; 0: not known yet."""
    delays: UsualDelays = field(default_factory=UsualDelays)
    """Of readings that are the newest of their key: what was sent again makes nobody late."""
    patience: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        more = keys - len(self.since)
        if more > 0:
            since = np.concatenate([self.since, np.full(more, NEVER)])
            steps = np.concatenate([self.steps, np.zeros((more, STEPS), np.int64)])
            self.delays.grow(keys)
            self._know(since, steps)

    def save(self) -> list[Ints]:
        """What is known."""
        return [self.since, self.steps.ravel(), *self.delays.save()]

    def restore(self, since: Ints, steps: Ints, *delays: Ints) -> None:
        """Be as at a snapshot; one from before delays were known has none."""
        if delays:
            self.delays.restore([*delays])
        self.delays.grow(len(since))
        self._know(since, steps)

    def _know(self, since: Ints, steps: Ints) -> None:
        self.since, self.steps = since, steps.reshape(-1, STEPS)
        every = np.arange(len(self.steps))
        self.patience = self._patience_of(self.steps, every, self.delays.usual())

    def changes(
        self, rows: LaneRows, prior: Ints, newest: Ints, run: Ints, before: int
    ) -> list[SilenceChange]:
        """What changed over a batch.

        Args:
            rows: the partition's readings, whatever their verdict.
            prior: the newest time of their key just before each.
            newest: the newest time of every key, after the batch.
            run: the partition's newest time just after each reading of the batch.
            before: the same before the batch.
        """
        self.grow(len(newest))
        found: list[SilenceChange] = []
        if not len(run):
            return found
        places = np.flatnonzero(rows.time > prior)
        order = places[by_key(rows.where(places), len(newest))]
        newer = _Advances(rows.at[order], rows.key[order], rows.time[order], prior[order])
        self._wait_for_new(newer)
        where = np.zeros(len(newest), np.int64)  # the last place that showed each key
        where[newer.key] = newer.at
        run_before = np.where(newer.at > 0, run[np.maximum(newer.at - 1, 0)], before)
        waited = self._waited_long(newer)
        doubtful = (newer.prior > NEVER) & (run_before - newer.prior >= waited)
        doubtful |= newer.time + waited <= run[newer.at]  # news that is old when it comes
        doubtful |= self.since[newer.key] > NEVER
        if doubtful.any():
            marked = np.zeros(len(newest), bool)
            marked[newer.key[doubtful]] = True
            mine = marked[newer.key]
            found = self._followed(newer.of(mine), run_before[mine], run)
        self._learn(newer, run)
        gone = (newest > NEVER) & (newest + self.patience[: len(newest)] <= run[-1])
        gone &= self.since[: len(newest)] <= NEVER
        for key in np.flatnonzero(gone).tolist():
            last, patience = int(newest[key]), int(self.patience[key])
            found.append(self._silent(run, key, last, patience, int(where[key])))
        found.sort(key=lambda change: change.at)
        return found

    def _wait_for_new(self, rows: _Advances) -> None:
        """Room was made for keys before anybody knew whose they are."""
        if (new := rows.prior <= NEVER).any():
            key = rows.key[new]
            self.patience[key] = self._patience_of(self.steps[key], key, self.delays.usual(key))

    def _waited_long(self, rows: _Advances) -> Ints:
        """No key of these is waited for less long, at any of its readings."""
        begins = np.flatnonzero(_firsts(rows.key))
        silent_ms, rhythms = self.limits(rows.key[begins])
        many = np.diff(begins, append=len(rows.key))
        if not len(begins) or not np.any(rhythms):
            return np.repeat(np.broadcast_to(np.asarray(silent_ms, np.int64), begins.shape), many)
        step = np.where(rows.prior > NEVER, rows.time - rows.prior, UNKNOWN_RHYTHM_MS)
        steps = self.steps[rows.key[begins]]
        known = np.where(steps > 0, steps, UNKNOWN_RHYTHM_MS).min(axis=1)
        shortest = np.minimum(np.minimum.reduceat(step, begins), known)
        longest = np.maximum(UNKNOWN_RHYTHM_MS, silent_ms)
        return np.repeat(np.clip(rhythms * shortest, silent_ms, longest), many)

    def _followed(self, rows: _Advances, run_before: Ints, run: Ints) -> list[SilenceChange]:
        """Follow the keys of which something may have changed, reading by reading."""
        delay = self.delays.after(rows.key, rows.time, run[rows.at])
        after = self._patience_of(self._steps_after(rows), rows.key, delay)
        first = _firsts(rows.key)
        held = np.where(first, self.patience[rows.key], np.roll(after, 1))  # before each reading
        late = (rows.prior > NEVER) & (run_before - held >= rows.prior)
        old = rows.time + after <= run[rows.at]  # it is as quiet after this reading as before
        was_old = np.where(first, self.since[rows.key] > NEVER, np.roll(old, 1))
        found: list[SilenceChange] = []
        for i in np.flatnonzero(late | old | was_old).tolist():
            key, at, last = int(rows.key[i]), int(rows.at[i]), int(rows.prior[i])
            if late[i] and self.since[key] <= NEVER:
                shown = 0 if first[i] else int(rows.at[i - 1])
                found.append(self._silent(run, key, last, int(held[i]), shown))
            if self.since[key] > NEVER and not old[i]:
                since = int(self.since[key])
                found.append(SilenceChange(at, key, False, int(rows.time[i]), since))
                self.since[key] = NEVER
            elif old[i] and self.since[key] <= NEVER:
                found.append(self._silent(run, key, int(rows.time[i]), int(after[i]), at))
        return found

    def _silent(self, run: Ints, key: int, last: int, patience: int, shown: int) -> SilenceChange:
        """A key went quiet: at the first place that shows it, not before its newest reading."""
        self.since[key] = last
        when = last + patience
        return SilenceChange(max(int(np.searchsorted(run, when)), shown), key, True, when, last)

    def _learn(self, rows: _Advances, run: Ints) -> None:
        """Remember the last steps of each key, and how late they came."""
        if not len(rows.key):
            return
        self.delays.deliver(rows.key, rows.time, run[rows.at])
        keys = rows.key[_firsts(rows.key)]
        rows = rows.of(rows.prior > NEVER)
        if len(rows.key):
            ends = np.flatnonzero(np.append(rows.key[1:] != rows.key[:-1], True))
            counts = np.diff(ends, prepend=-1)
            key = rows.key[ends]
            self.steps[key] = self._recent(rows.time - rows.prior, ends, counts, key)
        self.patience[keys] = self._patience_of(self.steps[keys], keys, self.delays.usual(keys))

    def _steps_after(self, rows: _Advances) -> Ints:
        """The last steps just after each reading: (readings, steps)."""
        step = np.where(rows.prior > NEVER, rows.time - rows.prior, 0)
        begins = np.flatnonzero(_firsts(rows.key))
        place = np.arange(len(step)) - np.repeat(begins, np.diff(begins, append=len(step)))
        return self._recent(step, np.arange(len(step)), place + 1, rows.key)

    def _recent(self, step: Ints, ends: Ints, counts: Ints, key: Ints) -> Ints:
        """The last steps at places of ``step``, of which ``counts`` are of the key there."""
        back = np.arange(STEPS) - (STEPS - 1)  # -7 … 0
        here = counts[:, None] + back > 0
        kept = np.minimum(np.arange(STEPS) + counts[:, None], STEPS - 1)
        old = self.steps[key[:, None], kept]
        recent: Ints = np.where(here, step[np.maximum(ends[:, None] + back, 0)], old)
        return recent

    def _patience_of(self, steps: Ints, key: Ints, delay: Ints) -> Ints:
        """How long keys are waited for with these last steps and these usual delays, in ms.

        Args:
            steps: (keys, steps), the newest last; 0: not known yet.
            key: (keys,).
            delay: (keys,).
        """
        silent_ms, rhythms = self.limits(key)
        shortest_ms = np.broadcast_to(np.asarray(silent_ms, np.int64), key.shape)
        if not np.any(rhythms):
            return shortest_ms.copy()
        has_rhythm = (steps > 0).sum(axis=1) >= MIN_STEPS
        patience = np.where(has_rhythm, silent_ms, np.maximum(UNKNOWN_RHYTHM_MS, silent_ms))
        slow = np.flatnonzero(has_rhythm & (steps.max(axis=1) * rhythms > silent_ms))
        times = np.broadcast_to(np.asarray(rhythms, np.int64), key.shape)
        if len(slow):
            _, longest, _ = rhythm_of(sorted_columns([*steps[slow].T]))
            patience[slow] = np.maximum(shortest_ms[slow], times[slow] * longest)
        return np.where(times == 0, shortest_ms, patience + delay)


def _firsts(key: Ints) -> Bools:
    """Where each key begins, of keys that lie together."""
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    return first
