"""Home Assistant's discovery messages: the sensors that a device says it has.

After home-assistant.io/integrations/mqtt, *MQTT discovery*: ``PREFIX/sensor/[NODE/]OBJECT/config``
has one sensor, ``PREFIX/device/[NODE/]OBJECT/config`` all components of a device (``cmps``). Keys
may be abbreviated, and ``~`` stands for a base topic at the beginning or the end of a topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from energyguard.codecs.columns import DEVICE, sixty_fourth
from energyguard.dialects.names import NotPlaced, Placed, ValueName, place_by_name
from energyguard.errors import Malformed
from energyguard.files.values.words import plain_words
from energyguard.mqtt.dialect import MAX_TEXT
from energyguard.mqtt.templates import Path, path_in

TOPIC: Final = re.compile(r"[^/]+/(?P<what>sensor|device)/(?:[^/]+/)?(?P<object>[^/]+)/config")
OURS: Final = "EnergyGuard"
"""Who says what we publish: none of it is taken in again."""
MAX_BYTES: Final = 262_144
_SHORT: Final = {
    "cmps": "components", "dev": "device", "dev_cla": "device_class", "o": "origin",
    "obj_id": "object_id", "p": "platform", "stat_cla": "state_class", "stat_t": "state_topic",
    "unit_of_meas": "unit_of_measurement", "val_tpl": "value_template",
}  # fmt: skip
_SHORT_OF_DEVICE: Final = {"ids": "identifiers", "mdl": "model", "mf": "manufacturer"}
_NODE: Final = re.compile(r"(.+)/sensor/[^/]+/state")
"""A topic of ESPHome: its dialect calls the device by it, too."""
_CLASSES: Final = frozenset(("", "power", "energy", "voltage", "current", "temperature"))
_REGISTERS: Final = frozenset(("total", "total_increasing"))
_OF_THE_CHANNEL: Final = re.compile(
    r"\b(power|energy|voltage|current|temperature|total|k?wh?|m?v|m?a|c|l[123]|phase [123abc]"
    r"|export|exported|returned)\b"
)
"""Words of a sensor's name that its channel, its phase or its direction says already."""


class DiscoveredDevice(NamedTuple):
    """What a device says of itself."""

    id: str
    name: str = ""
    model: str = ""
    maker: str = ""


class DiscoveredSensor(NamedTuple):
    """A sensor that is of one of our channels.

    Attributes:
        device: whose it is.
        topic: where its values come.
        path: of the value in a message; None: the message is the value.
        value: how it is called, with its unit, and a device of its own where it needs one.
        place: where its name leads.
    """

    device: DiscoveredDevice
    topic: str
    path: Path | None
    value: ValueName
    place: Placed


def sensors_in(topic: str, config: Mapping[str, Any], faults: list[str]) -> list[DiscoveredSensor]:
    """The sensors of a discovery message.

    Args:
        topic: where it came.
        config: what it says.
        faults: gets what is not taken, each with its reason.
    """
    found = TOPIC.fullmatch(topic)
    assert found is not None
    whole = _long(config, _SHORT)
    device = _device(whole.get("device"))
    if OURS in (device.maker, _text(_mapping(whole.get("origin")).get("name"))):
        return []
    kept = []
    for name, given in _given(whole, found["what"], found["object"]):
        try:
            sensor = _sensor(name, given, device, topic.partition("/")[0])
        except Malformed as error:
            faults.append(f"{name}: {error.reason}")
            continue
        if sensor is not None:
            kept.append(sensor)
    return kept


def _given(
    whole: Mapping[str, Any], what: str, object_id: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The sensors that a message describes, with what they are called."""
    if what == "sensor":
        yield object_id, whole
        return
    shared = {name: whole[name] for name in ("~", "state_topic") if name in whole}
    for name, given in _mapping(whole.get("components")).items():
        component = _long(_mapping(given), _SHORT)
        if component.get("platform") == "sensor" and len(component) > 1:  # else it is taken away
            yield name, {**shared, **component}


def _sensor(
    object_id: str, given: Mapping[str, Any], device: DiscoveredDevice, prefix: str
) -> DiscoveredSensor | None:
    """A sensor; None: it is of no channel.

    Raises:
        Malformed: it is of one, and cannot be taken.
    """
    topic, unit = _topic(given), _text(given.get("unit_of_measurement"))
    kind = _text(given.get("device_class"))
    if not topic or not unit or kind not in _CLASSES:
        return None
    name = _text(given.get("name")) or kind or object_id
    counts = "register" if given.get("state_class") in _REGISTERS else ""
    node = _NODE.fullmatch(topic)
    if node and node[1] != prefix:
        device = device._replace(id=_fitting(node[1]))
    elif not device.id:
        device = device._replace(id=_fitting(topic.rpartition("/")[0] or topic))
    value = ValueName(name.removeprefix(device.name).strip() or kind, device.id, unit, counts)
    below = _below(value.name)
    place = place_by_name(value._replace(device=f"{device.id}/{below}" if below else device.id))
    if isinstance(place, NotPlaced):
        return None
    path = path_in(_text(given.get("value_template")))
    if re.search(r"[+#\0]", topic) or topic.startswith("$"):
        raise Malformed(
            f"state_topic is no topic of a device: {sixty_fourth(topic)}", "state_topic"
        )
    return DiscoveredSensor(device, topic, path, value._replace(device=place.device), place)


def _below(name: str) -> str:
    """What a sensor's name says besides its channel: ``heat_pump`` of *Heat pump power*."""
    return "_".join(_OF_THE_CHANNEL.sub(" ", plain_words(name)).split())


def _topic(given: Mapping[str, Any]) -> str:
    topic, base = _text(given.get("state_topic")), _text(given.get("~"))
    if base and topic.startswith("~"):
        return base + topic[1:]
    return topic[:-1] + base if base and topic.endswith("~") else topic


def _device(given: object) -> DiscoveredDevice:
    facts = _long(_mapping(given), _SHORT_OF_DEVICE)
    ids = facts.get("identifiers")
    if isinstance(ids, list):
        ids = next((each for each in ids if isinstance(each, str)), "")
    texts = (_text(facts.get(field))[:MAX_TEXT] for field in ("name", "model", "manufacturer"))
    return DiscoveredDevice(_fitting(_text(ids)), *texts)


def _fitting(text: str) -> str:
    """A text as the id of a device; empty: it cannot be one."""
    return text if re.fullmatch(DEVICE.pattern, text) else ""


def _long(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in given.items()}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
