"""What the rule ``household-profile`` raises in real homes, and what it finds of faults put in.

    python -m benchmarks.household_profile DATA FAULTS [--sigmas 6,8,10] [--homes 384]

DATA has ``household_15min/readings.npz`` (ids; x: homes × slots, kWh) and
``household_30min/*.csv.gz`` (timestamp, kwh); FAULTS has ``<set>_values.csv.gz`` (meter, index,
value: what to write over) and ``<set>_events.csv.gz`` (meter, start_index, end_index, kind).
Nothing is counted in a home's first 1,344 slots. An alert is of a fault if it is raised in it, or
within an hour after its end.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.building import HOUR_MS, WEEK_MS, Raised, raised
from energyguard.model.quantities import NANO
from energyguard.model.readings import batch_of
from energyguard.rules.registry import open_book
from energyguard.rules.rule import Rule, SiteCalendar

RULE = "household-profile"
WARM_SLOTS = 1_344
START_MS = 1_540_771_200_000  # Monday 2018-10-29
SITE = SiteCalendar("UTC")
Matrix = npt.NDArray[np.float64]


class Homes(NamedTuple):
    """Homes on one grid: NaN where there is no reading."""

    ids: list[str]
    kwh: Matrix  # homes × slots
    start_ms: int
    slot_ms: int

    @property
    def warm(self) -> npt.NDArray[np.int64]:
        """Of each home the first slot that counts."""
        first: npt.NDArray[np.int64] = np.isfinite(self.kwh).argmax(axis=1) + WARM_SLOTS
        return first

    @property
    def weeks(self) -> float:
        """Home-weeks that count."""
        counted = np.arange(self.kwh.shape[1]) >= self.warm[:, None]
        return float((np.isfinite(self.kwh) & counted).sum() * self.slot_ms / WEEK_MS)

    def batches(self, at_once: int = 192) -> Iterator[pa.RecordBatch]:
        """Their readings, slot by slot; a reading's time is the end of its slot."""
        names = np.array(self.ids, object)
        for first in range(0, self.kwh.shape[1], at_once):
            part = self.kwh[:, first : first + at_once].T
            slot, home = np.nonzero(np.isfinite(part))
            times = self.start_ms + self.slot_ms * (first + slot + 1)
            value = np.rint(np.maximum(part[slot, home], 0) * NANO).astype(np.int64)
            yield batch_of(pa.array(names[home], pa.string()), "energy_kwh", times, value)


def of_15_minutes(folder: Path, homes: int) -> Homes:
    """The homes of ``household_15min``."""
    found = np.load(folder / "readings.npz")
    ids = [str(name) for name in found["ids"][:homes]]
    return Homes(ids, found["x"][:homes].astype(float), START_MS, HOUR_MS // 4)


def of_30_minutes(folder: Path) -> Homes:
    """The homes of ``household_30min``, on one grid from midnight of the earliest day."""
    rows: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt") as file:
            rows[path.name.split(".")[0]] = [
                (_ms(row["timestamp"]), float(row["kwh"] or "nan")) for row in csv.DictReader(file)
            ]
    slot_ms = HOUR_MS // 2
    day_ms = 24 * HOUR_MS
    start = min(at for of in rows.values() for at, _ in of) // day_ms * day_ms
    end = max(at for of in rows.values() for at, _ in of)
    kwh = np.full((len(rows), (end - start) // slot_ms + 1), np.nan)
    for home, of in enumerate(rows.values()):
        for at, value in of:
            kwh[home, (at - start) // slot_ms] = value
    return Homes(list(rows), kwh, start, slot_ms)


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a packed CSV file."""
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


def with_faults(homes: Homes, values: Sequence[Mapping[str, Any]]) -> Homes:
    """The same with other values in some slots."""
    kwh, place = homes.kwh.copy(), {name: i for i, name in enumerate(homes.ids)}
    for row in values:
        if row["meter"] in place:
            kwh[place[row["meter"]], int(row["index"])] = float(row["value"])
    return homes._replace(kwh=kwh)


def counted(homes: Homes, rule: Rule) -> list[tuple[str, int]]:
    """The alerts after the first weeks: whose, and in which slot."""
    warm = dict(zip(homes.ids, homes.warm.tolist(), strict=True))
    alerts: list[Raised] = raised(homes.batches(), [rule])
    slots = [(a.device, (a.from_ms - homes.start_ms) // homes.slot_ms - 1) for a in alerts]
    return [(device, slot) for device, slot in slots if slot >= warm[device]]


def show(name: str, homes: Homes, faults: Path, rule: Rule) -> None:
    """Print what the rule raises in homes as they are, and finds where faults were put in."""
    events = [row for row in rows_of(faults / f"{name}_events.csv.gz") if row["meter"] in homes.ids]
    clean = counted(homes, rule)
    faulty = counted(with_faults(homes, rows_of(faults / f"{name}_values.csv.gz")), rule)
    after = HOUR_MS // homes.slot_ms
    mine: dict[str, list[int]] = defaultdict(list)
    for device, slot in faulty:
        mine[device].append(slot)
    delays: dict[str, list[float]] = defaultdict(list)
    good: set[tuple[str, int]] = set()
    for row in events:
        start, end = int(row["start_index"]), int(row["end_index"]) + after
        hits = [slot for slot in mine[row["meter"]] if start <= slot < end]
        good |= {(row["meter"], slot) for slot in hits}
        delays[row["kind"]].append((hits[0] - start) * homes.slot_ms / 60_000 if hits else -1)
    every = [delay for of in delays.values() for delay in of]
    print(
        f"{name}: {len(clean) / homes.weeks:.2f} alerts a home-week as they are ({len(homes.ids)} "
        f"homes, {homes.weeks:.0f} home-weeks); of {len(every)} faults "
        f"{sum(d >= 0 for d in every) / len(every):.0%} found, precision "
        f"{len(good) / max(len(faulty), 1):.2f}"
    )
    for kind, of in sorted(delays.items()):
        hit = [delay for delay in of if delay >= 0]
        middle = f", after {median(hit):.0f} min" if hit else ""
        print(f"  {kind:<9}{len(hit) / len(of):>5.0%} of {len(of)}{middle}")


def main(data: Path, faults: Path, sigmas: Sequence[str], homes: int) -> None:
    """Print all figures."""
    shipped = open_book((), (RULE,), SITE).running()[0]
    sets = {
        "household_15min": of_15_minutes(data / "household_15min", homes),
        "household_30min": of_30_minutes(data / "household_30min"),
    }
    for text in sigmas or [""]:
        rule = shipped
        if text:
            level = round(float(text) * NANO)
            rule = shipped.with_fields(sigmas=level, clear_at=level // 2)
        print(f"-- {rule.text}")
        for name, of in sets.items():
            show(name, of, faults, rule)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("faults", type=Path)
    parser.add_argument("--sigmas", type=lambda text: text.split(","), default=[])
    parser.add_argument("--homes", type=int, default=384)
    given = parser.parse_args()
    main(given.data, given.faults, given.sigmas, given.homes)
