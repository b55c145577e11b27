"""The clock of a simulation, which runs by itself in the browser (``static/room.js``).

The time and how fast it runs are sent once, and again when the simulation runs otherwise: not a
message a second for each who looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from energyguard.page.elements.components import Tag
from energyguard.page.words.formatting import moment

KNOWN_AFTER_S: Final = 5.0
"""How fast it runs is known from looks that are so far apart; until then each look is sent."""
OFF_S: Final = 3.0
"""Wall seconds by which the clock in the browser may be off."""


class _Look(NamedTuple):
    at_s: float
    clock_ms: int


class HeaderClock:
    """Day and time of a simulation.

    Args:
        zone: of the page.
        now: a clock that only goes on, in s.
    """

    def __init__(self, zone: str, now: Callable[[], float]) -> None:
        self._zone, self._now = zone, now
        self._first: _Look | None = None  # from which its speed is counted
        self._speed = 0.0  # ms a second, as the browser knows it; 0: it shows what it is sent
        self._day = Tag("span", "")
        self._time = Tag("span", "", "running", data_zone=zone)

    def show(self, clock_ms: int) -> None:
        """Take what time it is; the browser is told when it does not know."""
        look = _Look(self._now(), clock_ms)
        self._day.text = moment(clock_ms, self._zone, "%a %-d %b,")
        if self._first is None or (self._speed and self._is_off(self._first, look)):
            self._first, self._speed = look, 0.0
        elif self._speed:
            return
        passed_s = look.at_s - self._first.at_s
        if passed_s >= KNOWN_AFTER_S:
            self._speed = max(0.0, (clock_ms - self._first.clock_ms) / passed_s)
            self._first = look
        self._time.text = moment(clock_ms, self._zone, "%H:%M:%S")
        self._time.props(f"data-at={clock_ms} data-speed={self._speed:.0f}")

    def _is_off(self, sent: _Look, look: _Look) -> bool:
        known_ms = sent.clock_ms + (look.at_s - sent.at_s) * self._speed
        return abs(known_ms - look.clock_ms) > OFF_S * self._speed
