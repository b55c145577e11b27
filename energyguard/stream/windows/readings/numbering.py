"""Numbers of devices, and where each channel's readings stand: what a batch is cut up by."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.readings import Ints, ReadingBatch


class DeviceNumbers:
    """The number of each device of a partition: its place in a list of names, which grows.

    Args:
        names: the list.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._numbers: dict[str, int] = {}
        self.recount()

    def recount(self) -> None:
        """The list was filled anew."""
        self._numbers = {name: number for number, name in enumerate(self._names)}

    def extend(self, names: Iterable[str]) -> None:
        """Number more devices."""
        self._names += names
        self.recount()

    def of(self, devices: pa.StringArray) -> Ints:
        """Each reading's device number, (n,); new devices get the next ones."""
        encoded = devices.dictionary_encode()
        numbers = self._numbers
        names = encoded.dictionary.to_pylist()
        found = list(map(numbers.get, names))
        if None in found:
            new = [name for name, number in zip(names, found, strict=True) if number is None]
            numbers.update(zip(new, count(len(self._names)), strict=False))
            self._names += new
            found = list(map(numbers.get, names))
        lookup = np.array(found, np.int64)
        codes: Ints = encoded.indices.to_numpy()
        return np.asarray(lookup[codes], np.int64)


def rows_by_channel(batch: ReadingBatch) -> dict[str, Ints]:
    """For each channel, where its readings stand in a batch that has some."""
    channel = batch.readings.column(1)
    if pc.all(pc.equal(channel, channel[0])).as_py():
        return {channel[0].as_py(): np.arange(len(batch))}
    encoded = channel.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    code = encoded.indices.to_numpy()
    return {name: np.flatnonzero(code == i) for i, name in enumerate(names)}


def by_key_and_time(key: Ints, time: Ints) -> Ints:
    """The order that sorts readings by key and time, and leaves equal ones as they came.

    Those of a key nearly always came by time: then it is enough to bring keys together, or to sort
    what is nearly sorted.
    """
    if not len(key) or int(key.max()) >= 1 << 16:
        return np.lexsort((time, key))
    order = np.argsort(key.astype(np.uint16), kind="stable")  # a radix sort
    places = places_of(key, time)[0][order]
    if (places[1:] >= places[:-1]).all():
        return order
    by_place: Ints = order[np.argsort(places, kind="stable")]
    return by_place


def places_of(key: Ints, time: Ints) -> tuple[Ints, int]:
    """Each reading's place among all keys and times, and how far two keys are apart.

    Args:
        key: of at least one reading.
        time: of each, in ms.
    """
    first = int(time.min())
    stride = int(time.max()) - first + 1
    return key * stride + (time - first), stride
