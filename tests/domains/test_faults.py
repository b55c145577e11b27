"""Labelled faults: each label is really there, nothing else is spoilt."""

from __future__ import annotations

import io
import math
from collections import Counter
from pathlib import Path
from threading import Event

import msgspec
import numpy as np
import pytest

from energyguard.clock import ManualClock
from energyguard.domains.household.faults import FAULTS, Faults, Label, parse_rates
from energyguard.domains.household.feed import HouseholdFeed
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.simulate import Run, write_csv
from energyguard.errors import ConfigError
from energyguard.log import Log
from tests.domains.conftest import readings, records

START_MS = 1_757_160_000_000
TICKS = 400
HOMES = Homes(count=20, seed=3)
RATES = "missing=0.01,late=0.02,duplicate=0.01,malformed=0.015,spike=0.005"


def run(truth: Path | None = None) -> Run:
    faults = Faults(parse_rates(RATES), HOMES, START_MS, truth)
    return Run(homes=HOMES, start_ms=START_MS, ticks=TICKS, speedup=math.inf, faults=faults)


def truth_of(path: Path) -> list[Label]:
    return msgspec.json.Decoder(Label).decode_lines(path.read_bytes())


def test_every_labelled_fault_is_there_and_no_other(log: Log, tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    HouseholdFeed(run(truth), log, Event(), ManualClock(START_MS)).play()
    times = START_MS + 15_000 * np.arange(TICKS)
    clean = {
        (time_ms, home): value
        for (time_ms, home), value in zip(
            ((int(t), f"H{h:03d}") for t in times for h in range(1, 21)),
            HOMES.readings(times).column("value").to_pylist(),
            strict=True,
        )
    }
    sent = readings(log)
    count = Counter((time_ms, device) for time_ms, device, _ in sent)
    values = {(time_ms, device): value for time_ms, device, value in sent}
    letters = {value for _, value, _ in records(log, "energyguard.dead-letters")}
    labels: dict[tuple[int, str], Label] = {}
    for label in truth_of(truth):
        time_ms = int(np.datetime64(label.time[:-1], "ms").astype(np.int64))
        labels[(time_ms, label.device)] = label
    assert Counter(label.fault for label in labels.values()).keys() == set(FAULTS)
    newest_ms = START_MS + 15_000 * (TICKS - 1)
    for place, value in clean.items():
        fault = labels[place].fault if place in labels else ""
        withheld = fault == "" and count[place] == 0 and place[0] > newest_ms - 30 * 60_000
        expected = {"missing": 0, "malformed": 0, "duplicate": 2}.get(fault, 1)
        assert withheld or count[place] == expected, (place, fault)
        if expected and not withheld:
            assert values[place] == value * (20 if fault == "spike" else 1)
        if fault == "malformed":
            assert labels[place].detail.encode() in letters
    assert len(letters) == sum(label.fault == "malformed" for label in labels.values())


def test_late_readings_come_half_an_hour_late_however_the_ticks_are_cut() -> None:
    faults = Faults(parse_rates(RATES), HOMES, START_MS)
    times = START_MS + 15_000 * np.arange(TICKS)
    whole = faults.spoil(times)
    cut = [faults.spoil(part) for part in np.array_split(times, 7)]
    rows = [row for part in cut for row in part.batch.to_pylist()]
    assert whole.batch.to_pylist() == rows
    late = [row for row in whole.labels if row.fault == "late"]
    assert late
    assert sorted(whole.labels, key=repr) == sorted(
        (label for part in cut for label in part.labels), key=repr
    )


def test_faults_go_into_a_file_too(tmp_path: Path) -> None:
    out = io.BytesIO()
    write_csv(run(tmp_path / "truth"), out, Event())
    faults = Counter(label.fault for label in truth_of(tmp_path / "truth"))
    lines = out.getvalue().splitlines()
    assert (
        sum(label.detail.encode() in lines for label in truth_of(tmp_path / "truth"))
        >= (faults["malformed"])
    )


def test_the_rates_are_met() -> None:
    faults = Faults(parse_rates(RATES), Homes(count=1000), START_MS)
    labels = faults.spoil(START_MS + 15_000 * np.arange(300)).labels
    share = {name: n / 300_000 for name, n in Counter(label.fault for label in labels).items()}
    assert share["missing"] == pytest.approx(0.01, rel=0.1)
    assert share["malformed"] == pytest.approx(0.015, rel=0.1)
    assert share["late"] == pytest.approx(0.02 * 180 / 300, rel=0.1)


def test_all_that_is_wrong_with_the_rates_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        parse_rates("missing=0.1,gone=0.1,late=2,spike")
    assert len(error.value.faults) == 3
    with pytest.raises(ConfigError, match="add up"):
        parse_rates("missing=0.6,late=0.6")
    assert parse_rates("") == {}
