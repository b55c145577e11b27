"""Which of a device's channels of energy counts: what it used is not to be counted twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PREFERRED: Final = ("energy_kwh", "energy_register_kwh", "power_kw")
"""Channels of energy: of a device that has several the first counts."""
_WHOSE: Final = ("whose", "start_s")


def first_channels(rows: pa.Table, bound: Mapping[str, str]) -> pa.Table:
    """The energy of steps, of each device the first of its channels of which a row is there.

    Args:
        rows: ``whose`` (a device, or empty: many that have one channel each, added up), its
            ``channel``, ``start_s`` of a step, ``nano`` (1e-9 kWh) and ``readings`` in it.
        bound: ``apart`` of the question; ``no``: all that counts is added up.

    Returns:
        ``device`` (empty: of all), ``start_ms``, ``nano`` and ``readings``, in order.
    """
    whose = rows["whose"].combine_chunks().dictionary_encode()
    codes = whose.indices.to_numpy()
    ranks = pc.index_in(rows["channel"], pa.array(PREFERRED)).to_numpy()
    first = np.full(len(whose.dictionary), len(PREFERRED), ranks.dtype)
    np.minimum.at(first, codes, ranks)
    many = pc.equal(rows["whose"], "").to_numpy()
    rows = rows.filter(pa.array(many | (ranks == first[codes])))
    if bound["apart"] == "no":
        rows = rows.set_column(0, "whose", pa.array([""] * rows.num_rows, pa.string()))
    sums = [("nano", "sum"), ("readings", "sum")]
    steps = rows.group_by(_WHOSE).aggregate(sums).sort_by([(name, "ascending") for name in _WHOSE])
    start_ms = pc.multiply(steps["start_s"].cast(pa.int64()), 1000)
    readings = steps["readings_sum"].cast(pa.int64())
    columns = [steps["whose"].cast(pa.string()), start_ms, steps["nano_sum"], readings]
    return pa.table(columns, ["device", "start_ms", "nano", "readings"])
