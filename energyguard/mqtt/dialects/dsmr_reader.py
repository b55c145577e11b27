"""DSMR-reader: ``dsmr/reading/…``, a value a topic of each telegram.

After dsmr-reader.readthedocs.io, *MQTT: Telegram*. Its registers are one for each tariff, each a
device of its own, as in a telegram; times are those of the arrival.
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

_TOPIC: Final = re.compile(r"([^/]+)/reading/([a-z0-9_]+)")
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
    filters: ClassVar = ("dsmr/reading/+",)
    examples: ClassVar = (
        DialectExample("dsmr/reading/electricity_delivered_1", b"1234.567"),
        DialectExample("dsmr/reading/phase_voltage_l1", b"229.0"),
    )

    def knows(self, topic: str) -> bool:
        """Whether it is a field of a telegram."""
        return _TOPIC.fullmatch(topic) is not None

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The one value of a message."""
        found = _TOPIC.fullmatch(message.topic)
        known = _FIELDS.get(found[2]) if found else None
        if found is None or known is None:
            return
        number = number_in(message.payload, found[2])
        if number is not None:
            yield SentValue(field_at(found[1], found[2], known), number)
