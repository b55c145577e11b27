"""What a fold of readings costs, and what it calls the faults that were put into real days.

    python -m benchmarks.ledger [--readings 1000000] [--data DIR] [--sequences 1000]

Cost: processor time of ``Ledger.fold`` a reading, of devices whose readings come in order of time
with a little jitter, 2 % of them missing, in batches of 65,536, sorted by device beforehand.
Faults: each home of ``household_2s`` with more than 200 of them; then made-up homes at cadences of
2 s to an hour, with up to 12 faults each. Energy of the steps in which a register began anew nobody
can know: it is listed, and a total may lack it.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import EntryKind
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import Kind
from energyguard.model.readings import Ints
from tests.ledger.faults import LASTING, PASSING, FaultyRegister
from tests.ledger.test_faults import (
    CADENCES,
    HOUSEHOLDS,
    fold,
    home_with_faults,
    household_with_faults,
)

BATCH = 65_536
KINDS = (Kind.INTERVAL, Kind.REGISTER, Kind.POWER)
STEPS_S = (15, 60, 900, 3_600)
DEVICES = (1_000, 100_000)
START = 1_772_409_600_000
WATT_HOUR = 10**6


def readings(kind: Kind, step_ms: int, devices: int, n: int) -> tuple[Ints, Ints, Ints]:
    """Key, time and value of n readings or a few more, in order of time."""
    chance = np.random.default_rng(1)
    each = max(n // devices, 8)
    moments = np.arange(each) * step_ms + chance.integers(0, step_ms // 50, (devices, each))
    times = START + chance.integers(0, step_ms, devices)[:, None] + moments
    use = chance.integers(0, 3, (devices, each)) * step_ms * 100
    values = 10**12 + np.cumsum(use, axis=1) if kind == Kind.REGISTER else use
    keys = np.repeat(np.arange(devices), each).reshape(devices, each)
    there = chance.random((devices, each)) > 0.02
    order = np.argsort(times[there], kind="stable")
    return keys[there][order], times[there][order], values[there][order]


def nanoseconds(kind: Kind, step_ms: int, devices: int, n: int) -> float:
    """Processor time a reading, without the first third."""
    channel = EnergyChannel(kind)
    ledger = Ledger(kind, lambda _: channel)
    ledger.grow(devices)
    columns = readings(kind, step_ms, devices, n)
    spent, counted = 0, 0
    for start in range(0, len(columns[0]), BATCH):
        key, stamp, value = (column[start : start + BATCH] for column in columns)
        order = np.lexsort((stamp, key))
        key, stamp, value = key[order], stamp[order], value[order]
        began = time.process_time_ns()
        ledger.fold(key, stamp, value)
        if start >= len(columns[0]) // 3:
            spent += time.process_time_ns() - began
            counted += len(key)
    return spent / counted


def costs(n: int) -> None:
    print("ns a reading            ", *(f"{devices:>9,} devices" for devices in DEVICES))
    for kind in KINDS:
        for step in STEPS_S:
            found = [nanoseconds(kind, step * 1_000, devices, n) for devices in DEVICES]
            print(f"{kind.value:9} each {step:5} s     ", *(f"{ns:17.0f}" for ns in found))


def named(
    register: FaultyRegister, names: Counter[tuple[str, str]], resolution: int
) -> tuple[float, float, bool]:
    """What the fold makes of a register: error beyond what nobody can know, that, inside bounds."""
    chains = resolution * (1 + sum(kind in LASTING for kind, _ in register.faults))
    rows = fold(register)
    names.update((kind, EntryKind(rows[n][7]).name.lower()) for kind, n in register.faults)
    energy = sum(row[4] for row in rows)
    beyond = max(energy - register.used, register.used - register.unknown - energy, chains)
    beyond -= chains
    lowest, highest = (sum(row[column] for row in rows) for column in (5, 6))
    inside = lowest - chains <= register.used <= highest + chains
    return beyond / WATT_HOUR, register.unknown / WATT_HOUR, inside


def table(names: Counter[tuple[str, str]]) -> None:
    print(f"{'fault':10} {'put in':>7}  called")
    for kind in (*PASSING, *LASTING):
        of_kind = {given: n for (fault, given), n in names.items() if fault == kind}
        called = ", ".join(
            f"{given} {n}" for given, n in sorted(of_kind.items(), key=lambda x: -x[1])
        )
        print(f"{kind:10} {sum(of_kind.values()):7}  {called}")


def days(folder: Path) -> None:
    names: Counter[tuple[str, str]] = Counter()
    for seed, path in enumerate(sorted(folder.glob("*.csv.gz"))):
        register = household_with_faults(path, seed)
        beyond, unknown, inside = named(register, names, 1)
        print(
            f"{path.name}: {register.used / WATT_HOUR:9.1f} Wh, {len(register.faults)} faults, "
            f"{unknown:.1f} Wh in steps nobody can know, beyond them {beyond:.4f} Wh wrong, "
            f"{'inside' if inside else 'OUTSIDE'} its bounds"
        )
    table(names)


def sequences(count: int) -> None:
    names: Counter[tuple[str, str]] = Counter()
    wrong, outside = 0, 0
    for seed in range(count):
        chance = np.random.default_rng(10**6 + seed)
        kinds = [
            str(kind) for kind in chance.choice((*PASSING, *LASTING), int(chance.integers(13)))
        ]
        cadence, resolution = int(chance.choice(CADENCES)), 10 ** int(chance.integers(6, 9))
        register = home_with_faults(seed, cadence, resolution, kinds)
        beyond, _, inside = named(register, names, resolution)
        wrong += beyond > 0
        outside += not inside
    print(f"{count} made-up homes: {wrong} totals wrong, {outside} outside their bounds")
    table(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=HOUSEHOLDS)
    parser.add_argument("--sequences", type=int, default=1_000)
    arguments = parser.parse_args()
    costs(arguments.readings)
    if arguments.data.exists():
        days(arguments.data)
    sequences(arguments.sequences)


if __name__ == "__main__":
    main()
