"""Channels that count what is fed in: folded as the counters that they are, and below 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.ledger.bounds import BoundedEntries, WindowBounds, parts_in, window_bounds
from energyguard.ledger.channels import EnergyChannel, channel_of
from energyguard.ledger.entries import Entries, EntryKind
from tests.ledger.folding import HOUR, INTERVAL, KWH, MINUTE, POWER, REGISTER, folded, kinds, total
from tests.thorough import examples

FED_IN = REGISTER._replace(sign="export")
REGISTERS = st.lists(st.integers(0, 2_000), min_size=2, max_size=30)
CHANNELS = st.sampled_from(
    [
        REGISTER,
        REGISTER._replace(largest_export_w=20_000, resolution=10**7),
        REGISTER._replace(resets_daily=True, zone="Europe/Berlin"),
        REGISTER._replace(rollover=10**3 * KWH),
    ]
)


def mirrored(rows: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Of the same stamps and times with what is drawn and fed in the other way round."""
    return [(*row[:4], -row[4], -row[6], -row[5], *row[7:]) for row in rows]


@settings(max_examples=examples(20, 60), deadline=None)
@given(REGISTERS, CHANNELS, st.lists(st.integers(1, 29), max_size=3))
def test_a_register_of_what_is_fed_in_is_the_same_register_the_other_way(
    values: list[int], channel: EnergyChannel, cuts: list[int]
) -> None:
    """Whatever it does: zeros, falls, jumps, at any cut."""
    cuts = sorted({cut for cut in cuts if cut < len(values)})
    found = folded(channel._replace(sign="export"), values, cuts=cuts)
    assert found == mirrored(folded(channel, values, cuts=cuts))


def test_its_reset_rollover_and_dip_are_those_of_a_register() -> None:
    rows = folded(FED_IN, [7.4, 7.5, 0, 0, 0.1, 0.2])
    assert (kinds(rows), total(rows)) == ("fdrddd", -0.3)
    assert (rows[2][5], rows[2][6]) == (-25 * KWH, 0)  # at most what 100 kW come to
    rows = folded(FED_IN, ["9998.41", "9999.65", "0.83", "2.10"])
    assert (kinds(rows), total(rows)) == ("fdOd", -3.69)
    assert total(folded(FED_IN, [412.730, 412.737, 0, 412.746, 412.750], 3_000)) == -0.02


@pytest.mark.parametrize("channel", [INTERVAL, POWER])
def test_intervals_and_powers_are_below_0_however_they_are_sent(channel: EnergyChannel) -> None:
    """A file's import has turned them already; a sender may not have."""
    values = [1.5, 2.0, 0.0, 1.0, 1.0]
    drawn = folded(channel, values)
    for sent in (values, [-value for value in values]):
        assert folded(channel._replace(sign="export"), sent) == mirrored(drawn)
    assert folded(channel._replace(sign="import"), values) == drawn
    assert folded(channel._replace(sign="net"), values) == drawn


@settings(max_examples=examples(13, 40), deadline=None)
@given(REGISTERS, CHANNELS, st.integers(1, 8))
def test_bounds_of_windows_are_mirrored(
    values: list[int], channel: EnergyChannel, quarters: int
) -> None:
    window = quarters * 10 * MINUTE
    drawn, fed_in = (
        _bounds(mine, values, window) for mine in (channel, channel._replace(sign="export"))
    )
    assert (fed_in.energy == -drawn.energy).all()
    assert (fed_in.low == -drawn.high).all()
    assert (fed_in.high == -drawn.low).all()
    assert (fed_in.covered_ms == drawn.covered_ms).all()


def _bounds(channel: EnergyChannel, values: list[int], window: int) -> WindowBounds:
    entries = Entries(*np.array(folded(channel, values), np.int64).T)
    ends = int(entries.stamp[0]) + np.arange(1, 10) * HOUR
    of = BoundedEntries.of(entries)
    return window_bounds(of, parts_in(of, ends, window), channel, len(ends), window)


def test_what_is_open_and_what_may_be_replaced_is_turned_too() -> None:
    """The newest reading is in doubt, and the ones before it may be replaced."""
    rows = folded(FED_IN, [500.00, 500.02, 505.90, 500.05], ended=True)
    assert all(row[4] <= 0 for row in rows)
    assert EntryKind(rows[-1][7]) in (EntryKind.SWAP, EntryKind.DIFFERENCE, EntryKind.DIP)


@pytest.mark.parametrize(
    ("device", "said", "sign"),
    [
        ("home/export", REGISTER, "export"),
        ("export", REGISTER, "export"),
        ("dsmr/export/t1", REGISTER, "export"),
        ("home/export", REGISTER._replace(sign="import"), "import"),
        ("home/export", REGISTER._replace(sign="net"), "net"),
        ("home/export", REGISTER._replace(largest_power_w=17_000), "export"),
        ("home", REGISTER, ""),
        ("home/exports", REGISTER, ""),
        ("home-export", REGISTER, ""),
        ("export/pump", REGISTER, ""),  # export is above it: a folder's name
        ("home", FED_IN, "export"),
        ("home/export", INTERVAL, ""),  # below 0 already, as it is sent
        ("home/export", POWER, ""),
    ],
)
def test_a_name_says_it_where_nobody_does(device: str, said: EnergyChannel, sign: str) -> None:
    assert channel_of(device, said).sign == sign
    assert channel_of(device, said)._replace(sign="") == said._replace(sign="")
