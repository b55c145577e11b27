"""Codecs: bytes to Arrow batches and back. Strict, vectorised, and bad rows come back with reasons.

packed.py      readings as they lie in the log: a compressed Arrow batch per record
records.py     records of a topic: packed ones, and messages that others sent
messages.py    these messages, a line each
isolated.py    a child that decodes what may end its decoder
dialect.py     one way in which some senders write: how it is recognised, decoded, an example
registry.py    the dialects that are known: those below, and those of the domains
formats.py     in which format a message or a file is
files.py       files, gzipped files and standard input, block by block
headers.py     the names that columns and fields may have, in every format
text.py        lines under a header, or several
delimited.py   lines of a layout, a block at once
json.py        objects of a layout, as lines or an array; json_fast_path.py a block at once
row_by_row.py  lines and objects one by one, with the reasons
doubts.py      what Arrow takes and the careful way refuses
columns.py     the columns of a layout
csv.py         how lines are written
arrow.py       Arrow IPC; ipc.py has what it unfolds to, arrow_columns.py its types
parquet.py     Parquet files
assembly.py    readings of the columns: what is out of range is refused
checks.py      unknown channels and values that cannot be true
limits.py      out of range: what can be read and cannot be true
refusals.py    refused rows: the first one by one, the rest as one
lines.py       the lines of a block, in bounded memory
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.model.readings import Verdict


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken: where it stood, why, and its bytes as they came."""

    row: int  # 1-based line or message number in the input
    verdict: Verdict  # malformed or out-of-range
    field: str  # the part at fault: "timestamp", "energy_kwh", … or "row"
    reason: str  # a sentence: "energy_kwh is negative: -0.2"
    original: bytes
    count: int = 1  # the rows that it stands for
    shape: str = ""  # how its bytes are decoded again; empty: as all of the input


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a codec made of some bytes: n readings in the input's order, and the rows refused."""

    batch: pa.RecordBatch  # of model.readings.SCHEMA
    rows: npt.NDArray[np.int64]  # n row numbers: row i of the batch stood there
    refused: tuple[RefusedRow, ...]
