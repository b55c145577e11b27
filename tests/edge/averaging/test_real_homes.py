"""A day of homes measured every 2 s, from file to outbox: its energy is there, and no more.

The real ones do not ship with the product; where they are not, these tests skip, and
``test_averages.py`` has seeded ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.files import read_blocks
from energyguard.codecs.records import unpack
from energyguard.edge.averaging.averages import AverageOperator
from energyguard.edge.averaging.stage import averaging_worker
from energyguard.edge.outbox.outbox import READINGS
from energyguard.intake.gateway import Gateway
from energyguard.log import LATEST
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.readings import batch_from, times_of
from energyguard.settings.edge import EdgeSettings
from energyguard.settings.tree import StreamSettings

_PLACES = (p / "shared" / "data" / "household_2s" for p in Path(__file__).parents[4:6])
FOLDER = next((folder for folder in _PLACES if folder.is_dir()), None)
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the 2 s files of real homes are not here")

TOLERANCE = 0.0002
"""Of the energy of 2 s powers that hold until the next, against the register beside them."""
GAP_MS = 15_000


@lru_cache(maxsize=1)
def homes() -> Mapping[str, pa.RecordBatch]:
    """The readings of each home's day."""
    assert FOLDER is not None
    return {
        path.name.removesuffix(".csv.gz"): pa.concat_batches(
            [decoded.batch for _, decoded in read_blocks(path)]
        )
        for path in sorted(FOLDER.glob("*.csv.gz"))
    }


def of(readings: pa.RecordBatch, channel: str) -> pa.RecordBatch:
    return readings.filter(pc.equal(readings.column("channel"), channel))


def total(readings: pa.RecordBatch, channel: str) -> int:
    return int(pc.sum(of(readings, channel).column("value")).as_py() or 0)


def register(readings: pa.RecordBatch) -> int:
    """By how much a register rises."""
    values = of(readings, "energy_register_kwh").sort_by("time").column("value")
    return int(values[-1].as_py()) - int(values[0].as_py())


def averaged(readings: pa.RecordBatch) -> pa.RecordBatch:
    operator = AverageOperator()
    parts = [operator.process(batch_from(readings)), operator.end()]
    return pa.concat_batches([batch for part in parts for batch in part.going_on])


def test_by_the_register_a_day_in_the_outbox_is_the_files_to_the_last_digit(
    tmp_path: Path,
) -> None:
    clock = ManualClock(1_757_160_000_000)
    log = SqliteLog(tmp_path / "log.db", clock)
    for readings in homes().values():
        Gateway(log, clock).submit(readings, "energy_readings")
    worker = averaging_worker(log, EdgeSettings(), StreamSettings(), clock)
    for _ in range(200):
        worker.step()
        clock.sleep(0.2)
    at, values = 0, list[bytes]()
    while at < log.positions(READINGS.topic, LATEST)[READINGS]:
        for part in log.read({READINGS: at}, 100, 0):
            values += [value or b"" for value in part.values]
            at = part.next_offset
    log.close()
    outbox, _ = unpack(values)
    assert len(homes()) >= 1
    for readings in homes().values():
        device = readings.column("device")[0]
        mine = outbox.filter(pc.equal(outbox.column("device"), device))
        assert register(mine) == register(readings) > 0
        assert of(mine, "power_kw").num_rows > 17_000
        assert of(mine, "energy_kwh").num_rows <= 1, "its register counts its energy"


def test_by_its_power_alone_a_day_is_the_registers_within_the_tolerance() -> None:
    for name, readings in homes().items():
        found = averaged(of(readings, "power_kw"))
        net = total(found, "energy_kwh") - total(found, "export_kwh")
        assert net == pytest.approx(register(readings), rel=TOLERANCE), name


@pytest.mark.parametrize("seed", range(4))
def test_hours_cut_out_of_a_day_get_no_energy(seed: int) -> None:
    chance = np.random.default_rng(seed)
    for name, readings in homes().items():
        power = of(readings, "power_kw")
        time = times_of(power)
        kept = np.ones(len(time), bool)
        for start in chance.integers(time[0], time[-1], 5):
            length = chance.integers(GAP_MS + 3000, 3 * 3_600_000)
            kept &= (time < start) | (time >= start + length)
        rest = power.filter(pa.array(kept))
        found = averaged(rest)
        rows = list(zip(times_of(rest).tolist(), rest.column("value").to_pylist(), strict=True))
        measured = sum(
            max(value, 0) * (until - start)
            for (start, value), (until, _) in pairwise(rows)
            if until - start <= GAP_MS
        )
        drawn = total(found, "energy_kwh")
        assert measured // 3_600_000 - 1 <= drawn <= measured // 3_600_000, name
        assert drawn < total(averaged(power), "energy_kwh"), name
        covered = of(found, "power_kw").num_rows * 5000
        assert covered <= (time[-1] - time[0]) * kept.mean() + 11 * 5000 * 2, name
