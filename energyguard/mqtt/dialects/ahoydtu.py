"""AhoyDTU: ``inverter/NAME/ch0/P_AC``, a value a topic or all in one object, of each inverter.

After User_Manual.md of github.com/lumapu/ahoy. Values have no time. What an inverter gives counts
below 0, as what is fed in does everywhere. ``YieldTotal`` is in kWh, whatever the manual's table
says; it is 0 where the inverter has not answered yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

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

_TOPIC: Final = re.compile(r"(?P<device>[^/]+/[^/]+)/ch0(?:/(\w+))?")
_TOTAL: Final = "YieldTotal"
_FIELDS: Final = {
    "P_AC": KnownField("power_kw", 1_000, times=-1),
    _TOTAL: KnownField("energy_register_kwh", below="export"),
    "U_AC": KnownField("voltage_v"),
    "I_AC": KnownField("current_a"),
    "Temp": KnownField("temperature_c"),
}


class AhoyDtuDialect(TopicDialect):
    """AhoyDTU."""

    name = "ahoydtu"
    about = "inverters of Hoymiles behind an AhoyDTU"
    title = "AhoyDTU"
    setup: ClassVar = (
        ("Settings › MQTT › Broker / Server IP", "{host}"),
        ("… › Port", "{port}"),
        ("… › Topic", "inverter"),
    )
    topics: ClassVar = _TOPIC
    filters: ClassVar = ("inverter/+/ch0", "inverter/+/ch0/+")
    examples: ClassVar = (
        DialectExample("inverter/roof/ch0/P_AC", b"71.000"),
        DialectExample("inverter/roof/ch0/YieldTotal", b"465.294"),
    )

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The one value of a message, or those of its object."""
        found = _TOPIC.fullmatch(message.topic)
        assert found is not None
        device, field = found.groups()
        if field is None:
            body = object_in(message.payload)
            numbers = {name: number_of(body.get(name), name) for name in _FIELDS}
        elif field in _FIELDS:
            numbers = {field: number_in(message.payload, field)}
        else:
            return
        for name, number in numbers.items():
            if number is not None and (number or name != _TOTAL):
                yield SentValue(field_at(device, name, _FIELDS[name]), number)
