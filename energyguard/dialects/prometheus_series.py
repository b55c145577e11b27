"""The series of a remote write: their labels, and where their values belong. Each is placed once.

Of version 1 the bytes of the labels are the same in each request, so they are the key of a memory;
of version 2 they are numbers of a table in the request, whose texts are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from energyguard.codecs.columns import Ints
from energyguard.dialects.mapping import NameMapping
from energyguard.dialects.names import NotPlaced, Placed, ValueName
from energyguard.dialects.prometheus_wire import fields, inner
from energyguard.errors import Malformed

_NAME: Final = "__name__"
_COUNTER: Final = 1
_LABELS_TAG, _SAMPLE_TAG = 0x0A, 0x12
_NO_NAME: Final = NotPlaced("a series has no name")
Place = Placed | NotPlaced
Labels = tuple[tuple[str, str], ...]


class SeriesNames:
    """The series of one request.

    Args:
        data: the request.
        version: ``2``, or empty.
        mapping: where names lead; it remembers series.

    Raises:
        Malformed: it is no request.
    """

    def __init__(self, data: bytes, version: str, mapping: NameMapping) -> None:
        self._data, self._is_second, self._mapping = data, version == "2", mapping
        self._symbols: list[str] = []
        self._about: dict[bytes, tuple[str, str]] = {}
        if self._is_second:
            self._symbols = [
                data[start:end].decode("utf-8", "replace") for start, end in inner(data, 4)
            ]
        self._bounds: npt.NDArray[np.int64] = np.empty((0, 2), np.int64)
        self.places: list[Place] = []

    def sample_places(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """Where the sample of each series stands, if it has one: and if its value is 0."""
        self._bounds = np.stack([starts, ends], axis=1)
        self.places = [_NO_NAME] * len(starts)
        if not self._is_second:
            return ends - 18, ends - 9
        codes = np.frombuffer(self._data, np.uint8)
        after = starts + 2 + codes[np.minimum(starts + 1, len(codes) - 1)]
        return after, after

    def read(
        self, starts: Ints, ends: Ints, series: Ints, begins: Ints, lasts: Ints
    ) -> npt.NDArray[np.bool_]:
        """Read the labels of series whose sample was found; which of them have no other.

        Args:
            starts: of all series.
            ends: of all.
            series: those whose sample was found.
            begins: where that begins.
            lasts: where it ends.
        """
        data, places = self._data, self.places
        sound = np.ones(len(series), np.bool_)
        first = starts[series].tolist()
        if self._is_second:
            rows = zip(first, begins.tolist(), lasts.tolist(), ends[series].tolist(), strict=True)
            found = self._of_second(list(rows))
        else:
            known = self._mapping.series
            keys = [data[a:b] for a, b in zip(first, begins.tolist(), strict=True)]
            found = [known.get(key) or self._of_first(key) for key in keys]
        for at, (place, taken) in enumerate(zip(series.tolist(), found, strict=True)):
            if taken is None:
                sound[at] = False
            else:
                places[place] = taken
        return sound

    def walk(self, place: int, start: int, end: int) -> None:
        """Place a series that has several samples, or fields in another order."""
        labels, counts, unit = self._labels(start, end), "", ""
        if self._is_second:
            counts, unit = self._metadata(start, end)
        self.places[place] = self._placed(labels, counts, unit)

    def labels(self, place: int) -> Labels:
        """The labels of a series."""
        start, end = self._bounds[place].tolist()
        return self._labels(start, end)

    def _labels(self, start: int, end: int) -> Labels:
        symbols = self._symbols if self._is_second else None
        return _labels_of(self._data, start, end, symbols)

    def _metadata(self, start: int, end: int) -> tuple[str, str]:
        """How a series of version 2 is counted, and its unit."""
        counts = unit = ""
        for number, first, last, _ in fields(self._data, start, end):
            if number == 5:
                for field, _, _, value in fields(self._data, first, last):
                    if field == 1:
                        counts = "register" if value == _COUNTER else ""
                    elif field == 4:
                        unit = self._symbols[value]
        return counts, unit

    def _of_first(self, key: bytes) -> Place | None:
        """The place of labels of version 1 that are not known yet; None: they are no labels."""
        if any(number != 1 for number, *_ in fields(key, 0, len(key))):
            return None
        return self._remember(key, _labels_of(key, 0, len(key), None))

    def _of_second(self, rows: list[tuple[int, int, int, int]]) -> list[Place | None]:
        """The places of series of version 2; None: one is not as most are.

        Args:
            rows: where each begins, where its sample begins and ends, where it ends.
        """
        data, symbols, known = self._data, self._symbols, self._mapping.series
        refs, ends = _all_numbers([data[start + 2 : begin] for start, begin, _, _ in rows])
        words = [symbols[ref] for ref in refs]
        found: list[Place | None] = []
        at = 0
        for (start, begin, last, end), upto in zip(rows, ends, strict=True):
            texts, at = words[at:upto], upto
            if (last < end and data[last] == _SAMPLE_TAG) or data[start] != _LABELS_TAG:
                found.append(None)
                continue
            about = self._about_of(last, end)
            key = (*texts, about)
            place = known.get(key)
            if place is None:
                place = self._remember(key, self._labels(start, begin), *about)
            found.append(place)
        return found

    def _about_of(self, start: int, end: int) -> tuple[str, str]:
        """What the fields behind a sample say: how it is counted, and its unit."""
        metadata = self._data[start:end]
        about = self._about.get(metadata)
        if about is None:
            about = self._about[metadata] = self._metadata(start, end)
        return about

    def _remember(self, key: object, labels: Labels, counts: str = "", unit: str = "") -> Place:
        found = self._placed(labels, counts, unit)
        self._mapping.remember(key, found, sum(len(text) for _, text in labels))
        return found

    def _placed(self, labels: Labels, counts: str, unit: str) -> Place:
        value = named_by_labels(labels, counts, unit)
        return self._mapping.place(value, "prometheus") if value.name else _NO_NAME


def named_by_labels(labels: Labels, counts: str = "", unit: str = "") -> ValueName:
    """The name of a series' values; one without a name is nothing's.

    Args:
        labels: all of them, sorted, the metric's name too.
        counts: ``register`` of a counter.
        unit: where the sender says it beside.
    """
    name = next((text for label, text in labels if label == _NAME), "")
    others = tuple(label for label in labels if label[0] != _NAME)
    return ValueName(name, "", unit, counts, others)


def _labels_of(data: bytes, start: int, end: int, symbols: Sequence[str] | None) -> Labels:
    """The labels of a series, sorted; of version 2 by their symbols."""
    found: list[tuple[str, str]] = []
    for number, first, last, _ in fields(data, start, end):
        if number != 1:
            continue
        if symbols is not None:
            refs, _ = _all_numbers([data[first:last]])
            texts = [symbols[ref] for ref in refs]
            found += zip(texts[0::2], texts[1::2], strict=False)
        else:
            parts = {n: data[a:b] for n, a, b, _ in fields(data, first, last)}
            name, value = (parts.get(n, b"").decode("utf-8", "replace") for n in (1, 2))
            found.append((name, value))
    return tuple(sorted(found))


def _all_numbers(packed: Sequence[bytes]) -> tuple[list[int], list[int]]:
    """Numbers of several fields that have them packed, and where each field's end among them.

    Raises:
        Malformed: one has more than three bytes, or does not end.
    """
    sizes = np.cumsum([len(part) for part in packed], dtype=np.int64)
    codes = np.frombuffer(b"".join(packed), np.uint8).astype(np.int64)
    last = np.flatnonzero(codes < 0x80)
    width = np.diff(last, prepend=-1)
    if len(codes) and (not len(last) or last[-1] != len(codes) - 1 or width.max() > 3):
        raise Malformed("a series names a symbol that is not there", "body")
    value = codes[last]
    for step in (1, 2):
        longer = np.flatnonzero(width > step)
        value[longer] = value[longer] << 7 | codes[last[longer] - step] & 0x7F
    return value.tolist(), np.searchsorted(last, sizes, side="left").tolist()
