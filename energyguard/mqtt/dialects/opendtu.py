"""OpenDTU: ``solar/SERIAL/0/NAME``, a value a topic, of each inverter of Hoymiles behind it.

After docs/MQTT_Topics.md of github.com/tbnobody/OpenDTU. Values have no time. What an inverter
gives counts below 0, as what is fed in does everywhere.
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
)

_TOPIC: Final = re.compile(r"(?P<device>[^/]+/\d{8,16})/0/([a-z]+)")
_FIELDS: Final = {
    "power": KnownField("power_kw", 1_000, times=-1),
    "yieldtotal": KnownField("energy_register_kwh", below="export"),
    "voltage": KnownField("voltage_v"),
    "current": KnownField("current_a"),
    "temperature": KnownField("temperature_c"),
}


class OpenDtuDialect(TopicDialect):
    """OpenDTU."""

    name = "opendtu"
    about = "inverters of Hoymiles behind an OpenDTU"
    title = "OpenDTU"
    setup: ClassVar = (
        ("Settings › MQTT › Enable MQTT", "on"),
        ("… › Hostname", "{host}"),
        ("… › Port", "{port}"),
        ("… › Base Topic", "solar/"),
    )
    topics: ClassVar = _TOPIC
    filters: ClassVar = ("solar/+/0/+",)
    examples: ClassVar = (
        DialectExample("solar/114181800001/0/power", b"312.5"),
        DialectExample("solar/114181800001/0/yieldtotal", b"150.505"),
    )

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The one value of a message."""
        found = _TOPIC.fullmatch(message.topic)
        known = _FIELDS.get(found[2]) if found else None
        if found is None or known is None:
            return
        number = number_in(message.payload, found[2])
        if number is not None:
            yield SentValue(field_at(found[1], found[2], known), number)
