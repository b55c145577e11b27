"""Sensors that say of themselves what they are, as Home Assistant finds them.

``mqtt/discovery.py`` reads what they say; here are their values. Senders that have a dialect of
their own are read by that, and only get their names here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from zoneinfo import ZoneInfo

from energyguard.errors import Malformed
from energyguard.mqtt.dialect import (
    DialectExample,
    Introduction,
    MqttMessage,
    NamedPlace,
    SentValue,
    TopicDialect,
    json_in,
    number_in,
    number_of,
    object_in,
)
from energyguard.mqtt.discovery import MAX_BYTES, TOPIC, DiscoveredSensor, sensors_in
from energyguard.mqtt.templates import value_at
from energyguard.records.senders import Sender


class DiscoveredDialect(TopicDialect):
    """Sensors with discovery messages of Home Assistant."""

    name = "discovery"
    about = "whatever Home Assistant discovers"
    filters: ClassVar = (
        "homeassistant/sensor/+/config", "homeassistant/sensor/+/+/config",
        "homeassistant/device/+/config", "homeassistant/device/+/+/config",
    )  # fmt: skip
    examples: ClassVar = (
        DialectExample(
            "homeassistant/sensor/heatpump_power/config",
            b'{"~":"heatpump","name":"Power","stat_t":"~/state","unit_of_meas":"W",'
            b'"dev_cla":"power","val_tpl":"{{ value_json.power | float }}",'
            b'"dev":{"ids":["hp-4711"],"name":"Heat pump","mdl":"Aerotop 8","mf":"Elco"}}',
        ),
        DialectExample("heatpump/state", b'{"power":1834.5,"mode":"heat"}'),
    )

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__(zone)
        self._of_message: dict[str, list[DiscoveredSensor]] = {}
        self._at: dict[str, list[DiscoveredSensor]] = {}
        self._first: dict[tuple[str, str], str] = {}

    def teaches(self, topic: str) -> bool:
        """Whether it is a discovery message of a sensor or a device."""
        return TOPIC.fullmatch(topic) is not None

    def learn(self, message: MqttMessage) -> list[str]:
        """Take in what sensors a message has, instead of what it had; an empty one has none.

        Raises:
            Malformed: it cannot be read.
        """
        if len(message.payload) > MAX_BYTES:
            raise Malformed(f"a discovery message of more than {MAX_BYTES:,} bytes", "message")
        faults: list[str] = []
        config = object_in(message.payload) if message.payload else {}
        sensors = sensors_in(message.topic, config, faults)
        for sensor in self._of_message.pop(message.topic, ()):
            self._at[sensor.topic].remove(sensor)
            del self._first[sensor.place[:2]]
        for sensor in sensors:
            device, channel = where = sensor.place[:2]
            if (first := self._first.setdefault(where, message.topic)) != message.topic or (
                sensor.place in (other.place for other in self._of_message.get(message.topic, ()))
            ):
                name = sensor.value.name
                faults.append(f"{name}: {device} has a {channel} already, by {first}; rename one")
                continue
            self._of_message.setdefault(message.topic, []).append(sensor)
            self._at.setdefault(sensor.topic, []).append(sensor)
        return faults

    def more_filters(self) -> tuple[str, ...]:
        """The topics of the sensors."""
        return tuple(self._at)

    def introduced(self) -> Iterator[Introduction]:
        """The devices of the sensors."""
        for topic, sensors in self._at.items():
            for sensor in sensors:
                device, place = sensor.device, sensor.place
                below = place.device.removeprefix(device.id).replace("/", " ").replace("_", " ")
                name = " ".join(filter(None, (device.name, below.strip())))
                sender = Sender(name=name, model=device.model, maker=device.maker)
                yield Introduction(topic, place.device, sender)

    def knows(self, topic: str) -> bool:
        """Whether a sensor has said that its values come there."""
        return bool(self._at.get(topic))

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The values of the sensors of a topic."""
        sensors = self._at[message.topic]
        body = None
        if message.payload.strip() and any(sensor.path is not None for sensor in sensors):
            body = json_in(message.payload)
        for sensor in sensors:
            name = sensor.value.name
            if sensor.path is None:
                number = number_in(message.payload, name)
            else:
                number = number_of(value_at(body, sensor.path), name)
            if number is not None:
                yield SentValue(NamedPlace(sensor.value, sensor.place), number)
