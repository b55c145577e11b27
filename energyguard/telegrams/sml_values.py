"""The values of SML's binary encoding: a byte with type and length, then the value.

After BSI TR-03109-1, annex IV (SML 1.03 and 1.04), 6: *SML binary encoding*. A list is a Python
list, an octet string is bytes, a number is an int or a bool, what is left out is None.
"""

from __future__ import annotations

from typing import Final

from energyguard.errors import Malformed

SmlValue = list["SmlValue"] | bytes | int | None
_MAX_DEPTH: Final = 16
_MORE, _TYPE, _LENGTH = 0x80, 0x70, 0x0F
_OCTETS, _BOOL, _INTEGER, _UNSIGNED, _LIST = 0x00, 0x40, 0x50, 0x60, 0x70
_MAX_INTEGER: Final = 8


class SmlValues:
    """Reads values from bytes, one after the other.

    Args:
        data: the bytes.

    Raises:
        Malformed: by each method: they are none.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def has_more(self) -> bool:
        """Whether a value follows: zeros fill up the last bytes."""
        return bool(self._data[self._at :].strip(b"\0"))

    def skip_zeros(self) -> None:
        """Go past the ends of messages."""
        while self._at < len(self._data) and not self._data[self._at]:
            self._at += 1

    def next(self, depth: int = 0) -> SmlValue:
        """The next value.

        Args:
            depth: in how many lists it stands.
        """
        if depth > _MAX_DEPTH:
            raise Malformed("its lists stand in one another too deep")
        kind, size = self._head()
        if kind == _OCTETS and size < 0:
            return None  # 00: the end of a message
        if kind == _LIST:
            return [self.next(depth + 1) for _ in range(self._room_for(size))]
        content = self._take(size)
        if kind == _OCTETS:
            return content or None
        if kind == _BOOL and size == 1:
            return bool(content[0])
        if kind in (_INTEGER, _UNSIGNED) and 0 < size <= _MAX_INTEGER:
            return int.from_bytes(content, "big", signed=kind == _INTEGER)
        raise Malformed(f"a value has the odd type {kind:02x} with {size} bytes")

    def _head(self) -> tuple[int, int]:
        """The type of a value, and the number of its bytes or of its parts."""
        first = byte = self._take(1)[0]
        size, count = byte & _LENGTH, 1
        while byte & _MORE:
            byte = self._take(1)[0]
            size, count = size << 4 | byte & _LENGTH, count + 1
            self._room_for(size)
        kind = first & _TYPE
        return kind, size if kind == _LIST else size - count

    def _room_for(self, count: int) -> int:
        if count > len(self._data):
            raise Malformed("it says of a value that it is longer than all of the telegram")
        return count

    def _take(self, count: int) -> bytes:
        content = self._data[self._at : self._at + max(0, count)]
        if count < 0 or len(content) < count:
            raise Malformed("it ends in the middle of a value")
        self._at += count
        return content
