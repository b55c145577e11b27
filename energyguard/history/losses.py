"""What the history has lost, as it is written down for health, doctor and the role itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

FILE = "history-losses.json"
KINDS_OF_ROWS = ("readings", "late", "alerts", "window_alerts", "stays")
"""A table of each kind of topics: with these everything is read again."""


class Loss(msgspec.Struct, kw_only=True):
    """Rows that were lost together."""

    found_ms: int
    tables: tuple[str, ...]
    rows: int  # 0: not known how many
    lo_ms: int = 0
    hi_ms: int = 0
    until: dict[str, int]  # topic/partition: filled when the log was read up to here
    filled: bool = False
    since_ms: int | None = None  # filled only with what the log took since then; None: with all

    def __str__(self) -> str:
        many = f"{self.rows:,} rows" if self.rows else "rows"
        span = f" from {_day(self.lo_ms)} to {_day(self.hi_ms)}" if self.lo_ms else ""
        lost = f"{many} of {', '.join(self.tables)}{span} were lost"
        if not self.filled:
            return f"{lost}; they are being filled again from the log"
        if self.since_ms is None:
            return f"{lost}, and filled again from the log"
        return (
            f"{lost}, and filled again with what the log took since {_day(self.since_ms)}; "
            "what came before is in a backup, or gone"
        )


def losses(data_dir: Path) -> list[Loss]:
    """What was lost and is not seen to yet."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=list[Loss])
    except (OSError, msgspec.DecodeError):
        return []


def open_losses(data_dir: Path) -> str:
    """What is lost now, in a sentence; empty: nothing."""
    found = [loss for loss in losses(data_dir) if not loss.filled or loss.since_ms is not None]
    return "; ".join(map(str, found))


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="minutes")[:16] + "Z"
