"""What `evaluate`, windows in any bodies, and the history's fold say of made-up meters."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from energyguard.codecs.files import read_blocks
from energyguard.history.energy.energy_buckets import Readings
from energyguard.history.energy.energy_folds import entries_of
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import batch_from, batch_of, times_of
from energyguard.offline.evaluate import evaluate
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.settings.tree import Settings
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from tests.simulation.ragged.dialects import Row, rows_of, write_files
from tests.simulation.ragged.meters import DAY_MS, INTERVAL, POWER, REGISTER, MadeMeter, neighbours
from tests.simulation.ragged.meters import meters as made_meters

NEAR = 2_000
"""1e-9 kWh: a spread energy is floored at each border, a power at each reading."""
Sums = Mapping[str, int]


def rule(length_ms: int) -> ThresholdRule:
    """Windows that are their slide, above nothing."""
    return ThresholdRule(
        id="w", channels=(REGISTER, INTERVAL, POWER), window_ms=length_ms, slide_ms=length_ms,
        raise_above=0, clear_at=0,
    )  # fmt: skip


def faults(seed: int, folder: Path) -> list[str]:
    """Everything that is wrong with the meters of a seed."""
    random, made = Random(seed), made_meters(seed)
    beside = neighbours(made, 3)
    files = write_files(folder / "meters", made, random)
    others = write_files(folder / "others", beside, random)
    window = random.choice((15, 60, 24 * 60)) * 60_000
    rows, among = rows_of(made), rows_of([*made, *beside])
    told = {
        "history": history(files),
        "evaluate": of_files([*files, *others], window),
        "windows": of_bodies([rows], window),
        "seven bodies beside others": of_bodies(bodies(among, random), window),
    }
    return [*wrong(made, told)]


def wrong(made: Sequence[MadeMeter], told: Mapping[str, Sums]) -> Iterator[str]:
    """Where a sum is not what was used."""
    for meter in made:
        for way, sums in told.items():
            if not meter.least - NEAR <= sums.get(meter.device, 0) <= meter.most + NEAR:
                kwh, right = sums.get(meter.device, 0) / 1e9, meter.least / 1e9
                yield f"{way}: {meter.device}: {kwh} of {right} kWh; {meter.what}"


def bodies(rows: list[Row], random: Random) -> list[list[Row]]:
    """In order, cut at any seven places."""
    cuts = sorted(random.sample(range(1, len(rows)), 6))
    return [rows[a:b] for a, b in pairwise([0, *cuts, len(rows)])]


def of_files(files: Sequence[Path], window_ms: int) -> Sums:
    """The sum of all windows of each device, by `evaluate`."""
    out = io.BytesIO()
    evaluate(rule(window_ms), files, out)
    found: dict[str, int] = defaultdict(int)
    for line in out.getvalue().splitlines():
        row = json.loads(line)
        found[row["household_id"]] += round(row["kwh"] * 1e9)
    return found


def of_bodies(parts: Sequence[Sequence[Row]], window_ms: int) -> Sums:
    """The same, of the operator of the stream."""
    limits = WindowLimits.of(Settings().stream, [rule(window_ms)])
    windows = WindowOperator("replay.t", [rule(window_ms)], limits)
    outputs = []
    for part in parts:
        device, channel, time, value = map(list, zip(*part, strict=True))
        outputs.append(windows.process(batch_from(batch_of(device, channel, time, value))))
    outputs.append(windows.end())
    outputs.append(windows.advance(windows.clock.newest + 40 * DAY_MS, end=True))
    found: dict[str, int] = defaultdict(int)
    for output in outputs:
        for breaches in output.breaches:
            for key, nano in zip(breaches.key, breaches.nano_kwh, strict=True):
                found[windows.devices[key]] += int(nano)
    return found


def history(files: Sequence[Path]) -> Sums:
    """The sum of all entries of each device, as the history folds them."""
    columns: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for path in files:
        for _, decoded in read_blocks(path):
            batch = decoded.batch
            names = zip(batch["device"].to_pylist(), batch["channel"].to_pylist(), strict=True)
            values = batch["value"].to_pylist()
            for name, ms, value in zip(names, times_of(batch).tolist(), values, strict=True):
                columns[name].setdefault(ms, value)
    found: dict[str, int] = defaultdict(int)
    for (device, channel), readings in columns.items():
        time = np.array(sorted(readings), np.int64)
        value = np.array([readings[ms] for ms in time.tolist()], np.int64)
        sorted_ = Readings(np.zeros(len(time), np.int64), time, value, value)
        entries = entries_of(sorted_, EnergyChannel(CHANNELS[channel].kind))
        found[device] += int(entries.energy.sum())
    return found
