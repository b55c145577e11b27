"""Shelly of the first generation (``shellies/…``, a value a topic) and of all later ones (RPC).

After shelly-api-docs.shelly.cloud, gen1 and gen2. The first counts energy in watt-minutes since it
was switched on, the others in Wh for ever. Notifications of the others are partial: what has not
changed is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Final

from energyguard.errors import Malformed
from energyguard.mqtt.dialect import (
    DialectExample,
    KnownField,
    MqttMessage,
    SentValue,
    TopicDialect,
    field_at,
    number_in,
    number_of,
    object_in,
)
from energyguard.mqtt.moments import epoch_ms

POWER: Final = KnownField("power_kw", 1_000)
WATT_MINUTES: Final = KnownField("energy_register_kwh", 60_000)
_WATT_HOURS: Final = KnownField("energy_register_kwh", 1_000)
_FED_IN: Final = KnownField("energy_register_kwh", 1_000, below="export")
_VOLTS, _AMPERES = KnownField("voltage_v"), KnownField("current_a")
_CELSIUS: Final = KnownField("temperature_c")

_GEN1: Final = re.compile(r"shellies/([^/]+)/(?:(relay|light|roller|emeter)/(\d+)/)?([a-z_]+)")
GEN1_SWITCH: Final = {"power": POWER, "energy": WATT_MINUTES}
GEN1_METER: Final = {
    "power": POWER,
    "voltage": _VOLTS,
    "current": _AMPERES,
    "total": _WATT_HOURS,
    "total_returned": _FED_IN,
}
"""Of a meter ``energy`` is left: it is what ``total`` is, and begins anew."""

_RPC: Final = re.compile(r"(.+)/events/rpc|(.+)/status/([a-z0-9]+:\d+)")
_PART: Final = re.compile(
    r"(switch|light|rgbw?|cct|cover|pm1|em1|em1data|em|emdata|temperature):(\d+)"
)
_SWITCH: Final[Mapping[tuple[str, ...], KnownField]] = {
    ("apower",): POWER,
    ("voltage",): _VOLTS,
    ("current",): _AMPERES,
    ("aenergy", "total"): _WATT_HOURS,
    ("ret_aenergy", "total"): _FED_IN,
}
_THREE_PHASE: Final[Mapping[tuple[str, ...], KnownField]] = {
    ("total_act_power",): POWER,
    **{
        (f"{phase}_{name}",): known._replace(below=f"l{number}")
        for number, phase in enumerate("abc", 1)
        for name, known in (("voltage", _VOLTS), ("current", _AMPERES))
    },
}
_PARTS: Final[Mapping[str, Mapping[tuple[str, ...], KnownField]]] = {
    **dict.fromkeys(("switch", "light", "rgb", "rgbw", "cct", "cover", "pm1"), _SWITCH),
    "em1": {("act_power",): POWER, ("voltage",): _VOLTS, ("current",): _AMPERES},
    "em1data": {("total_act_energy",): _WATT_HOURS, ("total_act_ret_energy",): _FED_IN},
    "em": _THREE_PHASE,
    "emdata": {("total_act",): _WATT_HOURS, ("total_act_ret",): _FED_IN},
    "temperature": {("tC",): _CELSIUS},
}
"""By the kind of a component: its fields, those of an object in it by both names."""


class ShellyDialect(TopicDialect):
    """Shelly."""

    name = "shelly"
    about = "Shelly of every generation"
    title = "Shelly"
    setup: ClassVar = (
        ("Settings › MQTT › Server", "{host}:{port}"),
        ("… › RPC status notifications over MQTT", "on"),
        (
            "Browser",
            'http://SHELLY/rpc/MQTT.SetConfig?config={"enable":true,"server":"{host}:{port}",'
            '"rpc_ntf":true}',
        ),
        ("Browser, then", "http://SHELLY/rpc/Shelly.Reboot"),
    )
    filters: ClassVar = (
        "shellies/+/temperature", "shellies/+/relay/+/+", "shellies/+/light/+/+",
        "shellies/+/roller/+/+", "shellies/+/emeter/+/+", "+/events/rpc", "+/status/+",
    )  # fmt: skip
    examples: ClassVar = (
        DialectExample("shellies/shellyplug-s-7AE1F2/relay/0/power", b"42.35"),
        DialectExample("shellies/shellyplug-s-7AE1F2/relay/0/energy", b"90000"),
        DialectExample(
            "shellyplus1pm-a8032abe54dc/events/rpc",
            b'{"src":"shellyplus1pm-a8032abe54dc","dst":"shellyplus1pm-a8032abe54dc/events",'
            b'"method":"NotifyStatus","params":{"ts":1795860900.25,"switch:0":{"id":0,'
            b'"aenergy":{"by_minute":[0.000,3083.333,3075.000],"minute_ts":1795860900,'
            b'"total":21748.502},"apower":184.5,"current":0.802,"voltage":230.1}}}',
        ),
    )

    def knows(self, topic: str) -> bool:
        """Whether it is of any generation."""
        return _GEN1.fullmatch(topic) is not None or _RPC.fullmatch(topic) is not None

    def device_of(self, topic: str) -> str:
        """What the topics of a device begin with."""
        found = _GEN1.fullmatch(topic) or _RPC.fullmatch(topic)
        return next(filter(None, found.groups()), "") if found else ""

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """Registers, powers, voltages, currents and temperatures."""
        first = _GEN1.fullmatch(message.topic)
        if first is not None:
            device, kind, place, name = first.groups()
            yield from _of_first(device, kind, place, name, message)
            return
        found = _RPC.fullmatch(message.topic)
        if found is None:
            return
        notified, of_status, part = found.groups()
        body = object_in(message.payload)
        if notified is None:
            yield from _of_part(of_status, part, body, None)
            return
        params = body.get("params")
        if body.get("method") not in ("NotifyStatus", "NotifyFullStatus"):
            return
        if not isinstance(params, dict):
            raise Malformed("params is no object", "params")
        time_ms = epoch_ms(number_of(params.get("ts"), "ts"), message.arrived_ms)
        for part, values in params.items():
            if isinstance(values, dict):
                yield from _of_part(notified, part, values, time_ms)


def _of_first(
    device: str, kind: str | None, place: str | None, name: str, message: MqttMessage
) -> Iterator[SentValue]:
    """The one value of a message of the first generation."""
    if kind is None:
        known = _CELSIUS if name == "temperature" else None
    else:
        known = (GEN1_METER if kind == "emeter" else GEN1_SWITCH).get(name)
    if known is None:
        return
    number = number_in(message.payload, name)
    if number is not None:
        parts = [part for part in (kind, place, name) if part is not None]
        yield SentValue(
            field_at(component_device(device, kind, place), "/".join(parts), known), number
        )


def component_device(device: str, kind: str | None, place: str | None) -> str:
    """The device of a component: the sender itself, or one below it where it may have several."""
    return (
        f"{device}/{place}" if kind in ("emeter", "em1", "em1data") or int(place or 0) else device
    )


def _of_part(
    device: str, part: str, values: Mapping[str, Any], time_ms: int | None
) -> Iterator[SentValue]:
    """What a component says, as far as it says it."""
    found = _component(part)
    if found is None:
        return
    kind, place = found
    below = f"{device}/{part}" if kind == "temperature" else component_device(device, kind, place)
    for path, known in _PARTS[kind].items():
        value: object = values
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            field = ".".join((part, *path))
            number = number_of(value, field)
            if number is not None:
                yield SentValue(field_at(below, field, known), Decimal(number), time_ms)


@lru_cache(maxsize=4_096)
def _component(part: str) -> tuple[str, str] | None:
    """The kind of a component, and its number."""
    found = _PART.fullmatch(part)
    return (found[1], found[2]) if found else None
