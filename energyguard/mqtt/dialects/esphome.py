"""ESPHome: ``NODE/sensor/NAME/state``, a number; the name is what its configuration says.

After esphome.io/components/mqtt. A topic says no unit, so the name must
(``power_w``), or a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from energyguard.dialects.names import ValueName
from energyguard.mqtt.dialect import (
    DialectExample,
    MqttMessage,
    NamedPlace,
    SentValue,
    TopicDialect,
    number_in,
)

_TOPIC: Final = re.compile(r"(.+)/sensor/([^/]+)/state")


class EspHomeDialect(TopicDialect):
    """ESPHome."""

    name = "esphome"
    about = "nodes with ESPHome, by the names of their sensors"
    title = "ESPHome"
    setup: ClassVar = (("NODE.yaml", "mqtt:\n  broker: {host}\n  port: {port}"),)
    topics: ClassVar = _TOPIC
    filters: ClassVar = ("+/sensor/+/state",)
    examples: ClassVar = (DialectExample("cellar/sensor/heat_pump_power_w/state", b"1234.5"),)

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The one value of a message, where its name says what it is."""
        found = _TOPIC.fullmatch(message.topic)
        if found is None:
            return
        node, name = found.groups()
        number = number_in(message.payload, name)
        if number is not None:
            yield SentValue(NamedPlace(ValueName(name, node)), number)
