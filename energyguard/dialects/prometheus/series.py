"""The series of a remote write: their labels, and where their values belong. Each is placed once.

Of version 1 the bytes of the labels are the same in each request, so they are the key of a memory.
Of version 2 they are numbers of a table in the request: the numbers that its texts have in this
process (``prometheus_symbols.py``) are the same in each, and so the key.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.codecs.columns import Ints
from energyguard.dialects.mapping import NameMapping
from energyguard.dialects.names import NotPlaced, Placed, ValueName
from energyguard.dialects.prometheus.symbols import RequestSymbols, packed_numbers
from energyguard.dialects.prometheus.wire import WireFields, fields

_NAME: Final = "__name__"
_COUNTER: Final = 1
_LABELS_TAG: Final = 0x0A
_NO_NAME: Final = NotPlaced("a series has no name")
_SAMPLE: Final = 2
Place = Placed | NotPlaced
Labels = tuple[tuple[str, str], ...]


class _About(NamedTuple):
    """What version 2.0 says of a series beside its labels: how it counts, and its unit."""

    counts: str = ""
    unit: str = ""


_NOTHING: Final = _About()


class SeriesNames:
    """The series of one request.

    Args:
        data: the request.
        version: ``2``, or empty.
        mapping: where names lead; it remembers series.
        parts: the fields of the request.
    """

    def __init__(self, data: bytes, version: str, mapping: NameMapping, parts: WireFields) -> None:
        self._data, self._mapping, self._dialect = data, mapping, f"prometheus:{version}"
        self._symbols = RequestSymbols(data, *parts.of(4)) if version == "2" else None
        self._heads: dict[bytes, int] = {}
        self._about: dict[int, _About | None] = {}
        self._bounds: npt.NDArray[np.int64] = np.empty((0, 2), np.int64)
        self.places: list[Place] = []

    def sample_places(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """Where the sample of each series stands, if it has one: and if its value is 0."""
        self._bounds = np.stack([starts, ends], axis=1)
        self.places = [_NO_NAME] * len(starts)
        if self._symbols is None:
            return ends - 18, ends - 9
        codes = np.frombuffer(self._data, np.uint8)
        last = len(codes) - 1
        size = codes[np.minimum(starts + 1, last)].astype(np.int64)
        is_plain = (codes[np.minimum(starts, last)] == _LABELS_TAG) & (size < 0x80)
        after = np.where(is_plain, starts + 2 + size, -1)
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
        if self._symbols is None:
            found = self._of_first(starts[series], begins)
        else:
            found = self._of_second(self._symbols, starts[series], begins, lasts, ends[series])
        if len(found) == len(self.places) and all(found):
            self.places = found  # type: ignore[assignment]
            return np.ones(len(found), np.bool_)
        for at, place in zip(series.tolist(), found, strict=True):
            self.places[at] = place or _NO_NAME
        return np.array([place is not None for place in found], np.bool_)

    def walk(self, place: int, start: int, end: int) -> None:
        """Place a series that has several samples, or fields in another order."""
        about, data = _NOTHING, self._data
        if self._symbols is not None:
            about = self._metadata(self._symbols, data, start, end)
        self.places[place] = self._placed(self._labels(start, end), about)

    def labels(self, place: int) -> Labels:
        """The labels of a series."""
        start, end = self._bounds[place].tolist()
        return self._labels(start, end)

    def _labels(self, start: int, end: int) -> Labels:
        return _labels_of(self._data, start, end, self._symbols)

    def _metadata(self, symbols: RequestSymbols, data: bytes, start: int, end: int) -> _About:
        """How a series of version 2 is counted, and its unit."""
        counts = unit = ""
        for number, first, last, _ in fields(data, start, end):
            if number == 5:
                for field, _, _, value in fields(data, first, last):
                    if field == 1:
                        counts = "register" if value == _COUNTER else ""
                    elif field == 4:
                        unit = symbols.text(value)
        return _About(counts, unit)

    def _of_first(self, starts: Ints, begins: Ints) -> list[Place | None]:
        """The places of series of version 1, by the bytes of their labels; None: these are none.

        Args:
            starts: where each begins.
            begins: where its sample does.
        """
        data, known = self._data, self._mapping.series_of(self._dialect)
        keys = [data[a:b] for a, b in zip(starts.tolist(), begins.tolist(), strict=True)]
        found: list[Place | None] = list(map(known.get, keys))
        for at in [] if all(found) else [at for at, place in enumerate(found) if place is None]:
            key = keys[at]
            if all(number == 1 for number, *_ in fields(key, 0, len(key))):
                found[at] = self._remember(key, _labels_of(key, 0, len(key), None), _NOTHING)
        return found

    def _of_second(
        self, symbols: RequestSymbols, starts: Ints, begins: Ints, lasts: Ints, ends: Ints
    ) -> list[Place | None]:
        """The places of series of version 2; None: one is not as most are.

        Args:
            symbols: the texts of the request.
            starts: where each begins.
            begins: where its sample begins.
            lasts: and ends.
            ends: where it ends itself.
        """
        data, known = self._data, self._mapping.series_of(self._dialect)
        metadata = [data[a:b] for a, b in zip(lasts.tolist(), ends.tolist(), strict=True)]
        for text in {*metadata} - self._heads.keys():
            self._read_about(symbols, text)
        heads = list(map(self._heads.__getitem__, metadata))
        keys = symbols.keys(np.array(heads, np.int64), starts + 2, begins)
        found: list[Place | None] = list(map(known.get, keys))
        for at in [] if all(found) else [at for at, place in enumerate(found) if place is None]:
            about = self._about[heads[at]]
            if about is not None:
                labels = self._labels(int(starts[at]), int(begins[at]))
                found[at] = self._remember(keys[at], labels, about)
        return found

    def _read_about(self, symbols: RequestSymbols, metadata: bytes) -> None:
        """Read what the fields behind a sample say, and give it a number."""
        is_plain = all(field > _SAMPLE for field, *_ in fields(metadata, 0, len(metadata)))
        about = self._metadata(symbols, metadata, 0, len(metadata)) if is_plain else None
        head = symbols.number(repr(about).encode())
        self._heads[metadata], self._about[head] = head, about

    def _remember(self, key: bytes, labels: Labels, about: _About) -> Place:
        found = self._placed(labels, about)
        size = sum(len(text) for _, text in labels)
        self._mapping.remember(self._dialect, key, found, size)
        return found

    def _placed(self, labels: Labels, about: _About) -> Place:
        value = named_by_labels(labels, *about)
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


def _labels_of(data: bytes, start: int, end: int, symbols: RequestSymbols | None) -> Labels:
    """The labels of a series, sorted; of version 2 by their symbols."""
    found: list[tuple[str, str]] = []
    for number, first, last, _ in fields(data, start, end):
        if number != 1:
            continue
        if symbols is not None:
            refs, _ = packed_numbers(data, np.array([first]), np.array([last]))
            texts = [symbols.text(ref) for ref in refs.tolist()]
            found += zip(texts[0::2], texts[1::2], strict=False)
        else:
            parts = {n: data[a:b] for n, a, b, _ in fields(data, first, last)}
            name, value = (parts.get(n, b"").decode("utf-8", "replace") for n in (1, 2))
            found.append((name, value))
    return tuple(sorted(found))
