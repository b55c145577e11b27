"""The only module that asks for the time.

Event time comes from readings. The wall clock is for append times, time-outs and back-off only,
and comes through a ``Clock``, so that a test can hold it still.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The wall clock, and a clock that only runs forward."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 in UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves when it is told to: ``sleep`` moves it and returns at once."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = float(now_ms)

    def now_ms(self) -> int:
        """Milliseconds since 1970 in UTC, as set."""
        return int(self._now_ms)

    def monotonic(self) -> float:
        """Seconds, as set."""
        return self._now_ms / 1000

    def sleep(self, seconds: float) -> None:
        """Move the clock forward."""
        self._now_ms += seconds * 1000


SYSTEM = SystemClock()
