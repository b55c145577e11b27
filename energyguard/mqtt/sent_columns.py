"""Values as they were sent become columns of readings: of messages, and of what is polled.

A value is placed as a user's mapping says, else as its dialect or its name does. An amount of an
interval needs its time: what is sent again, or asked again, would count twice.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import EMPTY, TableRows, assemble
from energyguard.codecs.columns import TableReadings
from energyguard.codecs.refusals import Refusals
from energyguard.dialects.mapping import NameMapping
from energyguard.dialects.names import NotPlaced, Placed
from energyguard.errors import Malformed
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.mqtt.dialect import SentValue
from energyguard.settings.tree import WireSettings

_MAX_DIGITS: Final = 15
_LARGEST: Final = 2**63 - 1
_INTERVALS: Final = frozenset(c.name for c in CHANNELS.values() if c.kind is Kind.INTERVAL)


class ValuePlaces:
    """Where sent values belong.

    Args:
        mapping: gives what a user says now; it goes before the dialects.

    Raises:
        ConfigError: with every fault of the mappings.
    """

    def __init__(self, mapping: Callable[[], NameMapping]) -> None:
        self._newest = mapping
        self._use(mapping())

    def look_again(self) -> None:
        """Go by what the user says now; for each batch, so that a batch goes by one."""
        mapping = self._newest()
        if mapping is not self._mapping:
            self._use(mapping)

    def _use(self, mapping: NameMapping) -> None:
        self._mapping = mapping
        self._has_rule = lru_cache(maxsize=65_536)(
            lambda name, dialect: mapping.rule_of(name, dialect) is not None
        )

    def of(self, sent: SentValue, dialect: str) -> Placed | NotPlaced:
        """Where a value of a dialect belongs."""
        name, place = sent.at
        if place is not None and not (self._mapping.rules and self._has_rule(name, dialect)):
            return place
        return self._mapping.place(name, dialect)


class SentColumns:
    """Readings, value by value; ``source`` is the number of what brought each, from 1."""

    def __init__(self) -> None:
        self.source: list[int] = []
        self._device: list[str] = []
        self._channel: list[str] = []
        self._time_ms: list[int] = []
        self._value: list[int] = []

    def __len__(self) -> int:
        return len(self.source)

    def add(self, sent: SentValue, place: Placed, source: int, arrived_ms: int) -> None:
        """A value at its place; one without a time has that of its arrival.

        Raises:
            Malformed: it is an amount of an interval, and has no time.
        """
        if sent.time_ms is None and place.channel in _INTERVALS:
            reason = f"{sent.at.name.name}: an amount of an interval needs a time"
            raise Malformed(reason, "time")
        self.source.append(source)
        self._device.append(place.device)
        self._channel.append(place.channel)
        self._time_ms.append(arrived_ms if sent.time_ms is None else sent.time_ms)
        self._value.append(_nano(sent.number, place.times, place.per))

    def decoded(
        self, original: Callable[[int], bytes], limits: WireSettings, refusals: Refusals
    ) -> Decoded:
        """All of them as readings, and what was refused.

        Args:
            original: gives the bytes of a source, by its number.
            limits: what is plausible; each value is judged by itself.
            refusals: has what was refused before.
        """
        if not self.source:
            return Decoded(EMPTY.batch, EMPTY.rows, refusals.rows())
        readings = TableReadings(
            "value",
            pa.array(self._device, pa.string()),
            pa.array(self._channel, pa.string()),
            np.asarray(self._time_ms, np.int64),
            np.asarray(self._value, np.int64),
        )
        rows = TableRows(
            np.asarray(self.source, np.int64),
            lambda place: original(self.source[place]),
            "time",
            limits,
        )
        return assemble([readings], rows, refusals)


def _nano(number: Decimal, times: int, per: int) -> int:
    """A value in 1e-9 of its channel's unit, halves to even; one beyond an int64 its end."""
    if number.adjusted() > _MAX_DIGITS:
        return -_LARGEST if number < 0 else _LARGEST
    whole, part = divmod(times * NANO, per)
    exact = number * (times * NANO) / per if part else number * whole
    nano = int(exact.to_integral_value(ROUND_HALF_EVEN))
    return nano if -_LARGEST < nano < _LARGEST else max(-_LARGEST, min(nano, _LARGEST))
