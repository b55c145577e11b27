"""A standing silence as people see it."""

from __future__ import annotations

from typing import NamedTuple


class SilenceView(NamedTuple):
    """A standing silence as it is now. Times are wall time."""

    id: str
    selector: str
    rule: str
    by: str
    at_ms: int
    until_ms: int | None  # None: until somebody ends it
    note: str
    ended_by: str
    active: bool  # it holds now
    alerts: int  # so many open alerts are quiet by it
    from_ms: int  # when it began, or begins
    every: str  # it holds in these times alone; empty: all the time
    zone: str  # whose clock that is
    ends_ms: int | None  # when it ends that holds now; None: it does not, or nobody knows
    next_ms: int | None  # when it holds next; None: it is over, or holds to its end

    @property
    def is_over(self) -> bool:
        """Whether it holds no more, and never will."""
        return not self.active and self.next_ms is None

    @property
    def is_planned(self) -> bool:
        """Whether what lasts longer than it is told when it ends."""
        return bool(self.every) or self.from_ms > self.at_ms

    @property
    def about(self) -> str:
        """What is quiet, in words: ``site=lindenhof, rule night``."""
        parts = (self.selector, f"rule {self.rule}" if self.rule else "")
        return ", ".join(part for part in parts if part) or "all alerts"


class SilencePreview(NamedTuple):
    """What a silence would do."""

    open: int  # so many alerts that are open now would be quiet
    last_7_days: int  # so many that fired in the last seven days would have been
    devices: int  # of so many devices that fired then
