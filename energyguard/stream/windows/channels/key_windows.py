"""The windows of one key, by its entries: for devices that are slow, new, late or in doubt.

What the panes do for many keys at once, this does for one, in log order: fold, close the windows
whose time has come, raise early. Both give the same. Readings of which each only follows the one
before it are taken many at once, where nothing can be told between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energyguard.stream.windows.channels.rule_windows import KeyTime, WindowsOfRule
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.episodes.output import AlertTransition, Breaches, Collected
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange

AT_ONCE = 64
"""So many readings are taken at once; after some of them had to go one by one, so many do."""
QUIET, LATE, BACK, READ = range(4)


class KeyWindows:
    """One key's windows under all rules of a channel, over a piece of a batch."""

    def __init__(
        self,
        key: int,
        entries: KeyEntries,
        states: Sequence[RuleState],
        time: KeyTime,
        *,
        follows: bool,
    ) -> None:
        self.key, self.entries, self.time = key, entries, time
        self.rules = [WindowsOfRule(state, key, time, follows=follows) for state in states]
        for rule in self.rules:
            rule.knows(entries)
        time.doubt_ms = entries.doubt_ms
        self._alone = 0  # so many readings are taken one by one
        self._is_late = False

    def follow(
        self,
        rows: Sequence[tuple[int, int, int]],
        changes: Sequence[SilenceChange],
        stop: int,
        late: Sequence[int] = (),
    ) -> None:
        """Go through a piece.

        Args:
            rows: place, time and value of the key's readings that count, in log order.
            changes: when it goes quiet, or comes back.
            stop: the place after the last of the piece.
            late: places of readings that do not count, and are newer than all before.
        """
        happened = sorted(
            [
                *((c.at, QUIET if c.quiet else BACK, i) for i, c in enumerate(changes)),
                *((row[0], READ, i) for i, row in enumerate(rows)),
                *((at, LATE, 0) for at in late),
            ]
        )
        self._is_late = bool(late)
        place = 0
        while place < len(happened):
            at, kind, i = happened[place]
            if kind == READ and (many := self._read_many(rows[i : i + AT_ONCE], changes)):
                place += many
                continue
            place += 1
            if at:
                self._close(self.time.come_to(at - 1))
            if kind == READ:
                self._read(*rows[i])
            if kind in (READ, LATE):
                continue
            reads = place < len(happened) and happened[place][0] == at
            if kind == BACK and not (reads and self.time.own):  # else what waits closes with it
                self._close(self.time.come_to(at))
            for rule in self.rules:
                rule.found += rule.turns(changes[i])  # none, where there is no episode
        self._close(self.time.come_to(stop - 1))

    def _read_many(
        self, rows: Sequence[tuple[int, int, int]], changes: Sequence[SilenceChange]
    ) -> int:
        """Count readings that only follow, at once, if nothing is told between; how many it was."""
        starts = self.entries.look_ahead(rows)
        if self._alone:
            self._alone -= 1
            return 0
        if changes or self._is_late or self.time.doubt_ms:
            return 0
        if any(rule.closes_one_by_one for rule in self.rules):
            return 0
        now = self.time.come_at(np.array([row[0] for row in rows[: len(starts)]], np.int64))
        back = np.flatnonzero(starts < now)
        far = min(((rule.last + 1) * rule.slide for rule in self.rules), default=0)
        many = min(int(np.searchsorted(now, far)), int(back[0]) if len(back) else len(starts))
        if many < 2 or self.entries.span is None:
            return 0
        change = self.entries.take_many(many)
        for rule in self.rules:
            rule.knows(self.entries)
        if not all(rule.is_calm(change, int(now[many - 1])) for rule in self.rules):
            self.entries.take_back(many)
            for rule in self.rules:
                rule.knows(self.entries)
            self._alone = AT_ONCE // 4
            return 0
        self._close(self.time.come_to(rows[many - 1][0]))
        return many

    def _close(self, time_ms: int) -> None:
        held = self.entries.held_until(time_ms)
        for rule in self.rules:
            rule.close_until(time_ms, held)

    def _read(self, at: int, time: int, value: int) -> None:
        """Count a reading; windows that close with it hold what it says of them."""
        change = self.entries.take(time, value)
        now = self.time.come_to(at)
        held = self.entries.held_until(now)
        reaches_back = bool(change) and change.first_ms < now
        for rule in self.rules:
            if reaches_back:
                rule.knows(self.entries)
            rule.close_until(now, held)
            rule.knows(self.entries)
            if change:
                rule.restated(at, change, time)
        if self.time.doubt_ms != (doubt := self.entries.doubt_ms):
            self.time.doubt_ms, self.time.first = doubt, at
            self._close(self.time.come_to(at))

    def end(self) -> None:
        """No more readings come: what waits counts as far as it is known."""
        self.entries.end()
        for rule in self.rules:
            rule.knows(self.entries)

    def tell(self, into: Collected) -> None:
        """What came of it."""
        for rule in self.rules:
            if rule.breaches:
                at, end, nano = np.array(rule.breaches, np.int64).T
                key = np.full(len(end), self.key)
                into.breaches.append(Breaches(rule.own, key, end, nano, at))
            into.transitions += [AlertTransition(rule.of, event) for event in rule.found]
            into.closed += rule.terms

    def highest(self, rule: WindowsOfRule) -> int:
        """No open window has more than this now."""
        start, end, _ = rule.columns
        if not len(start):
            return 0
        borders = np.concatenate([start, end, start + 1])
        borders = np.concatenate([borders, borders + rule.rule.window_ms]) // rule.slide
        now = np.array([rule.first])  # sums may go down from there to the next border
        ends = np.unique(np.concatenate([now, borders, borders + 1, borders + 2]))
        ends = ends[ends >= rule.first]
        highest = rule.counted(ends).max(initial=0)  # no low bound is above what is counted
        return int(highest) + 2 * len(start)  # between two borders the floors of each entry
