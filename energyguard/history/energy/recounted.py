"""How far a history of an older version has been counted anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

FILE = "history-recount.json"


class Recounted(msgspec.Struct, frozen=True):
    """From when to when it is counted anew, newest first, and back to when it is done (ms)."""

    from_ms: int
    to_ms: int
    done_ms: int

    @property
    def share(self) -> float:
        """Of the time, how much is done."""
        return (self.to_ms - self.done_ms) / max(1, self.to_ms - self.from_ms)

    def __str__(self) -> str:
        day = datetime.fromtimestamp(self.done_ms / 1000, UTC).date().isoformat()
        return (
            f"energy is being counted anew as this version counts it: {self.share:.0%} is done, "
            f"back to {day}; sums before that day are the older version's, or not there yet"
        )


def recounted(data_dir: Path) -> Recounted | None:
    """What is not done yet; None: all is."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=Recounted)
    except (OSError, msgspec.DecodeError):
        return None
