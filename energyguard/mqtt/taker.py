"""From messages to readings in the log: each topic's dialect, then the border.

What has no time of its own and may be old, because the broker kept it for whoever comes
(retained), is no reading. An amount of an interval needs its time: a message that its sender
repeats would count twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import EMPTY, TableRows, assemble
from energyguard.codecs.columns import TableReadings
from energyguard.codecs.refusals import FILE_SHAPE, Refusals
from energyguard.dialects.mapping import NameMapping
from energyguard.dialects.names import NotPlaced, Placed
from energyguard.errors import Malformed
from energyguard.intake.gateway import Gateway
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import Verdict
from energyguard.model.topics import METER_READINGS
from energyguard.mqtt.dialect import MqttMessage, SentValue, TopicDialect
from energyguard.settings.tree import WireSettings
from energyguard.telemetry import METRICS, logger

SOURCE: Final = "mqtt"
_MAX_DIGITS: Final = 15
_LARGEST: Final = 2**63 - 1
_log = logger("mqtt")
_INTERVALS: Final = frozenset(c.name for c in CHANNELS.values() if c.kind is Kind.INTERVAL)


class _Columns:
    """The readings of some messages, value by value."""

    def __init__(self) -> None:
        self.message: list[int] = []
        self.device: list[str] = []
        self.channel: list[str] = []
        self.time_ms: list[int] = []
        self.value: list[int] = []


class MessageTaker:
    """Takes messages into the log.

    Args:
        dialects: in the order in which they are looked at; the first that knows a topic has it.
        mapping: where names lead.
        gateway: the border.
        limits: what is plausible.
    """

    def __init__(
        self,
        dialects: Sequence[TopicDialect],
        mapping: NameMapping,
        gateway: Gateway,
        limits: WireSettings,
    ) -> None:
        self._dialects, self._mapping = dialects, mapping
        self._gateway, self._limits = gateway, limits
        self.dialect_of = lru_cache(maxsize=65_536)(self._dialect_of)
        self._has_rule = lru_cache(maxsize=65_536)(
            lambda name, dialect: mapping.rule_of(name, dialect) is not None
        )

    def learn(self, message: MqttMessage) -> bool:
        """Take in what a message teaches; gives whether it teaches something."""
        teachers = [dialect for dialect in self._dialects if dialect.teaches(message.topic)]
        try:
            for dialect in teachers:
                dialect.learn(message)
        except Malformed as error:
            _log.warning("not understood", topic=message.topic, reason=error.reason)
            return False
        if teachers:
            self.dialect_of.cache_clear()
        return bool(teachers)

    def take(self, messages: Sequence[MqttMessage]) -> None:
        """Take messages in; what could not be read is a dead letter. Durable on return.

        Raises:
            Unavailable: the log takes nothing now; nothing was taken, or all of it comes again.
        """
        decoded = self.decode(messages)
        self._gateway.submit(decoded.batch, METER_READINGS.name)
        of_topic = sorted(decoded.refused, key=lambda row: messages[row.row - 1].topic)
        for topic, rows in groupby(of_topic, lambda row: messages[row.row - 1].topic):
            self._gateway.refuse(
                [*rows], topic=METER_READINGS.name, source=f"{SOURCE}:{topic}", shape=FILE_SHAPE
            )

    def decode(self, messages: Sequence[MqttMessage]) -> Decoded:
        """The readings of messages, and what cannot be read; rows are their places, from 1."""
        columns, refusals, outcomes = _Columns(), Refusals(), Counter[tuple[str, str]]()
        for row, message in enumerate(messages, 1):
            dialect = self.dialect_of(message.topic)
            if dialect is None:
                outcomes["none", "unknown"] += 1
                continue
            before = len(columns.value)
            try:
                for sent in dialect.read(message):
                    self._add(sent, message, row, dialect, columns)
                taken = len(columns.value) > before
                outcomes[dialect.name, "taken" if taken else "nothing"] += 1
            except Malformed as error:
                outcomes[dialect.name, "refused"] += 1
                refusals.refuse(
                    row, Verdict.MALFORMED, error.field or "message", error.reason, message.payload
                )
        for labels, count in outcomes.items():
            METRICS["mqtt_messages"].labels(*labels).inc(count)
        if not columns.value:
            return Decoded(EMPTY.batch, EMPTY.rows, refusals.rows())
        return assemble([_readings(columns)], self._rows(columns, messages), refusals)

    def _add(
        self, sent: SentValue, message: MqttMessage, row: int, dialect: TopicDialect, to: _Columns
    ) -> None:
        """A value, where it belongs somewhere.

        Raises:
            Malformed: it cannot be placed, or is an amount of an interval and has no time.
        """
        place = self._place(sent, dialect.name)
        if isinstance(place, NotPlaced):
            if not place.skipped and (dialect.refuses_unknown or place is sent.at.place):
                raise Malformed(place.reason, "channel")
            return
        time_ms = sent.time_ms
        if time_ms is None:
            if message.is_retained:
                return
            if place.channel in _INTERVALS:
                reason = f"{sent.at.name.name}: an amount of an interval needs a time"
                raise Malformed(reason, "time")
            time_ms = message.arrived_ms
        to.message.append(row)
        to.device.append(place.device)
        to.channel.append(place.channel)
        to.time_ms.append(time_ms)
        to.value.append(_nano(sent.number, place.times, place.per))

    def _place(self, sent: SentValue, dialect: str) -> Placed | NotPlaced:
        """Where a value belongs: as a user's mapping says, else as its dialect or its name does."""
        name, place = sent.at
        if place is not None and not (self._mapping.rules and self._has_rule(name, dialect)):
            return place
        return self._mapping.place(name, dialect)

    def _rows(self, columns: _Columns, messages: Sequence[MqttMessage]) -> TableRows:
        return TableRows(
            np.asarray(columns.message, np.int64),
            lambda place: messages[columns.message[place] - 1].payload,
            "time",
            self._limits,
        )

    def _dialect_of(self, topic: str) -> TopicDialect | None:
        return next((dialect for dialect in self._dialects if dialect.knows(topic)), None)


def _readings(columns: _Columns) -> TableReadings:
    return TableReadings(
        "value",
        pa.array(columns.device, pa.string()),
        pa.array(columns.channel, pa.string()),
        np.asarray(columns.time_ms, np.int64),
        np.asarray(columns.value, np.int64),
    )


def _nano(number: Decimal, times: int, per: int) -> int:
    """A value in 1e-9 of its channel's unit, halves to even; one beyond an int64 its end."""
    if number.adjusted() > _MAX_DIGITS:
        return -_LARGEST if number < 0 else _LARGEST
    exact = number * (times * NANO) / per
    nano = int(exact.to_integral_value(ROUND_HALF_EVEN))
    return max(-_LARGEST, min(nano, _LARGEST))
