"""The reading's path with a catalogue of 100,000 devices, against the product before it had one.

    python -m benchmarks.catalogue_path                 # 9 pairs, old and new in turn, about 4 min
    python -m benchmarks.catalogue_path --selector      # the rules look at sites, too

Each run is a process of its own on a log of its own: readings through the border into the log, then
the worker's windows and alerts over them until the last is committed. The new one has the catalogue
in its log; as in the product another process wrote it: 100,000 entries that were made here and let
go would leave a heap in which all that comes after is 8 % slower. Printed are the 90 % interval of
the ratio of readings a second, new to old, by the wall clock and by CPU time; the goal is that it
reaches 0.95.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BEFORE = "1eecae8"
"""The last commit without a catalogue."""
DEVICES, ENTERED = 10_000, 100_000
BATCH, READINGS = 50_000, 2_000_000
T_8 = 1.860
"""Student's t for nine pairs: 90 % lie within."""
START_MS, TICK_MS = 1_757_116_800_000, 15_000
GOAL = 0.95
# -P: beside this file stands another `calendar`
_ITSELF = (sys.executable, "-P", str(Path(__file__).resolve()))


def child(with_catalogue: bool, by_site: bool) -> None:
    """One run, by whichever product ``PYTHONPATH`` names; prints its seconds as JSON."""
    import numpy as np
    import pyarrow as pa

    import energyguard
    from energyguard.intake.gateway import Gateway
    from energyguard.log import open_log
    from energyguard.model.readings import batch_of
    from energyguard.model.topics import ENERGY_READINGS
    from energyguard.rules.registry import RuleBook, book_of
    from energyguard.settings.tree import Settings
    from energyguard.stream.windows.stage import window_worker

    rules = [rule for rule in book_of(Settings()).active() if rule.flow == "windows"]
    if by_site:
        rules = [rule.with_fields(selector="site=campus") for rule in rules]
    names = pa.array([f"H{i:06d}" for i in range(DEVICES)])
    rng = np.random.default_rng(7)
    values = (rng.gamma(2.0, 0.005, (64, DEVICES)) * 1e5).astype(np.int64) * 10_000
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/log.db"
        log = open_log(url)
        if with_catalogue:
            subprocess.run([*_ITSELF, "--enter", url], check=True)
        gateway = Gateway(log)
        book = RuleBook(rules, [rule.id for rule in rules])
        worker = window_worker(log, book, Settings().stream, (ENERGY_READINGS.name,))
        worker.step()
        wall, cpu = time.perf_counter(), time.process_time()
        for first in range(0, READINGS, BATCH):
            number = np.arange(first, first + BATCH)
            home, tick = number % DEVICES, number // DEVICES
            taken = names.take(pa.array(home))
            at = START_MS + tick * TICK_MS
            gateway.submit(
                batch_of(taken, "energy_kwh", at, values[tick % 64, home]), ENERGY_READINGS.name
            )
            worker.step()
        while worker.step():
            pass
        spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        log.close()
    print(json.dumps(spent | {"where": energyguard.__file__}))


def enter(url: str) -> None:
    """Write a catalogue: a campus of 100 buildings, and 100,000 devices in them."""
    from energyguard.log import Records, open_log
    from energyguard.model.catalogue import Device, Site
    from energyguard.model.topics import CATALOGUE
    from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion

    entries: dict[str, Site | Device] = {"site/campus": Site(name="Campus")}
    entries |= {f"site/b{n}": Site(name=f"Building {n}", parent="campus") for n in range(100)}
    for n in range(ENTERED):
        device = Device(name=f"Meter {n}", site=f"b{n % 100}", kind="meter", labels={"floor": "2"})
        entries[f"device/H{n:06d}"] = device
    keys: list[bytes] = []
    records: list[bytes] = []
    for revision, (key, entry) in enumerate(entries.items(), 1):
        version = CatalogueVersion(revision=revision, entry=entry, by="benchmark", at_ms=START_MS)
        keys.append(key.encode())
        records.append(CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,))))
    log = open_log(url)
    for first in range(0, len(keys), 10_000):
        part = slice(first, first + 10_000)
        log.append(CATALOGUE.name, Records(keys[part], records[part]))
    log.close()


@contextmanager
def before(given: Path | None) -> Iterator[Path]:
    """A checkout of the product before it had a catalogue."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        add = ["git", "worktree", "add", "--quiet", "--detach", str(tree), BEFORE]
        subprocess.run(add, check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], check=True)


def run(tree: Path, *options: str) -> dict[str, float]:
    """One run of the product of a checkout."""
    command = [*_ITSELF, "--child", *options]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        command, env=environment, cwd=tree, check=True, capture_output=True, text=True
    )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    if not Path(found.pop("where")).is_relative_to(tree.resolve()):
        raise SystemExit(f"not the product of {tree}")
    return {name: float(seconds) for name, seconds in found.items()}


def interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """The mean of ratios, and between what 90 % of such means lie."""
    mean, spread = statistics.mean(ratios), statistics.stdev(ratios)
    half = T_8 * spread / len(ratios) ** 0.5
    return mean - half, mean, mean + half


def compare(old: Path, pairs: int, by_site: bool) -> None:
    """Old and new in turn; which is first changes from pair to pair."""
    new = Path(__file__).resolve().parents[1]
    ratios: dict[str, list[float]] = {"wall": [], "cpu": []}
    more = ("--selector",) if by_site else ()
    for pair in range(pairs):
        spent = {}
        for which in ("old", "new")[:: 1 if pair % 2 == 0 else -1]:
            is_new = which == "new"
            spent[which] = run(new, "--catalogue", *more) if is_new else run(old)
        for clock, found in ratios.items():
            found.append(spent["old"][clock] / spent["new"][clock])
        rates = {which: READINGS / seconds["wall"] for which, seconds in spent.items()}
        print(f"pair {pair + 1}: old {rates['old']:,.0f}/s, new {rates['new']:,.0f}/s", flush=True)
    for clock, found in ratios.items():
        low, mean, high = interval(found)
        verdict = "reached" if high >= GOAL else "NOT reached"
        print(f"{clock:<5} new/old {mean:.3f}, 90 % [{low:.3f}, {high:.3f}]: {GOAL} {verdict}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=Path, help=f"a checkout of {BEFORE}; else one is made")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--selector", action="store_true", help="the rules look at sites")
    parser.add_argument("--catalogue", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--enter", metavar="LOG", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.enter:
        enter(asked.enter)
    elif asked.child:
        child(asked.catalogue, asked.selector)
    else:
        with before(asked.old) as checkout:
            compare(checkout, asked.pairs, asked.selector)
