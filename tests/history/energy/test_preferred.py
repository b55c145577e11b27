"""Of the channels of a device one counts; of devices together each counts once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from energyguard.history.energy.preferred import first_channels

ROWS = [
    ("pump", "power_kw", 60, 5, 1),
    ("", "energy_kwh", 0, 3, 1),
    ("pump", "energy_register_kwh", 60, 40, 2),
    ("", "power_kw", 0, 4, 1),
    ("oven", "power_kw", 0, 9, 3),
    ("pump", "energy_register_kwh", 0, 30, 1),
]
NAMES = ["whose", "channel", "start_s", "nano", "readings"]


def rows(given: list[tuple[str, str, int, int, int]]) -> pa.Table:
    columns = zip(*given, strict=True) if given else [()] * 5
    kinds = (pa.string(), pa.string(), pa.uint32(), pa.int64(), pa.uint64())
    arrays = [pa.array(c, kind) for c, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, NAMES)


def test_the_first_channel_of_a_device_counts_in_all_its_steps() -> None:
    found = first_channels(rows([row for row in ROWS if row[0]]), {"apart": "yes"})
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("oven", 0, 9, 3),
        ("pump", 0, 30, 1),
        ("pump", 60_000, 40, 2),
    ]


def test_of_all_together_every_device_counts_once() -> None:
    found = first_channels(rows(ROWS), {"apart": "no"})
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("", 0, 3 + 4 + 9 + 30, 6),
        ("", 60_000, 40, 2),
    ]


@pytest.mark.parametrize("apart", ["yes", "no"])
def test_of_nothing_nothing_is_made(apart: str) -> None:
    assert first_channels(rows([]), {"apart": apart}).num_rows == 0
