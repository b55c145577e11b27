"""The texts that a request of remote write 2.0 has once: its series name them by their places.

A request orders them as it likes. In this process each text has one number, so the labels of a
series are the same numbers in every request, whatever its table: what is known of a series is
found by their bytes, and no text is looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, pairwise
from typing import Final

import numpy as np

from energyguard.codecs.columns import Ints
from energyguard.errors import Malformed

_MAX_KEPT: Final = 2**25
_BESIDE: Final = 100
"""Bytes that a text takes beside its own; all that are kept take at most ``_MAX_KEPT``."""
_MAX_NUMBER: Final = 3
"""Bytes of the place of a text: two million of them do not fit a body."""


class TextNumbers:
    """A number of each text, from 1, that no other text has had or will have."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}
        self._next, self._size = count(1), 0

    def of(self, texts: Sequence[bytes]) -> list[int]:
        """The numbers of texts; beyond what is kept, a text gets another one later."""
        found = list(map(self._known.get, texts))
        if all(found):
            return found  # type: ignore[return-value]
        return [number or self._add(text) for number, text in zip(found, texts, strict=True)]

    def _add(self, text: bytes) -> int:
        self._size += len(text) + _BESIDE
        if self._size > _MAX_KEPT:
            self._known, self._size = {}, 0
        return self._known.setdefault(text, next(self._next))


_NUMBERS: Final = TextNumbers()


class RequestSymbols:
    """The texts of a request.

    Args:
        data: the request.
        starts: where each begins.
        ends: where each ends.
    """

    def __init__(self, data: bytes, starts: Ints, ends: Ints) -> None:
        self._data = data
        self._texts = [data[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        self._numbers = np.array(_NUMBERS.of(self._texts), np.int64)

    def text(self, place: int) -> str:
        """The text at a place.

        Raises:
            IndexError: there is none.
        """
        return self._texts[place].decode("utf-8", "replace")

    def number(self, text: bytes) -> int:
        """The number of a text that need not be one of them."""
        return _NUMBERS.of([text])[0]

    def keys(self, heads: Ints, starts: Ints, ends: Ints) -> list[bytes]:
        """What tells series apart, in any request.

        Args:
            heads: of each, a number of what is said of it beside its labels.
            starts: where the places of the texts of its labels begin.
            ends: and end.

        Raises:
            IndexError: a text is not there.
            Malformed: a place is none.
        """
        places, upto = packed_numbers(self._data, starts, ends)
        at = np.concatenate([[0], upto[:-1]]) + np.arange(len(heads))
        numbers = np.empty(len(places) + len(heads), np.int64)
        is_place = np.ones(len(numbers), np.bool_)
        is_place[at] = False
        numbers[at], numbers[is_place] = heads, self._numbers[places]
        raw = numbers.tobytes()
        bounds = [*(8 * at).tolist(), len(raw)]
        return [raw[a:b] for a, b in pairwise(bounds)]


def packed_numbers(data: bytes, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """The numbers of several packed fields, one after another, and how many there are up to each.

    Args:
        data: where they stand.
        starts: where each field begins.
        ends: where it ends.

    Raises:
        Malformed: a number has more than three bytes, or does not end.
    """
    sizes = ends - starts
    upto = np.cumsum(sizes)
    total = int(upto[-1]) if len(upto) else 0
    where = np.arange(total) + np.repeat(starts - upto + sizes, sizes)
    codes = np.frombuffer(data, np.uint8)[where]
    is_last = codes < 0x80
    last = np.flatnonzero(is_last)
    width = np.diff(last, prepend=-1)
    is_whole = is_last[upto[sizes > 0] - 1].all()
    if not is_whole or (len(width) and width.max() > _MAX_NUMBER):
        raise Malformed("a series names a symbol that is not there", "body")
    value = codes[last].astype(np.int64)
    for step in range(1, _MAX_NUMBER):
        longer = np.flatnonzero(width > step)
        value[longer] = value[longer] << 7 | codes[last[longer] - step] & 0x7F
    return value, np.searchsorted(last, upto)
