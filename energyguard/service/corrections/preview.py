"""What days of a device were, and what a correction would make of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.history.energy.folded import FoldedChannel, energy_within
from energyguard.model.quantities import NANO, to_nano
from energyguard.model.readings import Bools
from energyguard.service.corrections.contract import CorrectionPreview, WantedCorrection


def preview_of(
    rows: pa.Table, wanted: WantedCorrection, channel: str, start_ms: int, end_ms: int
) -> CorrectionPreview:
    """Fold the readings as they are, and as they would be.

    Args:
        rows: of the query ``fold_rows``.
        wanted: the correction.
        channel: what its readings measure.
        start_ms: of the days.
        end_ms: the first ms after them.
    """
    meant = _meant(rows, wanted, channel)
    before = _energy(wanted.device, rows, start_ms, end_ms)
    if wanted.value and not meant.any():
        changed = _counting_again(rows, wanted, channel)
    elif wanted.value:
        value = np.where(meant, to_nano(wanted.value), rows["nano"].to_numpy())
        changed = rows.set_column(rows.column_names.index("nano"), "nano", pa.array(value))
    else:
        changed = rows.filter(pa.array(~meant))
    found = rows.filter(pa.array(meant))
    return CorrectionPreview(
        start_ms,
        end_ms,
        channel,
        found.num_rows or int(bool(wanted.value)),
        found["nano"][0].as_py() / NANO if found.num_rows == 1 else None,
        before,
        _energy(wanted.device, changed, start_ms, end_ms),
    )


def _counting_again(rows: pa.Table, wanted: WantedCorrection, channel: str) -> pa.Table:
    """With the reading that counts as none now, and would have a value."""
    described = rows.filter(pc.equal(rows["name"], channel))["facts"]
    row = {
        "name": channel, "ms": wanted.start_ms, "nano": to_nano(wanted.value),
        "sequence": wanted.sequence, "facts": described[0].as_py() if len(described) else "",
    }  # fmt: skip
    more = pa.Table.from_pylist([row], rows.schema)
    return pa.concat_tables([rows, more]).sort_by([("name", "ascending"), ("ms", "ascending")])


def _meant(rows: pa.Table, wanted: WantedCorrection, channel: str) -> Bools:
    ms = rows["ms"].to_numpy()
    name = np.array(rows["name"].to_pylist(), object)
    meant: Bools = (name == channel) & (ms >= wanted.start_ms) & (ms < wanted.until_ms)
    if wanted.sequence is not None:
        meant &= rows["sequence"].to_numpy() == wanted.sequence
    return meant


def _energy(device: str, rows: pa.Table, start_ms: int, end_ms: int) -> float:
    if not rows.num_rows:
        return 0.0
    return energy_within(FoldedChannel(device, rows, start_ms, end_ms), start_ms, end_ms) / NANO
