"""A simulator for mosaik: what came of each household, summed up.

collector = world.start("Collector", step_size=60)
world.connect(home, collector.Collector(), "readings")
world.run(until=86_400, shutdown=False)
rows = collector.summary()
"""

from __future__ import annotations

from typing import Any

import mosaik_api_v3
from mosaik_api_v3.types import CreateResult, InputData, Meta, OutputData, OutputRequest

from energyguard.domains.regions.mosaik.clock import checked_step
from energyguard.domains.regions.mosaik.inputs import Fresh, FreshRows

META: Meta = {
    "api_version": "3.0",
    "type": "time-based",
    "models": {"Collector": {"public": True, "params": [], "attrs": ["readings"]}},
    "extra_methods": ["summary"],
}
_TENTHS_PER_KWH = 10**10


class Collector(mosaik_api_v3.Simulator):
    """Sums up the ``readings`` of households. Steps as often as they, or more often."""

    def __init__(self) -> None:
        super().__init__(META)  # type: ignore[no-untyped-call]
        self._fresh, self._step_size = Fresh(), 2
        self._rows: dict[str, dict[str, Any]] = {}

    def init(self, sid: str, time_resolution: float = 1.0, step_size: int = 2) -> Meta:  # type: ignore[override]
        """Take mosaik's parameters: ``step_size`` units of time between two steps.

        Raises:
            ConfigError: it is no step.
        """
        self._step_size = checked_step(step_size)
        return self.meta

    def create(self, num: int, model: str) -> list[CreateResult]:  # type: ignore[override]
        """Collectors: all households of each are summed up in the same table."""
        return [{"eid": f"collector_{place}", "type": model} for place in range(num)]

    def step(self, time: int, inputs: InputData, max_advance: int) -> int:
        """Take what is new."""
        for attrs in inputs.values():
            for node, rows in self._fresh.of(attrs.get("readings", {})):
                self._add(node, rows)
        return time + self._step_size

    def get_data(self, outputs: OutputRequest) -> OutputData:
        """Nothing: others ask for the ``summary``."""
        return {}

    def summary(self) -> list[dict[str, Any]]:
        """A row a household: readings, first_ms, last_ms, lowest_mw, highest_mw, register_kwh."""
        return [
            {
                "node": node,
                **{name: row[name] for name in ("readings", "first_ms", "last_ms")},
                **{name: row[name] for name in ("lowest_mw", "highest_mw")},
                "register_kwh": (row["last"] - row["first"]) / _TENTHS_PER_KWH,
            }
            for node, row in sorted(self._rows.items())
        ]

    def _add(self, node: str, sent: FreshRows) -> None:
        row = self._rows.setdefault(
            node,
            {
                "readings": 0,
                "first_ms": sent.time_ms[0],
                "first": sent.energy[0],
                "lowest_mw": sent.power_mw[0],
                "highest_mw": sent.power_mw[0],
            },
        )
        row["readings"] += len(sent.time_ms)
        row["last_ms"], row["last"] = sent.time_ms[-1], sent.energy[-1]
        row["lowest_mw"] = min(row["lowest_mw"], *sent.power_mw)
        row["highest_mw"] = max(row["highest_mw"], *sent.power_mw)
