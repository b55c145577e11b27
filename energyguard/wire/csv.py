"""System C's ``timestamp,household_id,energy_kwh``, and ``timestamp,device,channel,value``.

A header line is optional for the first and names the second. Energy is exact: decimals become
int64 in 1e-9 without passing through a float.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.readings import batch_of
from energyguard.wire import Decoded
from energyguard.wire.fields import read_name, read_number, read_time
from energyguard.wire.limits import Limits
from energyguard.wire.lines import decode_lines
from energyguard.wire.numbers import spell_nano, spell_time
from energyguard.wire.table import DECIMAL, TIME, names_of, nano_of, read_table, split_fields

ENERGY = "energy_kwh"
HOUSEHOLD = ("timestamp", "household_id", "energy_kwh")
GENERIC = ("timestamp", "device", "channel", "value")


@dataclass(frozen=True)
class CsvForm:
    """Lines of three or of four columns."""

    columns: tuple[str, ...] = HOUSEHOLD
    shape: str = "csv"
    per_line: int = 1

    @property
    def names(self) -> Mapping[str, str]:
        """What the columns are called here."""
        channel = "channel" if len(self.columns) == 4 else "row"
        return {
            "time": self.columns[0],
            "device": self.columns[1],
            "channel": channel,
            "value": self.columns[-1],
        }

    def clean(self, data: bytes) -> pa.RecordBatch | None:
        """See ``Form``."""
        kinds = (TIME, *[pa.string()] * (len(self.columns) - 2), DECIMAL)
        table = read_table(data, dict(zip(self.columns, kinds, strict=True)))
        if table is None:
            return None
        device, value = names_of(table.column(1), data), nano_of(table.column(len(kinds) - 1))
        channel = names_of(table.column(2), data) if len(kinds) == 4 else ENERGY
        if device is None or channel is None or value is None:
            return None
        return batch_of(device, channel, table.column(0).cast(pa.int64()), value)

    def careful(self, line: str) -> pa.RecordBatch:
        """See ``Form``."""
        field = split_fields(line, self.columns)
        time, device, *_, value = self.columns
        generic = len(self.columns) == 4
        return batch_of(
            [read_name(device, field[device])],
            [read_name("channel", field["channel"]) if generic else ENERGY],
            [read_time(time, field[time])],
            [read_number(value, field[value])],
        )


def header(line: bytes) -> tuple[str, ...] | None:
    """The columns that a header line names; None: it is not a header."""
    words = tuple(line.decode("utf-8", "replace").lower().replace('"', "").split(","))
    words = tuple(word.strip().lstrip("\ufeff") for word in words)
    return words if words in (HOUSEHOLD, GENERIC) else None


def decode(
    data: bytes, *, limits: Limits = Limits(), device: str = "", first_row: int = 1
) -> Decoded:
    """Read lines, with or without a header; ``device`` is for shapes that name none."""
    head, _, rest = data.partition(b"\n")
    columns = header(head)
    if columns is None:
        return decode_lines(data, CsvForm(), limits, first_row)
    return decode_lines(rest, CsvForm(columns), limits, first_row + 1)


def encode(batch: pa.RecordBatch) -> bytes:
    """Write readings; four columns and a header as soon as one is not an energy."""
    if not batch.num_rows:
        return b""
    device = _quoted(batch.column("device"))
    time, value = spell_time(batch.column("time")), spell_nano(batch.column("value"))
    plain = pc.all(pc.equal(batch.column("channel"), ENERGY)).as_py()
    middle = [device] if plain else [device, _quoted(batch.column("channel"))]
    lines = pc.binary_join_element_wise(time, *middle, value, ",")
    text = pc.binary_join(
        pa.ListArray.from_arrays(np.array([0, len(lines)], np.int32), lines), "\n"
    )
    return (
        (b"" if plain else ",".join(GENERIC).encode() + b"\n")
        + text[0].as_buffer().to_pybytes()
        + b"\n"
    )


def _quoted(names: pa.Array) -> pa.Array:
    """Names as fields: in quotes where they hold a comma or a quote."""
    special = pc.match_substring_regex(names, '[,"]')
    if not pc.any(special).as_py():
        return names
    doubled = pc.replace_substring(names, '"', '""')
    quoted = pc.binary_join_element_wise('"', doubled, '"', "")
    return pc.if_else(special, quoted, names)
