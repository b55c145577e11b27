"""What a fold remembers of each key: named columns of numbers, a row for each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from energyguard.model.readings import Bools, Ints

NOTHING: Final = -(2**63)
"""Stands for a time that there is not."""


class RowColumn(NamedTuple):
    """A column: numbers of a type, ``width`` of them for each key, empty to begin with."""

    dtype: type[np.generic]
    width: int = 1
    empty: int = 0


class KeyRows:
    """Columns of a row per key, with room ahead so that keys can be added one by one."""

    COLUMNS: ClassVar[Mapping[str, RowColumn]]

    def __init__(self, keys: int = 0) -> None:
        self.size = 0
        for name, column in self.COLUMNS.items():
            setattr(self, name, _empty(column, 0))
        self.grow(keys)

    def grow(self, keys: int) -> None:
        """Make rows for keys 0 to ``keys`` - 1; those there are stay as they are."""
        room = len(self._column(next(iter(self.COLUMNS))))
        if keys > room:
            more = max(keys, room + room // 8) - room
            for name, column in self.COLUMNS.items():
                setattr(self, name, np.concatenate([self._column(name), _empty(column, more)]))
        self.size = max(self.size, keys)

    def _column(self, name: str) -> npt.NDArray[Any]:
        column: npt.NDArray[Any] = getattr(self, name)
        return column

    def of(self, keys: Ints) -> Self:
        """A copy of the rows of some keys."""
        part = type(self)()
        part.size = len(keys)
        for name in self.COLUMNS:
            setattr(part, name, self._column(name)[keys])
        return part

    def put(self, keys: Ints, other: Self) -> None:
        """Take the rows of another for some keys of this."""
        for name in self.COLUMNS:
            self._column(name)[keys] = other._column(name)[: other.size]

    def forget(self, keys: Ints) -> None:
        """Make the rows of some keys empty again."""
        for name, column in self.COLUMNS.items():
            self._column(name)[keys] = column.empty

    def same(self, other: Self) -> Bools:
        """Which rows are equal; as many as both have."""
        n = min(self.size, other.size)
        equal = np.ones(n, np.bool_)
        for name in self.COLUMNS:
            pair = self._column(name)[:n] == other._column(name)[:n]
            equal &= pair.reshape(n, -1).all(axis=1)
        return equal

    def snapshot(self) -> bytes:
        """All rows as bytes."""
        raw = {name: self._column(name)[: self.size].tobytes() for name in self.COLUMNS}
        return msgspec.msgpack.encode([self.size, raw])

    def restore(self, saved: bytes) -> None:
        """Take the rows of a snapshot."""
        size, raw = msgspec.msgpack.decode(saved, type=tuple[int, dict[str, bytes]])
        for name, column in self.COLUMNS.items():
            values = np.frombuffer(raw[name], column.dtype).copy()
            setattr(self, name, values.reshape(_shape(column, size)))
        self.size = size


def _shape(column: RowColumn, keys: int) -> tuple[int, ...]:
    return (keys,) if column.width == 1 else (keys, column.width)


def _empty(column: RowColumn, keys: int) -> npt.NDArray[Any]:
    return np.full(_shape(column, keys), column.empty, column.dtype)
