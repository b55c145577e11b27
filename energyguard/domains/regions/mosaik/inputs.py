"""What households gave at a step, without what was taken before.

mosaik hands a value over at each step until there is another: who steps more often than the
household sees it again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class FreshRows(NamedTuple):
    """Rows of a home: time (ms), power (mW), register (1e-10 kWh)."""

    time_ms: Sequence[int]
    power_mw: Sequence[int]
    energy: Sequence[int]


def node_of(full_id: str) -> str:
    """The entity of a full id, without its simulator: ``Meters-0.household_1``."""
    return full_id.partition(".")[2] or full_id


class Fresh:
    """Tells what is new of what comes, household by household."""

    def __init__(self) -> None:
        self._last_ms: dict[str, int] = {}

    def of(self, given: Mapping[str, Any]) -> Iterator[tuple[str, FreshRows]]:
        """The names of households and their new rows, those alone that have any.

        Args:
            given: ``readings`` by full id.
        """
        for full_id, rows in given.items():
            if not rows or not rows["timestamp"]:
                continue
            time_ms = rows["timestamp"]
            start = bisect_right(time_ms, self._last_ms.get(full_id, time_ms[0] - 1))
            if start < len(time_ms):
                self._last_ms[full_id] = time_ms[-1]
                columns = (rows[name][start:] for name in ("timestamp", "power_value", "energy"))
                yield node_of(full_id), FreshRows(*columns)
