"""What a site feeds in, by every way in which somebody may ask: each has the same."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import described_by
from energyguard.history.chdb import ChdbHistory
from energyguard.history.energy.energy_channels import describe
from energyguard.history.rollups import RollUps
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.catalogue import ChannelFacts, Device, Entry, Site, SumPeriod, Term
from energyguard.model.channels import ENERGY_DEFAULTS, Kind
from energyguard.model.readings import batch_from, batch_of
from energyguard.offline.evaluate import evaluate
from energyguard.records.window_terms import WINDOW_TERM
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.rules.sums import term_rules
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.terms import term_records
from tests.history.made import T0, readings

MINUTE, HOUR, KWH = 60_000, 3_600_000, 10**9
QUARTER = 15 * MINUTE
REGISTERS = {
    "home": [10.0, 10.5, 11.0, 11.25, 11.5, 11.5, 11.5, 11.5, 11.75],  # 1.75 kWh
    "home/export": [20.0, 20.5, 0.5, 1.0, 2.5, 4.0, 4.5, 5.0, 5.0],  # 0.5, a reset, 5.0
    "yard/export": [5.0, 5.25, 5.5, 5.75, 6.0, 6.25, 6.5, 6.75, 7.0],  # 2.0, and said to be use
}
SOLAR = [0.0, 0.5, 1.0, 0.5]
"""kWh per quarter of an hour, above 0 as sent: the catalogue says that it is fed in."""
NET = {"home": 1.75, "home/export": -5.5, "yard/export": 2.0, "solar": -2.0}
"""Counted by hand; of the reset what it shows at least."""


def catalogue() -> Catalogue:
    found = Catalogue()
    drawn = ChannelFacts(sign="import")
    made = ChannelFacts(sign="export", length="15 minutes")
    entries: dict[str, Entry] = {
        "site/farm": Site(name="Farm"),
        "device/home": Device(name="Home", site="farm"),
        "device/base": Device(name="Base", site="farm"),
        "device/home/export": Device(name="Home, fed in", site="farm"),
        "device/yard/export": Device(
            name="Exports yard", site="farm", channels={"energy_register_kwh": drawn}
        ),
        "device/solar": Device(name="Solar", channels={"energy_kwh": made}),
        "device/net": Device(
            name="Net",
            terms=(
                Term(device="base"),
                Term(device="home"),
                Term(device="home/export", minus=True),
            ),
        ),
    }
    for key, entry in entries.items():
        found.see(key, entry, "test")
    return found


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("fed-in"))
    drawn = EnergyChannel(Kind.REGISTER, sign="import")
    made = EnergyChannel(Kind.INTERVAL, length_ms=QUARTER, sign="export")
    describe(opened, {("yard/export", "energy_register_kwh"): drawn, ("solar", "energy_kwh"): made})
    rollups = RollUps(opened)
    registers = [
        (device, n * QUARTER, round(value * KWH))
        for device, values in REGISTERS.items()
        for n, value in enumerate(values)
    ]
    solar = [("solar", n * QUARTER, round(value * KWH)) for n, value in enumerate(SOLAR)]
    for rows in (readings(registers, "energy_register_kwh"), readings(solar, first=100)):
        opened.insert("readings", rows)
        rollups.mark("readings", rows)
    rollups.settle()
    yield opened
    opened.close()


SPAN = {"start_ms": T0, "end_ms": T0 + 3 * HOUR}


def test_sums_of_the_history_are_what_was_counted_by_hand(history: ChdbHistory) -> None:
    rows = history.query(
        "top", by="kwh", n=9, without="[]", start_ms=T0, end_ms=T0 + 24 * HOUR
    ).to_pylist()
    assert {row["device"]: row["kwh"] for row in rows} == NET
    [total] = history.query("totals", start_ms=T0, end_ms=T0 + 24 * HOUR)["kwh"].to_pylist()
    assert total == sum(NET.values())
    together = history.query(
        "consumption_together",
        borders=f"{T0},{T0 + 3 * HOUR}",
        ends=f"{T0},{T0 + 3 * HOUR}",
        devices='["home","home/export"]',
    )
    assert sum(together["nano"].to_pylist()) == -3.75 * KWH
    hours = history.query(
        "heatmap", zone="UTC", step_ms=HOUR, without="[]", by="kwh", n=9,
        start_ms=T0, end_ms=T0 + 24 * HOUR,
    ).to_pylist()  # fmt: skip
    assert sum(row["kwh"] for row in hours) == pytest.approx(sum(NET.values()))


@pytest.mark.parametrize("device", NET)
def test_one_device_has_the_same_by_each_question(history: ChdbHistory, device: str) -> None:
    asked = {"device": device, **SPAN}
    assert sum(history.query("energy", step_ms=HOUR, **asked)["kwh"].to_pylist()) == NET[device]
    assert sum(history.query("entries", **asked)["inside"].to_pylist()) == NET[device]
    windows = history.query("window_sums", window_ms=HOUR, slide_ms=HOUR, **asked)
    assert sum(windows["kwh"].to_pylist()) == NET[device]
    rows = history.query("bounds", step_ms=HOUR, **asked).to_pylist()
    assert sum(row["import_kwh"] - row["export_kwh"] for row in rows) == NET[device]
    assert all(row["low"] <= row["kwh"] <= row["high"] for row in rows)
    if device == "home/export":
        assert all(row["high"] <= 1e-3 for row in rows[:2])  # nothing is drawn here
        assert [row["export_kwh"] for row in rows] == [3.0, 2.5, 0.0]


@pytest.mark.parametrize("batches", [1, 4])
def test_windows_of_the_stream_have_what_those_of_the_history_have(
    history: ChdbHistory, batches: int
) -> None:
    """In order as they come, and at once."""
    for channel, values in (("energy_register_kwh", REGISTERS), ("energy_kwh", {"solar": SOLAR})):
        rule = ThresholdRule(
            id="any", channels=(channel,), window_ms=HOUR, slide_ms=QUARTER,
            raise_above=KWH, clear_at=KWH, selector="id=any",
        )  # fmt: skip
        terms = term_rules([rule], lambda _: [SumPeriod(0, dict.fromkeys(NET, 1))])
        found = _told([rule, *terms], channel, values, batches)
        for device in values:
            windows = history.query(
                "window_sums", device=device, window_ms=HOUR, slide_ms=QUARTER, **SPAN
            ).to_pylist()
            expected = {int(row["window_end"].timestamp() * 1_000): row["kwh"] for row in windows}
            mine = {end: kwh for (name, end), kwh in found.items() if name == device}
            assert min(mine.values()) != max(mine.values())
            assert {end: mine.get(end, 0) for end in expected} == pytest.approx(expected, abs=4e-9)


def _told(
    rules: Sequence[Rule], channel: str, values: Mapping[str, list[float]], batches: int
) -> dict[tuple[str, int], float]:
    """By device and end what its windows hold, in kWh."""
    operator = WindowOperator(
        "energy_readings", rules, described_by=described_by(catalogue(), ENERGY_DEFAULTS)
    )
    rows = sorted(
        (T0 + n * QUARTER, device, round(value * KWH))
        for device, of_one in values.items()
        for n, value in enumerate(of_one)
    )
    found: dict[tuple[str, int], float] = {}
    size = -(-len(rows) // batches)
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        time, device, value = map(list, zip(*part, strict=True))
        batch = batch_of(device, channel, time, value)
        outcomes = [operator.process(batch_from(batch))]
        if first + size >= len(rows):
            outcomes += [operator.end(), operator.advance(T0 + 48 * HOUR, end=True)]
        for closed in (outcome.closed for outcome in outcomes if outcome.closed):
            for record in term_records(closed, operator.devices, "energy_readings").values:
                told = WINDOW_TERM.decode(record or b"")
                found |= {(told.term, end): (kwh or 0) / KWH for end, kwh in told.windows}
    return found


@pytest.mark.parametrize(("of", "most"), [("site/farm", 39.5), ("net", 44.5)])
def test_a_sum_takes_away_what_is_fed_in_once(of: str, most: float, tmp_path: Path) -> None:
    """Of a virtual device that takes it away it is added: minus times minus."""
    base = {"base": [10.0 * n for n in range(9)]}
    lines = [
        f"{_at(n)},{device},{value}"
        for device, values in (REGISTERS | base).items()
        for n, value in enumerate(values)
    ]
    file = tmp_path / "registers.csv"
    file.write_text("\n".join(["time,device,energy_register_kwh", *lines]) + "\n")
    rule = ThresholdRule(
        id="sum", channels=("energy_register_kwh",), window_ms=HOUR, slide_ms=HOUR,
        raise_above=KWH, clear_at=KWH, selector=f"id={of}",
    )  # fmt: skip
    out = io.BytesIO()
    evaluate(rule, [file], out, catalogue=catalogue())
    peaks = [msgspec.json.decode(line)["peak"] for line in out.getvalue().splitlines()]
    assert max(peaks) == most * KWH


def _at(quarter: int) -> str:
    moment = datetime.fromtimestamp((T0 + quarter * QUARTER) / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
