"""What is said of the channels of many keys: few are described differently."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.plausible import reach_ms
from energyguard.model.readings import Bools, Ints


class Descriptions:
    """The channel of each key, as one of a short list of different ones."""

    def __init__(self, described: Callable[[int], EnergyChannel]) -> None:
        self._described = described
        self._channels: dict[EnergyChannel, int] = {}
        self._list: list[EnergyChannel] = []
        self._index = np.empty(0, np.int32)
        self._tables: dict[str, tuple[int, Ints]] = {}

    def grow(self, keys: int) -> None:
        """Ask for the channels of keys that are new, up to ``keys`` of them."""
        size = len(self._index)
        if keys > size:
            fresh = [self._number(self._described(key)) for key in range(size, keys)]
            self._index = np.concatenate([self._index, np.array(fresh, np.int32)])

    def again(self, keys: Ints) -> None:
        """Ask again, as something else may be said of them now."""
        self._index[keys] = [self._number(self._described(key)) for key in keys.tolist()]

    def of(self, keys: Ints) -> Descriptions:
        """Those of some keys, which are numbered from 0."""
        part = Descriptions(lambda key: self._described(int(keys[key])))
        part._channels, part._list = self._channels, self._list
        part._index = self._index[keys]
        return part

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

    def _number(self, channel: EnergyChannel) -> int:
        if self._list and channel is self._list[-1]:
            return len(self._list) - 1
        number = self._channels.setdefault(channel, len(self._channels))
        if number == len(self._list):
            self._list.append(channel)
        return number
