"""Tasmota: ``tele/DEVICE/SENSOR``, an object with a part for each sensor.

After tasmota.github.io/docs/MQTT and /docs/Power-Monitoring-Calibration. Times have no zone. Names
of optical readers' scripts are those of /docs/Smart-Meter-Interface and of evcc's page on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from energyguard.dialects.names import ValueName
from energyguard.errors import Malformed
from energyguard.mqtt.dialect import (
    DialectExample,
    KnownField,
    MqttMessage,
    NamedPlace,
    SentValue,
    TopicDialect,
    field_at,
    number_of,
    object_in,
)
from energyguard.mqtt.moments import text_ms

_TOPIC: Final = re.compile(
    r"tele/(?P<first>.+)/(?:SENSOR|STATE|LWT)|stat/(?P<asked>.+)/STATUS(?:8|10)"
    r"|(?P<last>.+)/tele/(?:SENSOR|STATE|LWT)"
)
POWER: Final = KnownField("power_kw", 1_000)
_ENERGY: Final = (
    ("Total", KnownField("energy_register_kwh")),
    ("ExportActive", KnownField("energy_register_kwh", below="export")),
)
_LEVELS: Final = (("Voltage", KnownField("voltage_v")), ("Current", KnownField("current_a")))
_SCRIPTED: Final = {
    "Total_in": KnownField("energy_register_kwh"),
    "Total_out": KnownField("energy_register_kwh", below="export"),
    "Power_curr": POWER,
    "Power_cur": POWER,
    **{
        f"{name}_l{n}": known._replace(below=f"l{n}")
        for n in (1, 2, 3)
        for name, known in (
            ("voltage", KnownField("voltage_v")),
            ("current", KnownField("current_a")),
        )
    },
}
"""What scripts call the values of a meter; powers of phases are parts of the one power."""
_METER: Final = "ENERGY"
_NO_SENSOR: Final = frozenset(("Time", "TempUnit", "PressureUnit", "SpeedUnit"))


class TasmotaDialect(TopicDialect):
    """Tasmota."""

    name = "tasmota"
    about = "plugs and meters with Tasmota"
    title = "Tasmota"
    setup: ClassVar = (
        (
            "Console: all at once",
            "Backlog MqttHost {host}; MqttPort {port}; Topic boiler; TelePeriod 10",
        ),
        ("Configuration › Configure MQTT › Host", "{host}"),
        ("… › Port", "{port}"),
        ("… › Topic", "boiler"),
        ("… › Full Topic", "%prefix%/%topic%/"),
        ("Configuration › Configure Logging › Telemetry period", "10"),
    )
    topics: ClassVar = _TOPIC
    filters: ClassVar = ("tele/+/SENSOR", "+/tele/SENSOR", "stat/+/STATUS8", "stat/+/STATUS10")
    examples: ClassVar = (
        DialectExample(
            "tele/boiler/SENSOR",
            b'{"Time":"2026-11-28T10:15:00","ENERGY":{"TotalStartTime":"2024-03-01T08:00:00",'
            b'"Total":1234.567,"Yesterday":4.2,"Today":1.3,"Power":1850,"ApparentPower":1862,'
            b'"ReactivePower":212,"Factor":0.99,"Voltage":231,"Current":8.06}}',
        ),
    )

    def device_of(self, topic: str) -> str:
        """What stands in the place of the device."""
        found = _TOPIC.fullmatch(topic)
        return (found["first"] or found["asked"] or found["last"]) if found else ""

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """Registers, powers, voltages, currents and temperatures."""
        device = self.device_of(message.topic)
        if not device or message.topic.endswith(("/STATE", "/LWT")):
            return
        body = object_in(message.payload)
        body = body.get("StatusSNS", body)
        if not isinstance(body, dict):
            raise Malformed("StatusSNS is no object", "StatusSNS")
        time, time_ms = body.get("Time"), None
        if isinstance(time, str):
            time_ms = text_ms(time, self.zone, message.arrived_ms, "Time")
        for part, values in body.items():
            if part == _METER and isinstance(values, dict):
                yield from _of_meter(device, values, time_ms)
            elif part not in _NO_SENSOR and isinstance(values, dict):
                celsius = body.get("TempUnit", "C") == "C"
                yield from _of_sensor(f"{device}/{part}", values, time_ms, celsius=celsius)


def _of_meter(device: str, values: Mapping[str, Any], time_ms: int | None) -> Iterator[SentValue]:
    """What a meter measures; powers of phases are one power, levels stand at their phase."""
    for name, known in _ENERGY:
        numbers = _numbers(values.get(name), name)
        if numbers:
            yield SentValue(field_at(device, name, known), sum(numbers, Decimal(0)), time_ms)
    if powers := _numbers(values.get("Power"), "Power"):
        yield SentValue(field_at(device, "Power", POWER), sum(powers, Decimal(0)), time_ms)
    for name, known in _LEVELS:
        levels = _numbers(values.get(name), name)
        for phase, number in enumerate(levels, 1):
            below = device if len(levels) == 1 else f"{device}/l{phase}"
            yield SentValue(field_at(below, name, known), number, time_ms)


def _of_sensor(
    device: str, values: Mapping[str, Any], time_ms: int | None, *, celsius: bool
) -> Iterator[SentValue]:
    """What else is there: temperatures, and a script's values by usual names, or with a unit.

    A script says 0 of a register until its meter has spoken.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            continue
        if name == "Temperature":
            if celsius:
                at = field_at(device, name, KnownField("temperature_c"))
                yield SentValue(at, Decimal(value), time_ms)
        elif known := _SCRIPTED.get(name):
            if value or known.channel != "energy_register_kwh":
                yield SentValue(field_at(device, name, known), Decimal(value), time_ms)
        else:
            yield SentValue(NamedPlace(ValueName(name, device)), Decimal(value), time_ms)


def _numbers(value: object, field: str) -> list[Decimal]:
    """The numbers of a field, one or one for each phase; none where one is not known."""
    values = value if isinstance(value, list) else [value]
    numbers = [number for each in values if (number := number_of(each, field)) is not None]
    return numbers if len(numbers) == len(values) else []
