"""A simulator for mosaik: households that play system E's files.

meters = world.start("Meters", start="2019-12-24 00:00:00", step_size=2)
home = meters.Household(file="data/00effd.csv")
world.connect(home, other, "power")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mosaik_api_v3
from mosaik_api_v3.types import CreateResult, InputData, Meta, OutputData, OutputRequest

from energyguard.domains.regions.mosaik.clock import SimulationClock, checked_step, time_of
from energyguard.domains.regions.simulator.recordings import Recording, read_recording
from energyguard.errors import Conflict

META: Meta = {
    "api_version": "3.0",
    "type": "time-based",
    "models": {
        "Household": {
            "public": True,
            "params": ["file"],
            "attrs": ["power", "energy", "readings"],
        }
    },
    "extra_methods": ["set_span"],
}


class HouseholdMeters(mosaik_api_v3.Simulator):
    """Households, each with a file: ``date,timestamp,energy,power,power1,power2,power3``.

    What a household gives at a step is what its meter showed in the time until the next:

        power     the last power, mW of either sign; None: nothing yet
        energy    the last state of the register, 1e-10 kWh; None: nothing yet
        readings  all of them: ``{"timestamp": […], "power_value": […], "energy": […]}``, in ms, mW
                  and 1e-10 kWh

    Where a household comes to be, ``extra_info`` says ``first_ms`` and ``last_ms``, how many
    ``readings`` its file has, and which lines of it are ``broken``: (file, line, reason, lines).
    """

    def __init__(self) -> None:
        super().__init__(META)  # type: ignore[no-untyped-call]
        self._homes: dict[str, Recording] = {}
        self._clock = SimulationClock()
        self._step_size = 2
        self._end_ms: int | None = None
        self._from_ms = self._to_ms = 0

    def init(  # type: ignore[override]
        self,
        sid: str,
        time_resolution: float = 1.0,
        start: str | int | None = None,
        step_size: int = 2,
    ) -> Meta:
        """Take mosaik's parameters.

        Args:
            sid: the simulator's name.
            time_resolution: how many seconds mosaik's unit of time has.
            start: what mosaik's time 0 is: ms since 1970, or text (UTC, where it says no offset);
                None: when the first of the households begins.
            step_size: units of time between two steps.

        Raises:
            ConfigError: ``start`` is no time, or ``step_size`` is no step.
        """
        self._clock = SimulationClock.of(time_resolution, start)
        self._step_size = checked_step(step_size)
        return self.meta

    def create(self, num: int, model: str, file: str) -> list[CreateResult]:  # type: ignore[override]
        """A household of a file.

        Raises:
            NotFound: there is no such file.
            Rejected: it is no household file.
            Conflict: there is one of this name.
        """
        if num != 1:
            raise Conflict(f"{num} households of {file}: a file is one home")
        home = read_recording(Path(file))
        if home.node in self._homes:
            raise Conflict(f"{file}: there is a household {home.node} already")
        self._homes[home.node] = home
        info = {
            "first_ms": int(home.time_ms[0]),
            "last_ms": int(home.time_ms[-1]),
            "readings": len(home.time_ms),
            "broken": [list(broken) for broken in home.broken],
        }
        return [{"eid": home.node, "type": model, "extra_info": info}]

    def set_span(self, start: str | int, end: str | int | None = None) -> None:
        """Say what mosaik's time 0 is, and from when on there are no more readings.

        Raises:
            ConfigError: one is no time.
        """
        self._clock = SimulationClock.of(self._clock.resolution_s, start)
        self._end_ms = None if end is None else time_of(end)

    def setup_done(self) -> None:
        """Begin with the first household, where nobody said when."""
        if self._clock.start_ms is None and self._homes:
            first_ms = min(int(home.time_ms[0]) for home in self._homes.values())
            self._clock = SimulationClock(self._clock.resolution_s, first_ms)

    def step(self, time: int, inputs: InputData, max_advance: int) -> int:
        """Go on to the next step."""
        if self._homes:
            self._from_ms = self._clock.ms(time)
            self._to_ms = self._clock.ms(time + self._step_size)
        if self._end_ms is not None:
            self._to_ms = min(self._to_ms, self._end_ms)
        return time + self._step_size

    def get_data(self, outputs: OutputRequest) -> OutputData:
        """What the meters show."""
        return {
            eid: {attr: self._value(self._homes[eid], attr) for attr in attrs}
            for eid, attrs in outputs.items()
        }

    def _value(self, home: Recording, attr: str) -> Any:
        rows = home.between(self._from_ms, self._to_ms)
        if attr == "readings":
            return {
                "timestamp": home.time_ms[rows].tolist(),
                "power_value": home.power_mw[rows].tolist(),
                "energy": home.energy[rows].tolist(),
            }
        values = home.power_mw if attr == "power" else home.energy
        return int(values[rows.stop - 1]) if rows.stop else None
