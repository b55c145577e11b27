"""MQTT 5.0 and 3.1.1 as bytes: the packets that one who subscribes needs (OASIS standards).

3.1.1 has no properties. No socket is here: bytes come in pieces of any length, packets go out. Many
messages of one piece are found in one loop, and many acknowledgements are one piece of bytes: that
is most of the speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from energyguard.errors import Unavailable

VERSION, OLD_VERSION = 5, 4
"""How CONNECT calls MQTT 5.0 and 3.1.1."""
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 13, 14
PING: Final = b"\xc0\x00"
GOODBYE: Final = b"\xe0\x00"
REASON: Final = 0x1F
SERVER_KEEP_ALIVE: Final = 0x13
RECEIVE_MAXIMUM: Final = 65_535
"""So many messages may be on their way to us without an acknowledgement."""
MAX_PACKET: Final = 8 * 2**20
OTHER_VERSION: Final = 0x84
_REFUSED: Final = 0x80
_OLD_CODES: Final = {1: OTHER_VERSION, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
"""What a CONNACK of 3.1.1 says (its section 3.2.2.3), by the reason code of 5.0."""
_BYTE, _TWO, _FOUR, _LENGTH, _TEXT, _PAIR = range(6)
_PROPERTIES: Final = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), _BYTE),
    **dict.fromkeys((SERVER_KEEP_ALIVE, 0x21, 0x22, 0x23), _TWO),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), _FOUR),
    0x0B: _LENGTH,
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, REASON), _TEXT),
    0x26: _PAIR,
}
"""What follows the number of a property (section 2.2.2.2)."""
Property = int | bytes


class NotMqtt(Unavailable):
    """What came is no MQTT, or more than was agreed."""


class Publish(NamedTuple):
    """A message that came. ``packet_id`` is 0 where nobody waits for an acknowledgement."""

    topic: str
    payload: bytes
    packet_id: int
    is_repeated: bool
    is_retained: bool


class BrokerAnswer(NamedTuple):
    """What else the broker says: CONNACK, SUBACK, DISCONNECT, PINGRESP.

    Attributes:
        kind: one of the numbers above.
        packet_id: of a SUBACK.
        codes: of a SUBACK one for each filter; of the others one; 128 and more refuse.
        session_present: of a CONNACK.
        properties: by their numbers.
    """

    kind: int
    packet_id: int = 0
    codes: bytes = b"\0"
    session_present: bool = False
    properties: dict[int, Property] | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether any of it is refused."""
        return any(code >= _REFUSED for code in self.codes)

    @property
    def reason(self) -> str:
        """What the broker says of it."""
        text = (self.properties or {}).get(REASON, b"")
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else ""
        return words or REASONS.get(max(self.codes), f"reason {max(self.codes)}")


REASONS: Final = {
    OTHER_VERSION: "it does not speak this version of MQTT",
    0x85: "it does not take this client's name",
    0x86: "the user or the password is wrong",
    0x87: "the user or the password is wrong, or may not do this",
    0x88: "it is not there now",
    0x89: "it is busy",
    0x8A: "this client is banned",
    0x8B: "it shuts down",
    0x8D: "it heard nothing for too long",
    0x8E: "another client has come by the same name",
    0x95: "a packet was too large",
}
"""What reason codes mean where the broker says no more (section 2.4)."""


class Will(NamedTuple):
    """What the broker publishes, retained, when the line is lost."""

    topic: str
    payload: bytes


class Session(NamedTuple):
    """A session that outlives the line: its name, and for how many seconds (5.0 alone)."""

    client: str
    keep_s: int


def connect(
    session: Session, user: str, password: bytes | None, keep_alive_s: int, will: Will, version: int
) -> bytes:
    """CONNECT (section 3.1)."""
    flags = 0x04 | 0x20  # a will, retained; not a clean start
    tail = [
        _text(session.client.encode()),
        _no_properties(version),
        _text(will.topic.encode()),
        _text(will.payload),
    ]
    if user:
        flags |= 0x80
        tail.append(_text(user.encode()))
    if password is not None:
        flags |= 0x40
        tail.append(_text(password))
    head = _text(b"MQTT") + bytes((version, flags)) + keep_alive_s.to_bytes(2, "big")
    if version == VERSION:
        properties = (
            b"\x11" + session.keep_s.to_bytes(4, "big")
            + b"\x21" + RECEIVE_MAXIMUM.to_bytes(2, "big")
            + b"\x27" + MAX_PACKET.to_bytes(4, "big")
        )  # fmt: skip
        head += _length(len(properties)) + properties
    return _packet(0x10, head + b"".join(tail))


def subscribe(packet_id: int, filters: Sequence[str], version: int) -> bytes:
    """SUBSCRIBE: at least once, with what is retained (section 3.8)."""
    body = b"".join(_text(topic.encode()) + b"\x01" for topic in filters)
    return _packet(0x82, packet_id.to_bytes(2, "big") + _no_properties(version) + body)


