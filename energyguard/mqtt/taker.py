"""From messages to readings in the log: each topic's dialect, then the border.

What has no time of its own and may be old, because the broker kept it for whoever comes
(retained), is no reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.refusals import FILE_SHAPE, Refusals
from energyguard.dialects.mapping import NameMapping
from energyguard.dialects.names import NotPlaced
from energyguard.errors import Malformed
from energyguard.intake.gateway import Gateway
from energyguard.model.readings import Verdict
from energyguard.model.topics import METER_READINGS
from energyguard.mqtt.dialect import MqttMessage, SentValue, TopicDialect
from energyguard.mqtt.sent_columns import SentColumns, ValuePlaces
from energyguard.records.senders import Sender
from energyguard.settings.tree import WireSettings
from energyguard.telemetry import METRICS, logger

SOURCE: Final = "mqtt"
_log = logger("mqtt")


class MessageTaker:
    """Takes messages into the log.

    Args:
        dialects: in the order in which they are looked at; the first that knows a topic has it.
        mapping: gives where names lead now.
        gateway: the border.
        limits: what is plausible.
    """

    def __init__(
        self,
        dialects: Sequence[TopicDialect],
        mapping: Callable[[], NameMapping],
        gateway: Gateway,
        limits: WireSettings,
    ) -> None:
        self._dialects, self._places = dialects, ValuePlaces(mapping)
        self._gateway, self._limits = gateway, limits
        self.dialect_of = lru_cache(maxsize=65_536)(self._dialect_of)
        self._not_understood: dict[str, tuple[bytes, RefusedRow | None]] = {}

    def learn(self, message: MqttMessage) -> bool:
        """Take in what a message teaches; gives whether it is to be kept, for the next start.

        What of it is not taken is a dead letter of the next ``take``, once.
        """
        teachers = [dialect for dialect in self._dialects if dialect.teaches(message.topic)]
        faults, is_kept = list[str](), bool(teachers)
        for dialect in teachers:
            try:
                faults += dialect.learn(message)
            except Malformed as error:
                faults.append(error.reason)
                is_kept = False
        if teachers:
            self.dialect_of.cache_clear()
        topic, payload = message.topic, message.payload
        if faults and self._not_understood.get(topic, (b"",))[0] != payload:
            reason = "; ".join(faults)
            _log.warning("not understood", topic=topic, reason=reason)
            row = RefusedRow(1, Verdict.MALFORMED, "message", reason, payload)
            self._not_understood[topic] = payload, row
        return is_kept

    def introduced(self) -> Iterator[tuple[str, Sender]]:
        """The devices that have said what they are, by the ids that their readings have."""
        for dialect in self._dialects:
            for topic, device, sender in dialect.introduced():
                reader = self.dialect_of(topic)
                if reader is not None and reader is not dialect:
                    device = reader.device_of(topic)
                if device:
                    yield device, sender

    def take(self, messages: Sequence[MqttMessage]) -> None:
        """Take messages in; what could not be read is a dead letter. Durable on return.

        Raises:
            Unavailable: the log takes nothing now; nothing was taken, or all of it comes again.
        """
        for topic, (payload, row) in self._not_understood.items():
            if row is not None:
                self._refuse(topic, [row])
                self._not_understood[topic] = payload, None
        decoded = self.decode(messages)
        self._gateway.submit(decoded.batch, METER_READINGS.name)
        of_topic = sorted(decoded.refused, key=lambda row: messages[row.row - 1].topic)
        for topic, rows in groupby(of_topic, lambda row: messages[row.row - 1].topic):
            self._refuse(topic, [*rows])

    def _refuse(self, topic: str, rows: Sequence[RefusedRow]) -> None:
        source = f"{SOURCE}:{topic}"
        self._gateway.refuse(rows, topic=METER_READINGS.name, source=source, shape=FILE_SHAPE)

    def decode(self, messages: Sequence[MqttMessage]) -> Decoded:
        """The readings of messages, and what cannot be read; rows are their places, from 1."""
        self._places.look_again()
        columns, refusals, outcomes = SentColumns(), Refusals(), Counter[tuple[str, str]]()
        for row, message in enumerate(messages, 1):
            dialect = self.dialect_of(message.topic)
            if dialect is None:
                outcomes["none", "unknown"] += 1
                continue
            before = len(columns)
            fault: Malformed | None = None
            try:
                for sent in dialect.read(message):
                    try:
                        self._add(sent, message, row, dialect, columns)
                    except Malformed as error:
                        fault = fault or error
                if fault is not None:
                    raise fault
                taken = len(columns) > before
                outcomes[dialect.name, "taken" if taken else "nothing"] += 1
            except Malformed as error:
                outcomes[dialect.name, "refused"] += 1
                refusals.refuse(
                    row, Verdict.MALFORMED, error.field or "message", error.reason, message.payload
                )
        for labels, count in outcomes.items():
            METRICS["mqtt_messages"].labels(*labels).inc(count)
        return columns.decoded(lambda row: messages[row - 1].payload, self._limits, refusals)

    def _add(
        self,
        sent: SentValue,
        message: MqttMessage,
        row: int,
        dialect: TopicDialect,
        to: SentColumns,
    ) -> None:
        """A value, where it belongs somewhere.

        Raises:
            Malformed: it cannot be placed, or is an amount of an interval and has no time.
        """
        place = self._places.of(sent, dialect.name)
        if isinstance(place, NotPlaced):
            if not place.skipped and (dialect.refuses_unknown or place is sent.at.place):
                raise Malformed(place.reason, "channel")
        elif sent.time_ms is not None or not message.is_retained:
            to.add(sent, place, row, message.arrived_ms)

    def _dialect_of(self, topic: str) -> TopicDialect | None:
        return next((dialect for dialect in self._dialects if dialect.knows(topic)), None)
