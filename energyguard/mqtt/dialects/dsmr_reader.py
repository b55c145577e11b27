"""DSMR-reader: ``dsmr/reading/…``, a value a topic of each telegram, and ``dsmr/json``, all of one.

After dsmr-reader.readthedocs.io, *MQTT: Telegram*, and the defaults of ``dsmr_mqtt`` in its
repository. Its registers are one for each tariff, each a device of its own, as in a telegram. A
topic has no time but that of its arrival; the object has the telegram's.
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
from energyguard.mqtt.moments import time_of

_TOPIC: Final = re.compile(r"([^/]+)/(?:reading/([a-z0-9_]+)|json)")
_REGISTER: Final = KnownField("energy_register_kwh")
_FIELDS: Final = {
    **{
        f"electricity_{way}_{tariff}": _REGISTER._replace(below=f"{below}t{tariff}")
        for way, below in (("delivered", ""), ("returned", "export/"))
        for tariff in (1, 2)
    },
    **{f"phase_voltage_l{n}": KnownField("voltage_v", below=f"l{n}") for n in (1, 2, 3)},
    **{f"phase_power_current_l{n}": KnownField("current_a", below=f"l{n}") for n in (1, 2, 3)},
}


class DsmrReaderDialect(TopicDialect):
    """DSMR-reader."""

    name = "dsmr-reader"
    about = "Dutch and Belgian meters behind DSMR-reader"
    title = "DSMR-reader"
    topics: ClassVar = _TOPIC
    filters: ClassVar = ("dsmr/reading/+", "dsmr/json")
    examples: ClassVar = (
        DialectExample("dsmr/reading/electricity_delivered_1", b"1234.567"),
        DialectExample("dsmr/reading/phase_voltage_l1", b"229.0"),
    )

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The registers, voltages and currents of a message."""
        found = _TOPIC.fullmatch(message.topic)
        if found is None:
            return
        root, field = found.groups()
        if field is None:
            yield from self._of_telegram(root, message)
        elif known := _FIELDS.get(field):
            number = number_in(message.payload, field)
            if number is not None:
                yield SentValue(field_at(root, field, known), number)

    def _of_telegram(self, root: str, message: MqttMessage) -> Iterator[SentValue]:
        body = object_in(message.payload)
        time_ms = time_of(body.get("timestamp"), self.zone, message.arrived_ms, "timestamp")
        for field, known in _FIELDS.items():
            number = number_of(body.get(field), field)
            if number is not None:
                yield SentValue(field_at(root, field, known), number, time_ms)
