"""One session with a broker: messages in, readings in the log, and only then the acknowledgement.

While the log takes nothing, what has come waits here and the rest at the broker.
"""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.clock import SYSTEM, Clock
from energyguard.dialects.mapping import mapping_of
from energyguard.errors import Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import Log
from energyguard.mqtt.arrivals import MessageArrivals
from energyguard.mqtt.connection import BrokerConnection
from energyguard.mqtt.dialect import MqttMessage
from energyguard.mqtt.kept_line import KeptLine
from energyguard.mqtt.learned import LearnedMessages
from energyguard.mqtt.packets import VERSION, Publish
from energyguard.mqtt.registry import dialects_of
from energyguard.mqtt.senders import SenderList
from energyguard.mqtt.taker import MessageTaker
from energyguard.settings.tree import Settings
from energyguard.telemetry import Condition, logger

FILTERS_AT_ONCE: Final = 500
"""Of one SUBSCRIBE: brokers limit its size."""

_log = logger("mqtt")


class Subscriber:
    """Takes what a broker has for us, until it is closed.

    Args:
        log: readings go there.
        settings: which broker.
        stop: ends every wait.
        clock: of arrivals.

    Raises:
        Conflict: another process of this data folder is at it.
    """

    def __init__(self, log: Log, settings: Settings, stop: Event, clock: Clock = SYSTEM) -> None:
        self._settings, self._stop = settings, stop
        folder = settings.data_dir / "mqtt"
        self._arrivals = MessageArrivals(folder / "arrivals", clock)
        self._kept = KeptLine(settings.mqtt, folder / "client", stop, clock, _log)
        self._learned = LearnedMessages(folder / "learned")
        self._dialects = dialects_of(ZoneInfo(settings.mqtt.zone or settings.serve.zone))
        mapping = partial(mapping_of, settings.wire.mappings)
        self._taker = MessageTaker(self._dialects, mapping, Gateway(log, clock), settings.wire)
        for topic, payload in self._learned.messages.items():
            self._taker.learn(MqttMessage(topic, payload, 0))
        self._senders, self._has_learned = SenderList(log), True
        self._subscribed: set[str] = set()
        self._waits = Condition(_log, "messages wait at the broker", "messages are taken again")

    def step(self, wait_s: float) -> int:
        """Take what has come, or wait for it; gives how many messages."""
        try:
            line = self._kept.line or self._connect()
            published = line.receive(wait_s)
            if published and self._take([m for m in published if not self._is_ours(m.topic)]):
                line.acknowledge(m.packet_id for m in published if m.packet_id)
                self._subscribe(line)
        except Unavailable as error:
            self._kept.lose(error)
            return 0
        return len(published)

    def close(self) -> None:
        """Leave the session with the broker."""
        self._kept.close()
        self._arrivals.close()

    def _connect(self) -> BrokerConnection:
        line = self._kept.open()
        kept = "kept" if line.session_present else "new"
        _log.info("connected", session=kept, mqtt="5.0" if line.version == VERSION else "3.1.1")
        self._subscribed.clear()
        self._subscribe(line)
        return line

    def _subscribe(self, line: BrokerConnection) -> None:
        """Ask for what is not asked for yet."""
        wanted = [*self._settings.mqtt.topics]
        for dialect in self._dialects:
            wanted += dialect.filters
        for dialect in self._dialects:
            wanted += dialect.more_filters()
        new = [topic for topic in dict.fromkeys(wanted) if topic not in self._subscribed]
        self._subscribed |= {*new}
        patterns = [topic for topic in self._subscribed if topic.endswith("#") or "+" in topic]
        new = [topic for topic in new if not any(covers(pattern, topic) for pattern in patterns)]
        for at in range(0, len(new), FILTERS_AT_ONCE):
            line.subscribe(new[at : at + FILTERS_AT_ONCE])

    def _take(self, published: list[Publish]) -> bool:
        """Have the log take messages, however long it does not; false: it is to end before."""
        messages = self._arrivals.of(published)
        self._learn(messages)
        while not self._stop.is_set():
            try:
                self._learned.write()
                self._taker.take(messages)
                if self._has_learned:
                    self._senders.put(dict(self._taker.introduced()))
                    self._has_learned = False
            except Unavailable as error:
                self._waits.begin(error)
                self._stop.wait(error.retry_after)
            else:
                self._waits.end()
                return True
        return False

    def _is_ours(self, topic: str) -> bool:
        """Whether it is a result of ours, which is never a reading."""
        results = self._settings.mqtt.results
        return bool(results) and topic.startswith(f"{results}/")

    def _learn(self, messages: list[MqttMessage]) -> None:
        for message in messages:
            topic, payload = message.topic, message.payload
            if self._learned.is_new(topic, payload) and self._taker.learn(message):
                self._learned.put(topic, payload)
                self._has_learned = True


def covers(pattern: str, topic: str) -> bool:
    """Whether a subscription gives all messages of another: some brokers send those twice."""
    wanted, parts = pattern.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted, parts = wanted[:-1], parts[: len(wanted) - 1]
    levels = zip(wanted, parts, strict=False)
    same = all(part != "#" and level in ("+", part) for level, part in levels)
    return pattern != topic and len(wanted) == len(parts) and same
