"""The dialects of MQTT in their order: the first that knows a topic has it."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from energyguard.mqtt.dialect import TopicDialect
from energyguard.mqtt.dialects.ahoydtu import AhoyDtuDialect
from energyguard.mqtt.dialects.discovered import DiscoveredDialect
from energyguard.mqtt.dialects.dsmr_reader import DsmrReaderDialect
from energyguard.mqtt.dialects.emon import EmonDialect
from energyguard.mqtt.dialects.esphome import EspHomeDialect
from energyguard.mqtt.dialects.evcc import EvccDialect
from energyguard.mqtt.dialects.opendtu import OpenDtuDialect
from energyguard.mqtt.dialects.own import OwnDialect
from energyguard.mqtt.dialects.shelly import ShellyDialect
from energyguard.mqtt.dialects.tasmota import TasmotaDialect
from energyguard.mqtt.dialects.zigbee2mqtt import Zigbee2MqttDialect

DIALECTS: Final[tuple[type[TopicDialect], ...]] = (
    OwnDialect,
    TasmotaDialect,
    ShellyDialect,
    Zigbee2MqttDialect,
    EvccDialect,
    OpenDtuDialect,
    AhoyDtuDialect,
    EmonDialect,
    DsmrReaderDialect,
    DiscoveredDialect,
    EspHomeDialect,
)


def dialects_of(zone: ZoneInfo) -> list[TopicDialect]:
    """One of each; ``zone`` is that of times that have none."""
    return [dialect(zone) for dialect in DIALECTS]
