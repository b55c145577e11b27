"""go-e chargers: ``/api/status`` of the second API, ``/status`` of the first.

After github.com/goecharger, go-eCharger-API-v2 and -v1. The first counts the energy in 0.1 kWh,
currents in 0.1 A and the power in 10 W, the second in Wh, A and W. The API is to be switched on in
the charger's app.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from energyguard.errors import Malformed
from energyguard.mqtt.dialect import KnownField, SentValue, field_at, number_of, object_in
from energyguard.poll.http import HttpSource
from energyguard.poll.source import AnswerExample, PollAnswer, PollKind

_SECOND: Final = "/api/status?filter=eto,nrg"
_FIRST: Final = "/status"
_ENERGY: Final = {
    _SECOND: KnownField("energy_register_kwh", 1_000),
    _FIRST: KnownField("energy_register_kwh", 10),
}
_POWER: Final = {_SECOND: KnownField("power_kw", 1_000), _FIRST: KnownField("power_kw", 100)}
_AMPERES: Final = {_SECOND: KnownField("current_a"), _FIRST: KnownField("current_a", 10)}
_VOLTS: Final = KnownField("voltage_v")
_VOLTS_AT, _AMPERES_AT, _POWER_AT = 0, 4, 11


class GoESource(HttpSource):
    """Asks a go-e charger."""

    async def ask(self) -> PollAnswer:
        """The register, the power, and of each phase voltage and current."""
        path, body = await self.first_of(_SECOND, _FIRST)
        return PollAnswer(list(_values(self.target.name, path, object_in(body))), [])


def _values(device: str, path: str, status: dict[str, Any]) -> Iterator[SentValue]:
    measured = status.get("nrg")
    if not isinstance(measured, list) or len(measured) <= _POWER_AT:
        raise Malformed("nrg is no list of what it measures", "nrg")
    fields = [("eto", status.get("eto"), _ENERGY[path])]
    fields += [("nrg/11", measured[_POWER_AT], _POWER[path])]
    for phase in range(3):
        below = f"l{phase + 1}"
        for first, known in ((_VOLTS_AT, _VOLTS), (_AMPERES_AT, _AMPERES[path])):
            place = first + phase
            fields.append((f"nrg/{place}", measured[place], known._replace(below=below)))
    for name, value, known in fields:
        number = number_of(value, name)
        if number is not None:
            yield SentValue(field_at(device, name, known), number)


KIND: Final = PollKind(
    name="go-e",
    title="go-e",
    about="chargers of go-e, both APIs",
    open=GoESource,
    example=AnswerExample(
        {
            "/api/status": b'{"eto":1234567,"nrg":[230,229,231,0,5.2,4.8,5.0,1196,1099,1155,0,'
            b"3450,98,97,99,0]}"
        }
    ),
)
