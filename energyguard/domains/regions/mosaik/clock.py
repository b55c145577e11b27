"""What mosaik's time is in event time."""

from __future__ import annotations

from dataclasses import dataclass

from energyguard.domains.regions.config import moment
from energyguard.errors import ConfigError


def time_of(given: str | int) -> int:
    """A time as simulators get it, in ms since 1970 UTC: such a number, or text.

    Raises:
        ConfigError: it is none.
    """
    try:
        return moment(given)
    except ValueError as error:
        raise ConfigError(f"{given!r}: {error}, nor ms since 1970 (twelve digits)") from None


def checked_step(step_size: int) -> int:
    """A step of mosaik's time.

    Raises:
        ConfigError: time would stand still.
    """
    if step_size < 1:
        raise ConfigError(f"step_size {step_size}: at least 1 unit of mosaik's time")
    return step_size


@dataclass(frozen=True)
class SimulationClock:
    """Event time from mosaik's: ``resolution_s`` seconds a unit, from ``start_ms`` on."""

    resolution_s: float = 1.0
    start_ms: int | None = None

    @classmethod
    def of(cls, resolution_s: float, start: str | int | None) -> SimulationClock:
        """The clock that begins then; None: nobody has said when.

        Raises:
            ConfigError: ``start`` is no time.
        """
        return cls(resolution_s, None if start is None else time_of(start))

    def ms(self, time: int) -> int:
        """The event time of a time of mosaik's.

        Raises:
            ConfigError: nobody has said when it begins.
        """
        if self.start_ms is None:
            raise ConfigError("what is measured needs its time: give the simulator a `start`")
        return self.start_ms + round(time * self.resolution_s * 1000)
