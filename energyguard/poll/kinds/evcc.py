"""evcc: ``/api/state``, with the same meters under the same names as by MQTT.

After docs.evcc.io/en/docs/integrations/rest-api. Older versions put all of it into ``result``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from energyguard.mqtt.dialect import KnownField, SentValue, field_at, number_of, object_in
from energyguard.mqtt.dialects.evcc import GRID, LOADPOINT, SOURCE
from energyguard.poll.http import HttpSource
from energyguard.poll.source import AnswerExample, PollAnswer, PollKind

_LISTS: Final = {"pv": SOURCE, "battery": SOURCE, "loadpoints": LOADPOINT}


class EvccSource(HttpSource):
    """Asks evcc."""

    async def ask(self) -> PollAnswer:
        """Powers, registers, currents and voltages of grid, sun, batteries and loadpoints."""
        state = object_in(await self.get("/api/state"))
        return PollAnswer(list(_meters(self.target.name, state.get("result", state))), [])


def _meters(device: str, state: object) -> Iterator[SentValue]:
    if not isinstance(state, dict):
        return
    grid = state.get("grid", {"power": state.get("gridPower")})
    yield from _values(f"{device}/grid", "grid", grid, GRID)
    for name, fields in _LISTS.items():
        meters = state.get(name)
        for place, meter in enumerate(meters if isinstance(meters, list) else [], 1):
            yield from _values(f"{device}/{name}/{place}", f"{name}/{place}", meter, fields)


def _values(
    device: str, where: str, meter: object, fields: Mapping[str, KnownField]
) -> Iterator[SentValue]:
    """What a meter measures; a list has a value for each phase."""
    if not isinstance(meter, dict):
        return
    for field, known in fields.items():
        value: Any = meter.get(field)
        phases = value if isinstance(value, list) else [value]
        for phase, each in enumerate(phases, 1):
            name = f"{where}/{field}/{phase}" if isinstance(value, list) else f"{where}/{field}"
            below = known._replace(below=f"l{phase}") if isinstance(value, list) else known
            number = number_of(each, name)
            if number is not None:
                yield SentValue(field_at(device, name, below), number)


KIND: Final = PollKind(
    name="evcc",
    title="evcc",
    about="charging, grid, sun and battery of evcc",
    open=EvccSource,
    example=AnswerExample(
        {
            "/api/state": b'{"grid":{"power":10,"energy":14044.923,"currents":[-3.88,5.8,-3.33]},'
            b'"pv":[{"power":186}],"battery":[{"power":-140,"soc":63}],'
            b'"loadpoints":[{"chargePower":3847.48,"chargeTotalImport":6663.93,'
            b'"chargeVoltages":[224.5875549,228.2381134,221.0879211],"title":"Garage"}]}'
        }
    ),
)