def publish(topic: str, payload: bytes, version: int, *, retain: bool) -> bytes:
    """PUBLISH, at most once (section 3.3)."""
    head = _text(topic.encode()) + _no_properties(version)
    return _packet(0x31 if retain else 0x30, head + payload)


def _no_properties(version: int) -> bytes:
    return b"\0" if version == VERSION else b""


def acknowledge(packet_ids: Iterable[int]) -> bytes:
    """A PUBACK for each (section 3.4)."""
    return b"".join([b"\x40\x02" + packet_id.to_bytes(2, "big") for packet_id in packet_ids])


class PacketReader:
    """Finds packets in bytes that come in pieces.

    Args:
        version: that was agreed.
    """

    def __init__(self, version: int = VERSION) -> None:
        self._rest, self._is_old = b"", version == OLD_VERSION

    def packets(self, data: bytes) -> Iterator[Publish | BrokerAnswer]:
        """The packets that are whole by now.

        Raises:
            NotMqtt: these bytes are none.
        """
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        try:
            while at + 2 <= end:
                first, length, body = data[at], data[at + 1], at + 2
                if length > 127:
                    found = _varint(data, at + 1)
                    if found is None:
                        break
                    length, body = found
                if length > MAX_PACKET:
                    raise NotMqtt(f"a packet of {length:,} bytes")
                if body + length > end:
                    break
                at = body + length
                if first >> 4 == PUBLISH:
                    yield _publish(data, first, body, at, self._is_old)
                else:
                    yield _answer(first >> 4, data[body:at], self._is_old)
        except (IndexError, UnicodeDecodeError) as error:
            raise NotMqtt(f"a packet that is no MQTT: {error}") from error
        finally:
            self._rest = data[at:]


def _publish(data: bytes, first: int, at: int, end: int, is_old: bool) -> Publish:
    size = data[at] << 8 | data[at + 1]
    at += 2
    topic = data[at : at + size].decode()
    at += size
    packet_id = 0
    if first & 0x06:
        packet_id = data[at] << 8 | data[at + 1]
        at += 2
    if not is_old:
        size = data[at]
        at += 1
        if size:
            found = _varint(data, at - 1)
            if found is None:
                raise NotMqtt("a packet whose properties have no length")
            at = found[0] + found[1]
    if at > end:
        raise NotMqtt("a message that ends before its payload")
    return Publish(topic, data[at:end], packet_id, bool(first & 0x08), bool(first & 0x01))


def _answer(kind: int, body: bytes, is_old: bool) -> BrokerAnswer:
    if kind == CONNACK and len(body) == 2:  # of 3.1.1, which also refuses 5.0 with it
        codes = bytes((_OLD_CODES.get(body[1], body[1] and _REFUSED),))
        return BrokerAnswer(kind, 0, codes, bool(body[0] & 1))
    if kind == CONNACK:
        return BrokerAnswer(kind, 0, body[1:2], bool(body[0] & 1), _properties(body, 2)[0])
    if kind == SUBACK:
        packet_id = body[0] << 8 | body[1]
        properties, at = ({}, 2) if is_old else _properties(body, 2)
        return BrokerAnswer(kind, packet_id, body[at:] or b"\x80", properties=properties)
    if kind == DISCONNECT:
        properties = _properties(body, 1)[0] if len(body) > 1 else {}
        return BrokerAnswer(kind, 0, body[:1] or b"\0", properties=properties)
    return BrokerAnswer(kind)


def _properties(body: bytes, at: int) -> tuple[dict[int, Property], int]:
    """The properties that begin at a place, and where they end."""
    length, at = _whole_varint(body, at)
    end, found = at + length, dict[int, Property]()
    while at < end:
        number, at = body[at], at + 1
        kind = _PROPERTIES.get(number)
        if kind is None:
            raise NotMqtt(f"a property {number}")
        if kind == _LENGTH:
            found[number], at = _whole_varint(body, at)
        elif kind < _LENGTH:
            size = (1, 2, 4)[kind]
            found[number], at = int.from_bytes(body[at : at + size], "big"), at + size
        else:
            for _ in range(2 if kind == _PAIR else 1):
                size = body[at] << 8 | body[at + 1]
                found[number], at = body[at + 2 : at + 2 + size], at + 2 + size
    return found, end


def _whole_varint(data: bytes, at: int) -> tuple[int, int]:
    found = _varint(data, at)
    if found is None:
        raise NotMqtt("a length without an end")
    return found


def _varint(data: bytes, at: int) -> tuple[int, int] | None:
    """A length and where it ends; None: its end has not come yet."""
    value = 0
    for place in range(4):
        if at + place >= len(data):
            return None
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise NotMqtt("a length of more than four bytes")


def _length(size: int) -> bytes:
    made = bytearray()
    while True:
        size, byte = size >> 7, size & 0x7F
        made.append(byte | 0x80 if size else byte)
        if not size:
            return bytes(made)


def _text(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _length(len(body)) + body
