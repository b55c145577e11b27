"""What is said of the channels of many keys: few are described differently."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.plausible import reach_ms
from energyguard.ledger.scales import Scales, place_of
from energyguard.model.readings import Bools, Ints


class Descriptions:
    """The channel of each key, as one of a short list of different ones."""

    def __init__(self, described: Callable[[int], EnergyChannel]) -> None:
        self._described = described
        self._channels: dict[EnergyChannel, int] = {}
        self._list: list[EnergyChannel] = []
        self._index = np.empty(0, np.int32)
        self._tables: dict[str, tuple[int, Ints]] = {}
        self._timed: dict[int, EnergyChannel] = {}  # of keys whose scale changes at some time

    def grow(self, keys: int) -> None:
        """Ask for the channels of keys that are new, up to ``keys`` of them."""
        size = len(self._index)
        if keys > size:
            fresh = [self._ask(key) for key in range(size, keys)]
            self._index = np.concatenate([self._index, np.array(fresh, np.int32)])

    def again(self, keys: Ints) -> None:
        """Ask again, as something else may be said of them now."""
        self._index[keys] = [self._ask(key) for key in keys.tolist()]

    def of(self, keys: Ints) -> Descriptions:
        """Those of some keys, which are numbered from 0."""
        part = Descriptions(lambda key: self._described(int(keys[key])))
        part._channels, part._list = self._channels, self._list
        part._index = self._index[keys]
        if self._timed:
            places = enumerate(keys.tolist())
            part._timed = {place: self._timed[k] for place, k in places if k in self._timed}
        return part

    @property
    def timed(self) -> Collection[int]:
        """The keys whose scale changes at some event time."""
        return self._timed.keys()

    def place_of(self, key: int, time_ms: int) -> int:
        """Which of its scales holds at a time, of a key that has several."""
        return int(place_of(self._timed[key].scales, np.array([time_ms]))[0])

    def places(self, key: Ints, time: Ints) -> Ints:
        """(n,) which scale of its key holds at the time of each reading."""
        found = np.zeros(len(key), np.int64)
        timed = np.array([*self._timed], np.int64)
        for single in np.unique(key[np.isin(key, timed)]).tolist():
            mine = key == single
            found[mine] = place_of(self._timed[single].scales, time[mine])
        return found

    def go_by(self, key: int, place: int) -> None:
        """Fold what comes of a key by one of its scales."""
        self._index[key] = self._number(self._timed[key], place)

    def channel(self, key: int) -> EnergyChannel:
        """What is said of the channel of a key."""
        return self._list[int(self._index[key])]

    def column(self, field: str, keys: Ints) -> Ints:
        """(K,) what is said in a field for some keys; (1,) where it is the same for all."""
        table = self._table(field)
        return table if len(table) == 1 else table[self._index[keys]]

    def _table(self, field: str) -> Ints:
        """What the different channels have in a field; one number where all have the same."""
        size, table = self._tables.get(field, (0, np.empty(0, np.int64)))
        if size != len(self._list):
            if field == "reach":
                table = np.array([reach_ms(c.largest_power_w) for c in self._list], np.int64)
            else:
                table = np.array([getattr(c, field) for c in self._list], np.int64)
            if (table == table[0]).all():
                table = table[:1]
            self._tables[field] = len(self._list), table
        return table

    def where(self, field: str, keys: Ints) -> Bools:
        """(K,) for which keys a field is not 0."""
        return np.broadcast_to(self.column(field, keys) != 0, keys.shape)

    def scales(self, keys: Ints) -> Iterator[tuple[Bools, Scales]]:
        """Which of some keys are not as they are sent, and their scales."""
        index = self._index[keys]
        for number in np.unique(index).tolist():
            if scales := self._list[number].scales:
                yield index == number, scales

    def _ask(self, key: int) -> int:
        channel = self._described(key)
        if len(channel.scales) > 1:
            self._timed[key] = channel
        elif self._timed:
            self._timed.pop(key, None)
        return self._number(channel)

    def _number(self, channel: EnergyChannel, place: int = 0) -> int:
        """The number of a channel as its readings are folded: in the units of what is sent."""
        if self._list and channel is self._list[-1]:
            return len(self._list) - 1
        if channel.scales:
            channel = channel.in_sent_units(place)
        number = self._channels.setdefault(channel, len(self._channels))
        if number == len(self._list):
            self._list.append(channel)
        return number
