"""OpenDTU: ``/api/livedata/status``, a device below the target for each inverter, by its serial.

After github.com/tbnobody/OpenDTU, docs/Web-API.md. Newer versions list the inverters, and say the
values of one with ``?inv=SERIAL``; the oldest have the values of the grid's side in ``0`` instead
of ``AC``. What an inverter gives is fed in. One that the DTU does not reach has values of long ago,
or zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from energyguard.errors import Malformed
from energyguard.mqtt.dialect import KnownField, SentValue, field_at, number_of, object_in
from energyguard.poll.http import HttpSource
from energyguard.poll.source import AnswerExample, LeftOut, PollAnswer, PollKind

MAX_INVERTERS: Final = 64
_PATH: Final = "/api/livedata/status"
_UNITS: Final = {"W": 1_000, "kW": 1, "Wh": 1_000, "kWh": 1}
_GIVEN: Final[Mapping[str, KnownField]] = {
    "Power": KnownField("power_kw", times=-1),
    "YieldTotal": KnownField("energy_register_kwh", below="export"),
}
_LEVELS: Final = {"Voltage": KnownField("voltage_v"), "Current": KnownField("current_a")}
_CELSIUS: Final = KnownField("temperature_c")


class OpenDtuSource(HttpSource):
    """Asks an OpenDTU for its inverters."""

    async def ask(self) -> PollAnswer:
        """Of each inverter the power, the register, voltage, current and temperature."""
        values, left_out = list[SentValue](), list[LeftOut]()
        for listed in _inverters(await self.get(_PATH)):
            serial = str(listed.get("serial", ""))
            inverter = listed
            if listed.get("reachable") is not True:
                left_out.append(LeftOut(serial, "the DTU does not reach the inverter"))
                continue
            if not _grid_side(listed):
                path = f"{_PATH}?inv={quote(serial, safe='')}"
                inverter = next(iter(_inverters(await self.get(path))), {})
            values += _values(f"{self.target.name}/{serial}", inverter)
        return PollAnswer(values, left_out)


def _inverters(body: bytes) -> list[dict[str, Any]]:
    found = object_in(body).get("inverters")
    if not isinstance(found, list):
        raise Malformed("there is no list of inverters", "inverters")
    if len(found) > MAX_INVERTERS:
        raise Malformed(f"more than {MAX_INVERTERS} inverters", "inverters")
    return [inverter for inverter in found if isinstance(inverter, dict)]


def _grid_side(inverter: Mapping[str, Any]) -> Mapping[str, Any]:
    side = inverter.get("AC", inverter)
    phase = side.get("0") if isinstance(side, dict) else None
    return phase if isinstance(phase, dict) else {}


def _values(device: str, inverter: Mapping[str, Any]) -> Iterator[SentValue]:
    side = _grid_side(inverter)
    for name, known in (*_GIVEN.items(), *_LEVELS.items()):
        yield from _value(device, f"AC/0/{name}", side.get(name), known)
    own = inverter.get("INV")
    of_inverter = own.get("0") if isinstance(own, dict) else side
    if isinstance(of_inverter, dict):
        celsius = of_inverter.get("Temperature")
        yield from _value(device, "INV/0/Temperature", celsius, _CELSIUS)


def _value(device: str, name: str, value: object, known: KnownField) -> Iterator[SentValue]:
    """A value with its unit, ``{"v":70.7,"u":"W","d":1}``."""
    if not isinstance(value, dict):
        return
    number = number_of(value.get("v"), name)
    if number is None:
        return
    if known in _GIVEN.values():
        per = _UNITS.get(str(value.get("u")))
        if per is None:
            raise Malformed(f"{name} is in {value.get('u')!r}, which is not known", name)
        known = known._replace(per=per)
    yield SentValue(field_at(device, name, known), number)


KIND: Final = PollKind(
    name="opendtu",
    title="OpenDTU",
    about="inverters of Hoymiles behind an OpenDTU",
    open=OpenDtuSource,
    example=AnswerExample(
        {
            _PATH: b'{"inverters":[{"serial":"114181860001","name":"HM600","data_age":4,'
            b'"reachable":true,"producing":true,"AC":{"0":{"Power":{"v":70.69999695,"u":"W","d":1},'
            b'"Voltage":{"v":233,"u":"V","d":1},"Current":{"v":0.300000012,"u":"A","d":2},'
            b'"YieldDay":{"v":23,"u":"Wh","d":2},"YieldTotal":{"v":150.5050049,"u":"kWh","d":2}}},'
            b'"INV":{"0":{"Temperature":{"v":8.300000191,"u":"\xc2\xb0C","d":1}}}}]}'
        }
    ),
)
