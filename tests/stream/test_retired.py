"""A retired device: its silence is not judged from then on, and its alerts end and say why."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from energyguard.catalogue import Catalogue
from energyguard.catalogue.retirements import periods_of
from energyguard.model.catalogue import Device, Term
from energyguard.offline.evaluate import evaluate
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import RETIRED
from tests.stream.test_catalogue_rules import Campus
from tests.stream.windows.test_windows import START

KETTLE = Device(name="Kettle")
GONE_MS = START + 8 * 15_000
SELECTORS = [{}, {"selector": "id=H*"}]


@pytest.fixture
def campus() -> Campus:
    campus = Campus()
    campus.put("device/H002", KETTLE)
    return campus


def of_device(campus: Campus, device: str) -> list[AlertEvent]:
    return [event for event in campus.events() if event.device == device]


@pytest.mark.parametrize("about", SELECTORS)
def test_its_alerts_end_then_and_no_rule_is_about_it(campus: Campus, about: dict[str, str]) -> None:
    changed = {"raise_above": 1, "clear_at": 0, "selector": msgspec.UNSET, **about}
    worker = campus.worker(**changed)
    campus.go(worker, 4)
    campus.put("device/H002", msgspec.structs.replace(KETTLE, retired_ms=GONE_MS))
    campus.go(worker, 4)
    assert not of_device(campus, "H002")[-1].reason  # the time is not yet there
    worker.drain()
    worker = campus.worker(**changed)
    campus.go(worker, 4)
    last = of_device(campus, "H002")[-1]
    assert (last.state, last.reason, last.time_ms) == ("resolved", RETIRED, GONE_MS)
    assert last.about.startswith("H002: the device is retired")
    assert of_device(campus, "H001")[-1].state == "firing"
    campus.put("device/H002", KETTLE)  # it is brought back
    campus.go(worker, 4)
    assert of_device(campus, "H002")[-1].state == "firing"


def test_its_silence_is_not_judged(campus: Campus) -> None:
    """Two fall silent, of which one is retired; then the other is, too, and is brought back."""
    gone = Device(name="", retired_ms=START)
    worker = campus.worker()
    campus.go(worker, 8)
    campus.put("device/H005", gone)
    campus.devices = 4
    campus.go(worker, 120)
    campus.put("device/H004", gone)
    campus.go(worker, 1)
    campus.put("device/H004", Device(name=""))
    campus.go(worker, 1)
    silent = [event for event in campus.events() if event.rule == "silence"]
    assert [(event.device, event.state, event.reason) for event in silent] == [
        ("H004", "unknown", ""), ("H004", "resolved", RETIRED), ("H004", "unknown", ""),
    ]  # fmt: skip


def rows(device: str, minutes: range) -> list[str]:
    return [f"2025-09-06T{10 + m // 60}:{m % 60:02}:00Z,{device},1.0" for m in minutes]


def evaluated(folder: Path, device: Device | None, name: str = "K") -> list[AlertEvent]:
    """A file of two devices, of which one stops after half an hour, and whatever comes of it."""
    catalogue = Catalogue()
    if device is not None:
        catalogue.see(f"device/{name}", device, "test")
    rule = ThresholdRule(
        id="r", channels=("energy_kwh",), window_ms=60_000, slide_ms=60_000, raise_above=10**8,
        clear_at=10**8, selector=msgspec.UNSET if name == "K" else f"id={name}",
    )  # fmt: skip
    path, out = folder / "readings.csv", io.BytesIO()
    lines = sorted(rows("K", range(30)) + rows("L", range(200)))
    path.write_text("\n".join(["time,device,energy_kwh", *lines]) + "\n")
    evaluate(rule, [path], out, episodes=True, catalogue=catalogue)
    return [msgspec.json.decode(line, type=AlertEvent) for line in out.getvalue().splitlines()]


def test_a_sum_of_files_counts_it_until_then() -> None:
    known = Catalogue()
    known.see("device/K", Device(name="", retired_ms=5), "test")
    assert periods_of({"K": 1, "L": -1}, known) == [(0, {"K": 1, "L": -1}), (5, {"L": -1})]


def at(text: str) -> int:
    return 1_757_152_800_000 + int(text) * 60_000  # 2025-09-06T10:00Z


def test_in_files_it_is_judged_until_then(tmp_path: Path) -> None:
    found = [e for e in evaluated(tmp_path, None) if e.device == "K"]
    assert [(e.rule, e.state) for e in found] == [
        ("r", "firing"), ("silence", "unknown"), ("r", "unknown"),
    ]  # fmt: skip
    gone = Device(name="", retired_ms=at("20"))
    found = [e for e in evaluated(tmp_path, gone) if e.device == "K"]
    assert [(e.rule, e.state, e.reason) for e in found] == [
        ("r", "firing", ""), ("r", "resolved", RETIRED),
    ]  # fmt: skip
    assert found[-1].time_ms == at("20")
    gone = Device(name="", retired_ms=at("150"))  # it was silent by then
    found = [e for e in evaluated(tmp_path, gone) if e.device == "K"]
    ended = {e.rule: (e.state, e.reason, e.time_ms) for e in found}
    assert ended == dict.fromkeys(("r", "silence"), ("resolved", RETIRED, at("150")))


def test_in_files_a_sum_is_judged_until_it_is_retired(tmp_path: Path) -> None:
    house = Device(name="", terms=(Term(device="K"), Term(device="L")), retired_ms=at("20"))
    found = [event for event in evaluated(tmp_path, house, "house") if event.device == "house"]
    assert [(e.state, e.reason, e.time_ms) for e in found] == [
        ("firing", "", at("1")), ("resolved", RETIRED, at("20")),
    ]  # fmt: skip
