"""The readings of a tall table: a channel or a unit in a column of its own beside the value."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import merge
from energyguard.errors import Malformed
from energyguard.files.found import FileDoubt, FileFinding
from energyguard.files.tables.columns import readings_in
from energyguard.files.tables.layout import ALL, COUNTS, ValueColumn
from energyguard.files.tables.reading import TableRead
from energyguard.files.tables.value_columns import unit_of
from energyguard.files.values.moments import Ints
from energyguard.files.values.obis_codes import words_of_obis
from energyguard.files.values.other_quantities import no_consumption, other_quantity
from energyguard.files.values.words import Unit, header_of_text, unit_named
from energyguard.model.channels import CHANNELS

MAX_CHANNELS: Final = 1_000


def tall_readings(read: TableRead, time: Ints, devices: pa.Array, whose: Ints) -> Decoded:
    """The readings of a tall table: of each of its channels and units as a column of its own.

    Raises:
        Malformed: there are too many of them.
    """
    layout, place = read.layout, read.layout.value
    assert place is not None
    kinds = pc.binary_join_element_wise(
        pc.utf8_trim_whitespace(read.column(layout.channel)),
        pc.utf8_trim_whitespace(read.column(layout.unit)),
        "\t",
    ).dictionary_encode()
    if len(kinds.dictionary) > MAX_CHANNELS:
        many = f"{len(kinds.dictionary):,} different texts, a channel has at most {MAX_CHANNELS:,}"
        raise Malformed(
            f"{read.header(layout.channel) or read.header(layout.unit)}: {many}", "file"
        )
    codes = np.asarray(kinds.indices, np.int64)
    table, parts = read.table, []
    texts = enumerate(kinds.dictionary.to_pylist())
    columns = [(code, _column(read, place, *text.split("\t"))) for code, text in texts]
    found = [(code, column) for code, column in columns if column is not None]
    for code, column in sorted(found, key=lambda each: not each[1].counts):
        rows = codes == code
        read.table = table.without(~rows)
        layout.values = (column,)
        some = pa.array(rows)
        parts.append(readings_in(read, time[rows], devices.filter(some), whose[rows]))
    read.table = table
    return merge([part.batch for part in parts], [part.rows for part in parts], ())


def _column(read: TableRead, place: int, channel: str, unit: str) -> ValueColumn | None:
    """The values of a channel and a unit as a column; None: they are not read."""
    name = f"{read.header(place)} of {channel}" if channel else f"{read.header(place)} in {unit}"
    if channel in CHANNELS:
        measured = CHANNELS[channel]
        counts = {"energy_kwh": "interval", "energy_register_kwh": "register"}.get(channel, "")
        kind = "energy_kwh" if counts else measured.name
        return ValueColumn(place, name, Unit(kind), counts, False, channel)
    own = header_of_text(read.header(place))
    header = header_of_text(words_of_obis(channel)) if channel else own
    found = unit_named(unit) or header.unit or unit_of(read.grid, place, own)
    if what := other_quantity(f"{channel} {unit}".strip(), has_unit=found is not None):
        read.findings.append(FileFinding("not read", channel or unit, no_consumption(what)))
        return None
    if found is None:
        if unit or not header.is_value:
            read.findings.append(FileFinding("not read", channel or unit, "no unit of ours"))
            return None
        choices = ("energy_kwh", "energy_register_kwh", "power_w")
        read.doubts.append(FileDoubt(f"{name!r} has no unit", "--map", choices, read.header(place)))
        return None
    every = read.answers.columns.get(ALL, "")
    counts = header.counts or own.counts or (every if every in COUNTS else "")
    column = ValueColumn(place, name, found, counts, header.is_export, channel)
    return replace(column, counts="" if found.channel != "energy_kwh" else column.counts)
