"""Our own topics: ``energyguard/SITE/DEVICE/CHANNEL``.

The payload is a number, or ``{"value":…,"time":…,"unit":…}``: the time as text or in s or ms since
1970. The device is ``SITE/DEVICE``. The channel is one of ours, or a name that says its unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from energyguard.dialects.names import ValueName
from energyguard.errors import Malformed
from energyguard.mqtt.dialect import (
    DialectExample,
    MqttMessage,
    NamedPlace,
    SentValue,
    TopicDialect,
    number_in,
    number_of,
    object_in,
)
from energyguard.mqtt.moments import time_of

_TOPIC: Final = re.compile(r"energyguard/([^/]+/[^/]+)/([^/]+)")
_FIELDS: Final = frozenset(("value", "time", "unit"))


class OwnDialect(TopicDialect):
    """Our own."""

    name = "energyguard"
    about = "our own topics: `energyguard/SITE/DEVICE/CHANNEL`"
    title = "energyguard/SITE/DEVICE/CHANNEL"
    topics: ClassVar = _TOPIC
    filters: ClassVar = ("energyguard/+/+/+",)
    refuses_unknown = True
    examples: ClassVar = (
        DialectExample("energyguard/lindenhof/boiler/power_kw", b"2.4"),
        DialectExample(
            "energyguard/lindenhof/boiler/energy_kwh",
            b'{"value":0.6,"time":"2026-11-28T10:15:00Z"}',
        ),
    )

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The one value of a message."""
        found = _TOPIC.fullmatch(message.topic)
        assert found is not None
        device, channel = found.groups()
        if not message.payload.lstrip().startswith(b"{"):
            number = number_in(message.payload, channel)
            if number is not None:
                yield SentValue(NamedPlace(ValueName(channel, device)), number)
            return
        body = object_in(message.payload)
        if odd := body.keys() - _FIELDS:
            raise Malformed(f"there is no field {min(odd)!r}: value, time, unit", min(odd))
        number, unit = number_of(body.get("value"), "value"), body.get("unit", "")
        time_ms = time_of(body.get("time"), self.zone, message.arrived_ms, "time")
        if not isinstance(unit, str):
            raise Malformed("unit is no text", "unit")
        if number is not None:
            yield SentValue(NamedPlace(ValueName(channel, device, unit)), number, time_ms)
