"""What meters behind a transformer, and pulses, come to by every way in which somebody may ask."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import channels_of, described_by
from energyguard.history.chdb import ChdbHistory
from energyguard.history.energy.energy_channels import describe, described
from energyguard.history.rollups import RollUps
from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.channels import ENERGY_DEFAULTS
from energyguard.model.readings import batch_from, batch_of
from energyguard.offline.evaluate import evaluate
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.service.beyond_plausible import beyond_plausible
from energyguard.stream.windows.episodes.output import energy_alerts
from energyguard.stream.windows.operator import WindowOperator
from tests.catalogue.test_fold import fetched
from tests.history.made import T0, readings

MINUTE, HOUR, KWH = 60_000, 3_600_000, 10**9
QUARTER = 15 * MINUTE
SENT = {
    ("register", "energy_register_kwh"): [9.5, 9.7, 9.95, 0.2, 0.4, 0.0, 0.6, 0.7, 0.8],
    ("pulses", "energy_register_kwh"): [800.0, 1000.0, 1200.0, 1400.0, 2000.0, 2200.0],
    ("interval", "energy_kwh"): [0.1, 0.2, 0.1, 0.1, 0.2, 0.1],
    ("power", "power_kw"): [1.0, 2.0, 1.0, 0.5, 1.0, 9.0, 1.0, 1.0, 1.0],
    ("exchanged", "energy_kwh"): [0.1] * 8,
    ("plain", "energy_kwh"): [0.1] * 8,
}
COUNTED = {
    "register": 52.0,  # (0.45 + a rollover of 0.25 + 0.2 + a dip and 0.2 + 0.2) × 40
    "pulses": 1.75,
    "interval": 32.0,
    "power": 95.0,  # 360 kW are not plausible: the 40 before go on
    "exchanged": 20.0,  # 4 × 0.1 × 40 + 4 × 0.1 × 10
    "plain": 0.8,
}
FACTS = {
    "register": ChannelFacts(scale="40", digits=1),
    "pulses": ChannelFacts(scale="0.00125"),
    "interval": ChannelFacts(scale="40", length="15 minutes"),
    "power": ChannelFacts(scale="40"),
}


def catalogue() -> Catalogue:
    """The transformer of one was exchanged after an hour."""
    found = Catalogue()
    for (name, channel), _ in SENT.items():
        if name in FACTS:
            found.see(f"device/{name}", Device(name=name, channels={channel: FACTS[name]}), "test")
    length = "15 minutes"
    versions = tuple(
        CatalogueVersion(
            revision=n,
            entry=Device(
                name="It", channels={"energy_kwh": ChannelFacts(scale=scale, length=length)}
            ),
            from_ms=from_ms,
        )
        for n, (scale, from_ms) in enumerate((("40", None), ("10", T0 + HOUR)), 1)
    )
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=versions))
    assert found.take(fetched([b"device/exchanged"], [value]))
    return found


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("scaled"))
    said = channels_of(catalogue(), ENERGY_DEFAULTS)
    rows = {(name, channel): of for name, own in said.items() for channel, of in own.items()}
    describe(opened, rows)
    assert described(opened) == rows
    rollups = RollUps(opened)
    for first, ((device, channel), values) in enumerate(SENT.items()):
        sent = [(device, n * QUARTER, round(value * KWH)) for n, value in enumerate(values)]
        table = readings(sent, channel, first=100 * first)
        opened.insert("readings", table)
        rollups.mark("readings", table)
    rollups.settle()
    yield opened
    opened.close()


SPAN = {"start_ms": T0, "end_ms": T0 + 3 * HOUR}


def test_the_history_has_what_was_counted_by_hand(history: ChdbHistory) -> None:
    day = {"start_ms": T0, "end_ms": T0 + 24 * HOUR}
    rows = history.query("top", by="kwh", n=9, without="[]", **day).to_pylist()
    assert {row["device"]: row["kwh"] for row in rows} == pytest.approx(COUNTED)
    assert history.query("totals", **day)["kwh"].to_pylist() == [
        pytest.approx(sum(COUNTED.values()))
    ]


@pytest.mark.parametrize("device", COUNTED)
def test_each_question_has_the_same(history: ChdbHistory, device: str) -> None:
    asked = {"device": device, **SPAN}
    wanted = pytest.approx(COUNTED[device])
    assert sum(history.query("energy", step_ms=HOUR, **asked)["kwh"].to_pylist()) == wanted
    assert sum(history.query("entries", **asked)["inside"].to_pylist()) == wanted
    rows = history.query("bounds", step_ms=HOUR, **asked).to_pylist()
    assert sum(row["kwh"] for row in rows) == wanted
    assert all(row["low"] <= row["kwh"] <= row["high"] for row in rows)


def test_raw_readings_are_as_they_came_and_entries_say_how_they_count(history: ChdbHistory) -> None:
    entries = history.query("entries", device="interval", **SPAN).to_pylist()
    assert [row["value"] for row in entries] == SENT["interval", "energy_kwh"]
    assert {row["scale"] for row in entries} == {40.0}
    assert entries[1]["why"] == "0.2 × 40 = 8 kWh"
    pulses = history.query("entries", device="pulses", **SPAN).to_pylist()
    assert pulses[1]["why"] == "200 × 0.00125 = 0.25 kWh"
    exchanged = history.query("entries", device="exchanged", **SPAN).to_pylist()
    assert [row["scale"] for row in exchanged] == [40.0] * 4 + [10.0] * 4
    plain = history.query("entries", device="plain", **SPAN).to_pylist()
    assert {(row["scale"], row["why"]) for row in plain} == {(None, "")}
    [glitch] = [
        row for row in history.query("entries", device="power", **SPAN).to_pylist()
        if row["kind"] == "glitch"
    ]  # fmt: skip
    assert glitch["why"] == "it would need 360,000 W"
    [dip] = [
        row for row in history.query("entries", device="register", **SPAN).to_pylist()
        if row["kind"] == "dip"
    ]  # fmt: skip
    assert dip["why"] == "returned 24 kWh after 15 minutes", "0.6, as the meter shows it, × 40"


@pytest.mark.parametrize("batches", [1, 5])
def test_windows_of_the_stream_are_those_of_files_and_of_the_history(
    history: ChdbHistory, batches: int, tmp_path: Path
) -> None:
    for channel in ("energy_register_kwh", "energy_kwh", "power_kw"):
        rule = ThresholdRule(
            id="any", channels=(channel,), window_ms=HOUR, slide_ms=QUARTER,
            raise_above=1, clear_at=1,
        )  # fmt: skip
        sent = {name: values for (name, of), values in SENT.items() if of == channel}
        streamed, filed = _streamed(rule, sent, batches), _filed(rule, sent, tmp_path)
        assert streamed == filed
        for device in sent:
            windows = history.query(
                "window_sums", device=device, window_ms=HOUR, slide_ms=QUARTER, **SPAN
            ).to_pylist()
            wanted = {_spelled(row["window_end"]): row["kwh"] for row in windows}
            mine = {end: kwh for (name, end), kwh in streamed.items() if name == device}
            assert max(mine.values()) > 0
            assert {end: mine.get(end, 0) for end in wanted} == pytest.approx(wanted, abs=4e-9)


Windows = dict[tuple[str, str], float]


def _streamed(rule: ThresholdRule, sent: dict[str, list[float]], batches: int) -> Windows:
    operator = WindowOperator(
        "energy_readings", [rule], described_by=described_by(catalogue(), ENERGY_DEFAULTS)
    )
    rows = sorted(
        (T0 + n * QUARTER, device, round(value * KWH))
        for device, values in sent.items()
        for n, value in enumerate(values)
    )
    size = -(-len(rows) // batches)
    outcomes = []
    for first in range(0, len(rows), size):
        time, device, value = map(list, zip(*rows[first : first + size], strict=True))
        outcomes.append(
            operator.process(batch_from(batch_of(device, rule.channels[0], time, value)))
        )
    outcomes += [operator.end(), operator.advance(T0 + 48 * HOUR, end=True)]
    found = [(breaches, out.devices) for out in outcomes for breaches in out.breaches]
    return _windows(value or b"" for one in found for value in energy_alerts([one]).values)


def _filed(rule: ThresholdRule, sent: dict[str, list[float]], folder: Path) -> Windows:
    lines = [
        f"{_spelled(datetime.fromtimestamp((T0 + n * QUARTER) / 1000, UTC))}Z,{device},{value}"
        for n in range(9)
        for device, values in sent.items()
        for value in values[n : n + 1]
    ]
    file, out = folder / "sent.csv", io.BytesIO()
    file.write_text("\n".join([f"time,device,{rule.channels[0]}", *lines]) + "\n")
    evaluate(rule, [file], out, catalogue=catalogue())
    return _windows(out.getvalue().splitlines())


def _windows(lines: Iterable[bytes]) -> Windows:
    alerts = [msgspec.json.decode(line) for line in lines]
    return {(row["household_id"], row["window_end"]): row["kwh"] for row in alerts}


def _spelled(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def test_a_large_meter_is_told_in_real_power(history: ChdbHistory) -> None:
    entries = history.query("entries", device="power", **SPAN)
    many = entries.filter([row == "glitch" for row in entries["kind"].to_pylist()])
    found = beyond_plausible(many.take([0, 0, 0]))
    assert found is not None
    assert found.needed_kw == 360.0
