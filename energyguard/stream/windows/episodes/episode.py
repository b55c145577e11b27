"""An alert that is not over, as a worker has it, and what happens to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from energyguard.model.alerts import State

QUIET, CLOSE, BACK, READ = range(4)  # what comes first where all happen at one place in the log


@dataclass(slots=True)
class Episode:
    """An alert that is not over. Amounts are scores of its rule, times in ms.

    ``window_end_ms`` and ``window_ms`` are of the window that began it, and its identity; they
    outlive a change of the rule, after which ``first_end`` is a window of the new kind.
    """

    key: int
    first_end: int  # the end, in panes, of the first window that counts for it
    since_ms: int
    observed: int
    peak: int
    state: State
    gap: tuple[int, int] | None = None  # a silence that is over: windows in it say nothing
    window_end_ms: int = 0
    window_ms: int = 0


class EpisodeEvent(NamedTuple):
    """What happened to an episode, and where in the batch."""

    at: int
    episode: Episode
    state: State
    time_ms: int
    observed: int
    peak: int
    reason: str = ""  # why it is over, where no window says so

    @property
    def key(self) -> int:
        """Whose episode it is."""
        return self.episode.key
