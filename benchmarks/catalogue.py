"""The catalogue with 100,000 devices: its fold, its memory, its pages; and 10,000 by file.

    python -m benchmarks.catalogue
    python -m benchmarks.catalogue --devices 10000 --runs 3

Each fold is a process of its own, of a log that another one has written. Times are of the wall
clock, and of the processor beside them where a machine is shared.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from threading import Event, Thread

import psutil

from energyguard.catalogue import Catalogue, role
from energyguard.catalogue.changes import CatalogueChanges
from energyguard.catalogue.listing import DeviceFilter, DeviceListing
from energyguard.clock import SYSTEM
from energyguard.log import Records, open_log
from energyguard.model.catalogue import Device, DeviceGroup, Entry, Site
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.service.catalogue.catalogue import CatalogueVerbs
from energyguard.settings.tree import Settings

SITES, AT_ONCE = 100, 5_000
FILTERS = {
    "all": DeviceFilter(),
    "by a text": DeviceFilter(search="meter 99"),
    "by a site": DeviceFilter(site="s7"),
    "by all": DeviceFilter(search="t9", site="s7", group="g1", kind="meter", state="named"),
}


def entries(devices: int) -> Iterator[tuple[str, Entry]]:
    """A catalogue of so many devices, the same each time."""
    yield from ((f"site/s{n}", Site(name=f"Site {n}", zone="Europe/Berlin")) for n in range(SITES))
    yield from ((f"group/g{n}", DeviceGroup(name=f"Group {n}")) for n in range(3))
    for n in range(devices):
        labels = {"floor": str(n % 9), "tenant": f"T{n % 1000}"}
        yield (
            f"device/meter-{n:06}",
            Device(name=f"Meter {n}", site=f"s{n % SITES}", kind="meter", groups=(f"g{n % 3}",),
                   labels=labels),
        )  # fmt: skip


def written(folder: Path, devices: int) -> None:
    """Write a catalogue into the log of a folder, as its owner does."""
    log = open_log(Settings(data_dir=folder).log_url)
    keys, values = list[bytes](), list[bytes | None]()
    for revision, (key, entry) in enumerate(entries(devices), 1):
        version = CatalogueVersion(
            revision=revision, entry=entry, by="mara", at_ms=1_790_000_000_000 + revision,
            request=f"{revision:016x}",
        )  # fmt: skip
        keys.append(key.encode())
        values.append(CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,))))
    for begin in range(0, len(keys), AT_ONCE):
        end = begin + AT_ONCE
        log.append(CATALOGUE.name, Records(keys[begin:end], values[begin:end]))
    log.close()


def fold(folder: Path) -> None:
    """In a process of its own: read the log, look for devices, and print what it took."""
    log = open_log(Settings(data_dir=folder).log_url)
    catalogue, before = Catalogue(), resident()
    listing = DeviceListing(catalogue)
    took = timed(CatalogueChanges(log, catalogue).refresh)
    print(f"fold: {took}, {resident() - before:.0f} MB")
    took = timed(lambda: listing.find(DeviceFilter()))
    print(f"with the list: {took} the first time, {resident() - before:.0f} MB")
    for name, wanted in FILTERS.items():
        walls = sorted(seconds(partial(listing.find, wanted)) for _ in range(21))
        print(f"a page {name}: {walls[10] * 1000:.1f} ms (largest of 21: {walls[-1] * 1000:.1f})")
    log.close()


def by_file(folder: Path, devices: int) -> float:
    """Seconds until so many devices of a CSV hold."""
    settings, stop = Settings(data_dir=folder), Event()
    log = open_log(settings.log_url)
    owner = Thread(target=role.run, args=(settings, stop))
    owner.start()
    verbs = CatalogueVerbs(log, "UTC", SYSTEM)
    verbs.import_file(b'[site.a]\nname = "A"\n', "a.toml", "mara")
    rows = "".join(f"M{n:05},Meter {n},a,meter,{n % 9}\n" for n in range(devices))
    text = f"id,name,site,kind,label.floor\n{rows}".encode()
    took = seconds(lambda: verbs.import_file(text, "devices.csv", "mara"))
    stop.set()
    owner.join()
    log.close()
    assert len(verbs.entries.devices) == devices
    return took


def resident() -> float:
    """The memory of this process, MB."""
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


def seconds(do: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def timed(do: Callable[[], object]) -> str:
    """How long something takes, in words: by the wall, and by the processor."""
    began = time.process_time()
    wall = seconds(do)
    return f"{wall:.2f} s ({time.process_time() - began:.2f} s of a processor)"


def main() -> None:
    """Write, fold, import, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--fold", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fold:
        fold(given.fold)
        return
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), given.devices)
        for _ in range(given.runs):
            words = (sys.executable, "-m", "benchmarks.catalogue", "--fold", folder)
            subprocess.run(words, check=True)
    walls = []
    for _ in range(given.runs):
        with tempfile.TemporaryDirectory() as folder:
            walls.append(by_file(Path(folder), 10_000))
    print(f"10,000 devices by file: {median(walls):.2f} s (of {len(walls)})")


if __name__ == "__main__":
    main()
