"""A simulator for mosaik: what households give becomes messages of ``power_topic`` in a log.

    topic = world.start("PowerTopic", log="kafka://localhost:9092", step_size=60)
    world.connect(home, topic.Topic(), "readings")

What another simulator gives may be connected as ``power`` (mW), perhaps with ``energy`` (1e-10 kWh,
whole): a message a step then, at the step's time, for which the adapter must know the ``start``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import isfinite
from threading import Event
from typing import Any

import mosaik_api_v3
from mosaik_api_v3.types import CreateResult, InputData, Meta, OutputData, OutputRequest

from energyguard.domains.regions.dialect import message
from energyguard.domains.regions.mosaik.clock import SimulationClock, checked_step
from energyguard.domains.regions.mosaik.inputs import Fresh, node_of
from energyguard.domains.regions.topics import POWER
from energyguard.errors import ConfigError, Rejected
from energyguard.intake.gateway import Gateway
from energyguard.log import LATEST, open_log
from energyguard.simulators.ticker import patiently

_Due = tuple[int, str, bytes]  # when (ms), which home, its message
META: Meta = {
    "api_version": "3.0",
    "type": "time-based",
    "models": {
        "Topic": {"public": True, "params": [], "attrs": ["power", "energy", "readings"]},
    },
    "extra_methods": ["written"],
}


class PowerTopic(mosaik_api_v3.Simulator):
    """Writes ``power_topic``: a JSON message a reading, its home as key, a step an append.

    A step is durable in the log when it is done. Where the log takes nothing, the world waits.
    """

    def __init__(self) -> None:
        super().__init__(META)  # type: ignore[no-untyped-call]
        self._clock, self._step_size = SimulationClock(), 2
        self._fresh, self._written, self._stop = Fresh(), 0, Event()

    def init(  # type: ignore[override]
        self,
        sid: str,
        time_resolution: float = 1.0,
        log: str = "",
        start: str | int | None = None,
        step_size: int = 2,
        options: Mapping[str, str] | None = None,
    ) -> Meta:
        """Open the log.

        Args:
            sid: the simulator's name.
            time_resolution: how many seconds mosaik's unit of time has.
            log: ``sqlite:///path/of/file`` or ``kafka://host:port``.
            start: what mosaik's time 0 is, where ``power`` is connected: as in ``Meters``.
            step_size: units of time between two steps.
            options: properties for the client of Kafka.

        Raises:
            ConfigError: there is no such log, or an extra is not installed.
            Unavailable: it does not answer.
        """
        if not log:
            raise ConfigError("PowerTopic: say where to write: log='kafka://host:port'")
        self._clock = SimulationClock.of(time_resolution, start)
        self._step_size = checked_step(step_size)
        self._log = open_log(log, options=options or {})
        self._log.positions(POWER.name, LATEST)  # it answers, or says why not
        self._intake = Gateway(self._log)
        return self.meta

    def create(self, num: int, model: str) -> list[CreateResult]:  # type: ignore[override]
        """Ways into the topic: as many as one likes, of as many homes each."""
        return [{"eid": f"topic_{place}", "type": model} for place in range(num)]

    def step(self, time: int, inputs: InputData, max_advance: int) -> int:
        """Append what is new, in the order of time."""
        due: list[_Due] = []
        for attrs in inputs.values():
            due += self._of_readings(attrs)
            due += self._of_powers(time, attrs)
        if due:
            due.sort()
            keys, messages = [node.encode() for _, node, _ in due], [text for *_, text in due]
            if patiently(lambda: self._intake.post(keys, messages, (), POWER.name), self._stop):
                self._written += len(due)
        return time + self._step_size

    def get_data(self, outputs: OutputRequest) -> OutputData:
        """Nothing: what comes in goes to the log."""
        return {}

    def written(self) -> int:
        """How many messages are in the log."""
        return self._written

    def finalize(self) -> None:
        """Close the log; a step that mosaik still takes when a run has failed writes nothing."""
        self._stop.set()
        self._log.close()

    def _of_readings(self, attrs: Mapping[str, Mapping[str, Any]]) -> Iterator[_Due]:
        for node, sent in self._fresh.of(attrs.get("readings", {})):
            for at, power, energy in zip(*sent, strict=True):
                yield at, node, message(node, power, at, energy)

    def _of_powers(self, time: int, attrs: Mapping[str, Mapping[str, Any]]) -> Iterator[_Due]:
        registers = attrs.get("energy", {})
        for full_id, power in attrs.get("power", {}).items():
            if power is None:
                continue
            node, energy, at = node_of(full_id), registers.get(full_id), self._clock.ms(time)
            register = None if energy is None else int(energy)
            yield at, node, message(node, _number(node, power), at, register)


def _number(node: str, power: float) -> int | Decimal:
    """A power as a message says it: a float by the shortest decimal that is it.

    Raises:
        Rejected: it is no number.
    """
    if isinstance(power, int):
        return power
    if not isfinite(power):
        raise Rejected(f"{node}: power {power} is no number of mW", field="power")
    return Decimal(repr(float(power)))
