"""Codecs: bytes to Arrow batches and back. Strict, vectorised, and bad rows come back with reasons.

records.py     records of a topic: packed readings of ours, and messages that others sent
messages.py    these messages, a line each, decoded by a child that may die of them
dialect.py     one way in which some senders write: how it is recognised, decoded, an example
framing.py     where telegrams begin and end, in a body and in a stream
headers.py     the dialects that are known, and the names that columns and fields may have
formats.py     in which format a message or a file is
files.py       files, gzipped files and standard input, block by block
text/          lines under a header, and objects: CSV, JSON
arrow/         Arrow IPC, Parquet
columns.py     the columns of a layout
sheets.py      tables for people: CSV, workbooks, Parquet
assembly.py    readings of the columns: what is doubtful, what cannot be true
refusals.py    refused rows: the first one by one, the rest as one
value_kinds.py what a register shows, sent as energies of intervals
deliveries.py  files as one delivery, in order of event time
seconds.py     times as system D writes them
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
    reason: str  # a sentence: "power_kw is missing"
    original: bytes
    count: int = 1  # the rows that it stands for
    shape: str = ""  # how its bytes are decoded again; empty: as all of the input
    meant: str = ""  # the field by whose name such a value would be taken; empty: none


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a codec made of some bytes: n readings in the input's order, and the rows refused."""

    batch: pa.RecordBatch  # of model.readings.SCHEMA
    rows: npt.NDArray[np.int64]  # n row numbers: row i of the batch stood there
    refused: tuple[RefusedRow, ...]
