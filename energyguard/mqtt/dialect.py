"""A dialect of MQTT: which topics are its senders', and what a message of them says.

A dialect is one file in ``dialects/``. It names each value as its sender does (``ValueName``); to
which device, channel and scale that leads is found where all dialects find it
(``dialects/mapping.py``), a user's mappings first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from energyguard.codecs.columns import LONG_NUMBER, sixty_fourth
from energyguard.dialects.names import NotPlaced, Placed, ValueName, placed
from energyguard.errors import Malformed
from energyguard.records.senders import Sender


class MqttMessage(NamedTuple):
    """A message as it came, and when, ms since 1970."""

    topic: str
    payload: bytes
    arrived_ms: int
    is_retained: bool = False


class NamedPlace(NamedTuple):
    """What a sender calls a value, and where its dialect knows that it belongs.

    ``place`` is None where only the name, the unit and the labels can tell.
    """

    name: ValueName
    place: Placed | NotPlaced | None = None


class SentValue(NamedTuple):
    """A value as it was sent; ``time_ms`` is None where its sender gives no time that holds."""

    at: NamedPlace
    number: Decimal
    time_ms: int | None = None


class KnownField(NamedTuple):
    """A field of which the sender's documentation says what it is.

    Attributes:
        channel: ours.
        per: how many of its unit make one of the channel's.
        below: of which device below the sender's own: ``export`` of what is fed in.
        times: -1 where the sender counts the other way.
    """

    channel: str
    per: int = 1
    below: str = ""
    times: int = 1


@lru_cache(maxsize=65_536)
def field_at(device: str, name: str, field: KnownField) -> NamedPlace:
    """Where the value of a known field of a device belongs."""
    below = f"{device}/{field.below}" if field.below else device
    return NamedPlace(ValueName(name, device), placed(below, field.channel, field.times, field.per))


MAX_TEXT: Final = 128
"""Characters of a name or a model that are kept."""


class Introduction(NamedTuple):
    """What a device says of itself: its name, its model.

    Attributes:
        topic: where its values come. The dialect that reads them knows its id.
        device: its id, where that is the dialect which gives this.
        sender: what it says.
    """

    topic: str
    device: str
    sender: Sender


@dataclass(frozen=True, slots=True)
class DialectExample:
    """A message as its sender writes it."""

    topic: str
    payload: bytes


class TopicDialect:
    """A way in which some senders use MQTT; what they say of themselves is learned.

    Args:
        zone: of times that have none.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    topics: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """What topics it knows, unless it has learned them; the group ``device`` is who sends there."""
    filters: ClassVar[tuple[str, ...]]
    """What is subscribed to."""
    examples: ClassVar[tuple[DialectExample, ...]]
    title: ClassVar[str] = ""
    """What people call it; empty: its name."""
    setup: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Fields of the sender's own page or file, and what stands there: ``{host}``, ``{port}``."""
    refuses_unknown: ClassVar[bool] = False
    """Whether a value of which nothing says what it is is refused; else it is left out."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def knows(self, topic: str) -> bool:
        """Whether a topic is of this dialect."""
        return self.topics.fullmatch(topic) is not None

    def teaches(self, topic: str) -> bool:
        """Whether its messages say what others mean: they are kept beside the log."""
        return False

    def learn(self, message: MqttMessage) -> list[str]:
        """Take in what a message teaches; gives what of it is not taken, each with its reason.

        Raises:
            Malformed: it cannot be read; what it said before holds.
        """
        return []

    def more_filters(self) -> tuple[str, ...]:
        """What is to be subscribed to besides, by what was learned."""
        return ()

    def device_of(self, topic: str) -> str:
        """The device whose values come at a topic that it knows; empty: it calls none by it."""
        found = self.topics.fullmatch(topic)
        return found.groupdict().get("device", "") if found else ""

    def introduced(self) -> Iterator[Introduction]:
        """What devices have said of themselves in messages that teach."""
        yield from ()

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The values of a message of a topic that it knows.

        Raises:
            Malformed: it cannot be read; the field at fault is named.
        """
        raise NotImplementedError


_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
NOTHING: Final = frozenset(("", "null", "nan", "nil", "none", "unknown", "unavailable"))
"""What is sent where nothing is known."""
NUMBER: Final = re.compile(LONG_NUMBER.pattern, re.ASCII)
"""How a number is written as text."""


def json_in(payload: bytes) -> Any:
    """What a payload says in JSON; numbers with a point are decimals.

    Raises:
        Malformed: it is no JSON.
    """
    try:
        return _JSON.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        raise Malformed(f"the message is no JSON: {error}", "message") from None


def object_in(payload: bytes) -> dict[str, Any]:
    """The object that a payload is in JSON.

    Raises:
        Malformed: it is none.
    """
    found = json_in(payload)
    if not isinstance(found, dict):
        raise Malformed("the message is no object of JSON", "message")
    return found


def number_of(value: object, field: str) -> Decimal | None:
    """A number as a decimal, in quotes or not; None of what is not there, or said to be unknown.

    Raises:
        Malformed: it is none.
    """
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if value is None or (isinstance(value, str) and value.strip().lower() in NOTHING):
        return None
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise Malformed(f"{field} is no number: {sixty_fourth(str(value))}", field)


def number_in(payload: bytes, field: str) -> Decimal | None:
    """The number that a payload is; None: it says that it has none.

    Raises:
        Malformed: it is none.
    """
    return number_of(payload.decode("utf-8", "replace"), field)
