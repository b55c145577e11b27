"""Which devices went quiet, and which came back, in log order.

A key is quiet when its partition's newest time is ``silent_ms`` beyond the key's own. What is told
depends on the order of the log only, so it does not matter how the log is cut into batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from energyguard.stream.batch import Bools, Ints
from energyguard.stream.clock import NEVER
from energyguard.stream.verdicts import LaneRows


class Change(NamedTuple):
    """A key went quiet, or came back; ``at`` is the place in the batch that showed it."""

    at: int
    key: int
    quiet: bool
    time_ms: int
    last_ms: int  # the newest reading before the silence


@dataclass(slots=True)
class Quiet:
    """The quiet keys of a lane."""

    silent_ms: int
    quiet: Bools

    def changes(
        self, rows: LaneRows, prior: Ints, newest: Ints, run: Ints, before: int
    ) -> list[Change]:
        """What changed over a batch.

        Args:
            rows: the lane's readings, whatever their verdict.
            prior: the newest time of their key just before each.
            newest: the newest time of every key, after the batch.
            run: the partition's newest time just after each reading of the batch.
            before: the same before the batch.
        """
        at, key, time = rows.at, rows.key, rows.time
        found: list[Change] = []
        if len(self.quiet) < len(newest):
            self.quiet = np.concatenate([self.quiet, np.zeros(len(newest), bool)])
        if not len(run):
            return found
        first = np.flatnonzero(prior <= NEVER)
        heard = dict(zip(key[first[::-1]].tolist(), at[first[::-1]].tolist(), strict=True))
        run_before = np.where(at > 0, run[np.maximum(at - 1, 0)], before)
        back = (prior > NEVER) & (time > prior) & (run_before >= prior + self.silent_ms)
        for i in np.flatnonzero(back).tolist():
            who, last = int(key[i]), int(prior[i])
            if not self.quiet[who]:
                found.append(self._silent(run, who, last, heard))
                self.quiet[who] = True
            if time[i] + self.silent_ms > run[at[i]]:  # else it is old news of a quiet device
                found.append(Change(int(at[i]), who, False, int(time[i]), last))
                self.quiet[who] = False
        gone = (newest > NEVER) & (newest + self.silent_ms <= run[-1]) & ~self.quiet[: len(newest)]
        for who in np.flatnonzero(gone).tolist():
            found.append(self._silent(run, who, int(newest[who]), heard))
            self.quiet[who] = True
        found.sort(key=lambda change: change.at)
        return found

    def _silent(self, run: Ints, who: int, last: int, heard: dict[int, int]) -> Change:
        """The change at the first place that shows it; not before the key was first heard."""
        when = last + self.silent_ms
        return Change(
            max(int(np.searchsorted(run, when)), heard.get(who, 0)), who, True, when, last
        )
