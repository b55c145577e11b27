"""OpenEnergyMonitor: ``emon/NODE/NAME``, a value a topic, or ``emon/NODE`` with all in one object.

After readme.md of emonHub's and EmonESP's repositories. Names have no unit: those of the firmware
of emonTx, emonPi and emonTH are known by what emonHub's configuration says of them; every other one
goes by what it says itself (``boiler_w``), or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar, Final

from energyguard.dialects.names import NotPlaced, Placed, ValueName
from energyguard.mqtt.dialect import (
    NUMBER,
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
from energyguard.mqtt.moments import time_of

_TOPIC: Final = re.compile(r"emon/(?P<device>[^/]+)(?:/([^/]+))?")
_TIME: Final = "time"
_LEVEL: Final = "temperature_c"
_KNOWN: Final = (
    (re.compile(r"(?:power|p)(\d{1,2})", re.I), "", KnownField("power_kw", 1_000)),
    (re.compile(r"(?:e|wh)(\d{1,2})", re.I), "", KnownField("energy_register_kwh", 1_000)),
    (re.compile(r"vrms(\d?)", re.I), "l", KnownField("voltage_v")),
    (re.compile(r"(?:temp|t)(\d)", re.I), "t", KnownField(_LEVEL)),
    (re.compile(r"temperature()", re.I), "", KnownField(_LEVEL)),
    (re.compile(r"(external) temperature", re.I), "", KnownField(_LEVEL)),
)
"""Names, what stands before their number in the name of the device below, and what they are."""
_SENSORLESS: Final = frozenset((Decimal(0), Decimal(300)))
"""What emonPi and emonTx say of a temperature where no sensor is."""
_QUIET: Final = NotPlaced("it is no reading", skipped=True)
_NO_READING: Final = re.compile(
    r"msg|s?rssi|power1pluspower2|pulse\d*(?:count)?|battery|humidity|free_?ram|uptime",
    re.IGNORECASE,
)
"""What these senders say besides, which only a mapping takes."""


class EmonDialect(TopicDialect):
    """OpenEnergyMonitor."""

    name = "emon"
    about = "emonPi, emonTx, emonTH and EmonESP of OpenEnergyMonitor"
    title = "OpenEnergyMonitor"
    setup: ClassVar = (
        ("EmonESP › MQTT › Server", "{host}"),
        ("… › Port", "{port}"),
        ("… › Base-topic", "emon/boiler"),
        ("emonhub.conf › [[MQTT]] › mqtt_host", "{host}"),
        ("… › mqtt_port", "{port}"),
        ("… › nodevar_format_basetopic", "emon/"),
    )
    topics: ClassVar = _TOPIC
    filters: ClassVar = ("emon/+", "emon/+/+")
    refuses_unknown = True
    examples: ClassVar = (
        DialectExample("emon/emonpi/power1", b"260"),
        DialectExample(
            "emon/emontx4", b'{"MSG":7,"Vrms":241.2,"P1":85,"E1":118204,"time":1795860900.1}'
        ),
    )

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The one value of a message, or those of its object with their time."""
        found = _TOPIC.fullmatch(message.topic)
        assert found is not None
        node, name = found.groups()
        if name is not None:
            yield from _value(node, name, message.payload.decode("utf-8", "replace"), None)
            return
        body = object_in(message.payload)
        time_ms = time_of(body.pop(_TIME, None), self.zone, message.arrived_ms, _TIME)
        for key, given in body.items():
            yield from _value(node, key, given, time_ms)


def _value(node: str, name: str, given: object, time_ms: int | None) -> Iterator[SentValue]:
    """A value of a node, where it is one; words of a name that is not known are a state."""
    at = _place(node, name)
    is_number = isinstance(given, int | Decimal) or (
        isinstance(given, str) and NUMBER.fullmatch(given.strip())
    )
    if is_number or isinstance(at.place, Placed):
        number = number_of(given, name)
        is_level = isinstance(at.place, Placed) and at.place.channel == _LEVEL
        if number is not None and not (is_level and number in _SENSORLESS):
            yield SentValue(at, number, time_ms)


@lru_cache(maxsize=65_536)
def _place(node: str, name: str) -> NamedPlace:
    """Where a value of a node belongs: known, of no channel, or what its name says."""
    for pattern, prefix, known in _KNOWN:
        if found := pattern.fullmatch(name):
            below = f"{prefix}{found[1]}" if found[1] else ""
            return field_at(f"{node}/{below}" if below else node, name, known)
    return NamedPlace(ValueName(name, node), _QUIET if _NO_READING.fullmatch(name) else None)
