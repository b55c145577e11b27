"""Shelly: ``/rpc/Shelly.GetStatus`` of all later generations, ``/status`` of the first.

After shelly-api-docs.shelly.cloud, gen1 and gen2. Later ones say what they say by MQTT; the first
says the same values in lists. Devices are called as by MQTT.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from energyguard.mqtt.dialect import (
    KnownField,
    MqttMessage,
    SentValue,
    field_at,
    number_of,
    object_in,
)
from energyguard.mqtt.dialects.shelly import (
    GEN1_METER,
    POWER,
    WATT_MINUTES,
    ShellyDialect,
    component_device,
)
from energyguard.poll.http import HttpSource
from energyguard.poll.source import AnswerExample, LeftOut, PollAnswer, PollKind

_LATER: Final = "/rpc/Shelly.GetStatus"
_FIRST: Final = "/status"
_LISTS: Final[Mapping[str, tuple[str, Mapping[str, KnownField]]]] = {
    "meters": ("relay", {"power": POWER, "total": WATT_MINUTES}),
    "emeters": ("emeter", GEN1_METER),
}


class ShellySource(HttpSource):
    """Asks a Shelly."""

    _later: ClassVar = ShellyDialect(ZoneInfo("UTC"))

    async def ask(self) -> PollAnswer:
        """Registers, powers, voltages, currents and temperatures."""
        path, body = await self.first_of(_LATER, _FIRST)
        device = self.target.name
        if path == _FIRST:
            status, left_out = object_in(body), list[LeftOut]()
            return PollAnswer(list(_of_first(device, status, left_out)), left_out)
        notified = b'{"method":"NotifyFullStatus","params":%b}' % body
        return PollAnswer(
            list(self._later.read(MqttMessage(f"{device}/events/rpc", notified, 0))), []
        )


def _of_first(
    device: str, status: Mapping[str, Any], left_out: list[LeftOut]
) -> Iterator[SentValue]:
    """What one of the first generation measures."""
    for name, (kind, fields) in _LISTS.items():
        parts = status.get(name)
        for place, part in enumerate(parts if isinstance(parts, list) else []):
            if not isinstance(part, dict):
                continue
            if part.get("is_valid") is False:
                left_out.append(LeftOut(f"{name}/{place}", "the device says that it is not valid"))
                continue
            below = component_device(device, kind, str(place))
            for field, known in fields.items():
                number = number_of(part.get(field), f"{name}/{place}/{field}")
                if number is not None:
                    yield SentValue(field_at(below, f"{name}/{place}/{field}", known), number)


KIND: Final = PollKind(
    name="shelly",
    title="Shelly",
    about="Shelly of every generation",
    open=ShellySource,
    example=AnswerExample(
        {
            _LATER: b'{"ble":{},"cloud":{"connected":true},"input:0":{"id":0,"state":false},'
            b'"switch:0":{"id":0,"source":"init","output":true,"apower":8.9,"voltage":237.5,'
            b'"aenergy":{"total":6.532,"by_minute":[45.199,47.141,88.397],"minute_ts":1626935779},'
            b'"temperature":{"tC":23.5,"tF":74.4}},"sys":{"unixtime":1626935779,"uptime":11081}}'
        }
    ),
)
