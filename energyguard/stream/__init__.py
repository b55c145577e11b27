"""Event time: verdicts, windows, episodes, and the worker that runs them exactly once.

batch.py        readings of one partition as columns, in log order
clock.py        a partition's clock: newest time, watermark, readings ahead of it
ring.py         the readings of the horizon, to tell duplicates and to rebuild sums
amounts.py      every channel becomes a register: readings to amounts per pane
panes.py        the registers at the pane borders; a window is one subtraction
quiet.py        which devices went quiet, and which came back, in log order
episodes.py     one alert per episode: raise, dwell, clear, unknown
lane.py         one channel of one partition: verdicts, ring, panes, episodes
operator.py     one partition: clock and lanes; batch in, outcome out
outcome.py      what came of a batch, and the records that say so
checkpoint.py   snapshots in ``energyguard.state``
decisions.py    what owners decided: ``energyguard.time``
task.py         one partition: operator, position, snapshot, muted replay
stage.py        what a worker asks of the operators that it runs
worker.py       partitions of a group, one transaction for outputs and positions
window_….py     windows as a stage
role.py         the process
"""

from __future__ import annotations

from typing import Protocol

from energyguard.stream.time.batch import ReadingBatch
from energyguard.stream.windows.output import WindowOutput


class Operator(Protocol):
    """What a worker runs over one partition."""

    def process(self, batch: ReadingBatch) -> WindowOutput:
        """Take readings in log order; how they are cut into batches changes nothing."""
        ...

    def advance(self, time_ms: int) -> WindowOutput:
        """Let event time be at least this."""
        ...

    def snapshot(self) -> dict[str, bytes | None]:
        """The parts that changed since the last snapshot, by name; None: gone."""
        ...

    def restore(self, parts: dict[str, bytes]) -> None:
        """Be as at a snapshot, from all its parts."""
        ...
