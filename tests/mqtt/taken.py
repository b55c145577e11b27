"""What messages come to: readings as (device, channel, value, time after the arrival)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from energyguard.clock import SYSTEM
from energyguard.codecs import Decoded
from energyguard.codecs.records import read_records
from energyguard.dialects.mapping import MappingRule, NameMapping
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, Log
from energyguard.model.quantities import from_nano
from energyguard.model.readings import times_of
from energyguard.mqtt.dialect import MqttMessage
from energyguard.mqtt.registry import dialects_of
from energyguard.mqtt.taker import MessageTaker
from energyguard.settings.tree import WireSettings
from energyguard.testing import MemoryLog

ARRIVED_MS = 1_795_860_900_000  # 2026-11-28T10:15:00Z
BERLIN = ZoneInfo("Europe/Berlin")
Row = tuple[str, str, str, int]


def taker(log: Log | None = None, rules: Sequence[MappingRule] = ()) -> MessageTaker:
    gateway = Gateway(log or MemoryLog(), SYSTEM)
    return MessageTaker(dialects_of(BERLIN), partial(NameMapping, rules), gateway, WireSettings())


def messages(sent: Iterable[tuple[str, bytes]], *, retained: bool = False) -> list[MqttMessage]:
    return [MqttMessage(topic, body, ARRIVED_MS, retained) for topic, body in sent]


def decoded(
    sent: Sequence[tuple[str, bytes]], rules: Sequence[MappingRule] = (), *, retained: bool = False
) -> Decoded:
    """What messages come to in a new process, those that teach first."""
    one, came = taker(rules=rules), messages(sent, retained=retained)
    for message in came:
        one.learn(message)
    return one.decode(came)


def rows(found: Decoded, arrived_ms: int = ARRIVED_MS) -> list[Row]:
    names = ("device", "channel", "value")
    device, channel, value = (found.batch.column(name).to_pylist() for name in names)
    after = (times_of(found.batch) - arrived_ms).tolist()
    return list(zip(device, channel, map(from_nano, value), after, strict=True))


def reasons(found: Decoded) -> list[str]:
    return [f"{row.verdict.value} {row.field}: {row.reason}" for row in found.refused]


def in_log(log: Log) -> list[tuple[str, str, int, int]]:
    """Every reading of meters that a log has, as often as it has it."""
    values: list[bytes | None] = []
    for at in log.positions("meter_readings", EARLIEST):
        position = 0
        while fetched := log.read({at: position}, 1_000, wait=0.0):
            for one in fetched:
                values += one.values
                position = one.next_offset
    readings = read_records(values).readings
    time = readings.column("time").cast("int64").to_pylist()
    columns = (readings.column(name).to_pylist() for name in ("device", "channel", "value"))
    device, channel, value = columns
    return list(zip(device, channel, value, time, strict=True))
