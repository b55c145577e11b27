"""What a declaration of a topic's records is: value, key, headers, and the tables they fill.

    FULL_SESSION = TopicRecord(FULL_SESSIONS, FullSession[Decimal], key="charger", …)
    FULL_SESSION.decode(value)      # bytes of a record to its struct
    FULL_SESSION.encode(session)    # and back

Fields say what they hold with ``Annotated[int, doc("…", "ms")]``: text and unit reach the docs, the
JSON Schema and the engines' schemas from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from typing import ClassVar, Generic, Self, TypeVar

import msgspec

from energyguard.model.topics import Topic
from energyguard.records.tables import RowMapping

T = TypeVar("T")
HeaderPairs = tuple[tuple[str, bytes], ...]

_ENCODER = msgspec.json.Encoder()


def doc(about: str, unit: str = "") -> msgspec.Meta:
    """What a field holds, and in which unit."""
    return msgspec.Meta(description=about, extra_json_schema={"unit": unit} if unit else None)


class Encoding(StrEnum):
    """How the value of a record is written."""

    JSON = "JSON"
    PACKED = "packed readings"  # codecs/records.py; or a message as its sender writes it
    ORIGINAL = "the original bytes"
    CHUNK = "a chunk of a snapshot"  # at most 900 kB; the manifest, which is last, is JSON


class RecordHeaders(msgspec.Struct, frozen=True, gc=False):
    """The headers of a record, all of them text; by itself: none.

    Fields with a default are left out where they have it; what a record lacks is empty.
    """

    def encode(self) -> HeaderPairs:
        """The headers as the log has them, in the order of the fields."""
        return _encoder_of(type(self))(self)

    @classmethod
    def decode(cls, headers: Iterable[tuple[str, bytes]]) -> Self:
        """The headers of a record; what is no UTF-8 is replaced."""
        found = dict(headers)
        names = cls.__struct_encode_fields__
        return cls(*(found.get(name, b"").decode("utf-8", "replace") for name in names))


@cache
def _encoder_of(kind: type[RecordHeaders]) -> Callable[[RecordHeaders], HeaderPairs]:
    """What a person would write by hand for such a struct: three times as fast as a loop."""
    names = list(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    needed = len(names) - len(kind.__struct_defaults__)
    pairs = [f"({name!r}, headers.{field}.encode())," for name, field in names]
    optional = [
        f"*(({pair}) if headers.{field} else ()),"
        for pair, (_, field) in zip(pairs[needed:], names[needed:], strict=True)
    ]
    code = f"lambda headers: ({' '.join((*pairs[:needed], *optional))})"
    written: Callable[[RecordHeaders], HeaderPairs] = eval(code)
    return written


@dataclass(frozen=True)
class TopicRecord(Generic[T]):
    """The records of a topic: all that writers and readers share.

    Attributes:
        topic: where they lie.
        value: the struct of a value in JSON (of a state topic: of its manifests); of other
            encodings there may be none.
        key: what the key is; empty: there is none.
        headers: those that a record may have.
        encoding: how values are written.
        tables: the tables of the history that they fill.
        rows_from: refers to what makes of a value's bytes the struct of which rows are made; empty:
            it is the value.
    """

    topic: Topic
    value: type[T] | None
    key: str
    headers: type[RecordHeaders] = RecordHeaders
    encoding: Encoding = Encoding.JSON
    tables: tuple[RowMapping, ...] = field(default=())
    rows_from: str = ""

    encode: ClassVar = staticmethod(_ENCODER.encode)
    """The bytes of a value."""

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[T]:
        """The decoder of values.

        Raises:
            TypeError: they are no JSON.
        """
        if self.value is None:
            raise TypeError(f"{self.topic.name}: a value is {self.encoding.value}")
        return msgspec.json.Decoder(self.value)

    def decode(self, value: bytes | str) -> T:
        """A value from its bytes.

        Raises:
            msgspec.DecodeError: it is none.
        """
        return self.decoder.decode(value)

    @property
    def name(self) -> str:
        """The topic's name; one of a family ends in ``*``."""
        return self.topic.name
