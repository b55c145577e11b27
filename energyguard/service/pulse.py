"""Whether data still comes: by the wall clock, against the pace at which it has come so far."""

from __future__ import annotations

from collections import deque
from statistics import median

MIN_QUIET_MS = 15_000
MAX_QUIET_MS = 3_600_000
MISSED = 3
"""So many usual gaps without a word are a silence."""


class Pulse:
    """The times at which something came, by the wall clock."""

    def __init__(self) -> None:
        self.heard_ms: int | None = None
        self._gaps: deque[int] = deque(maxlen=8)

    def hear(self, at_ms: int) -> None:
        """Something came at this time; what is older than the newest changes nothing."""
        if self.heard_ms is not None and at_ms > self.heard_ms:
            self._gaps.append(at_ms - self.heard_ms)
        self.heard_ms = max(at_ms, self.heard_ms or at_ms)

    def beats(self, now_ms: int, quiet_ms: int = 0) -> bool:
        """Whether it came lately, as often as it comes; ``quiet_ms`` without a word are usual."""
        usual = MISSED * median(self._gaps) if self._gaps else 0
        allowed = min(MAX_QUIET_MS, max(MIN_QUIET_MS, quiet_ms, usual))
        return self.heard_ms is not None and now_ms - self.heard_ms <= allowed
