"""A Parquet file as the table that it is: CSV, as of a workbook's sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa

from energyguard.codecs.headers import layout_of_object
from energyguard.codecs.sheets import sheet_bytes
from energyguard.errors import Malformed
from energyguard.files.text.unpack import MAX_UNPACKED_BYTES

MARK: Final = b"PAR1"
"""How a file begins."""


def is_known_parquet(path: Path) -> bool:
    """Whether the border takes a file: it knows all of its columns, or says what is wrong."""
    import pyarrow.parquet as pq

    try:
        names = set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return True
    return names <= set(layout_of_object(names).columns)


def parquet_as_csv(data: bytes, name: str) -> bytes:
    """The rows of a file.

    Raises:
        Malformed: it cannot be read, or unfolds to too much.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data), thrift_string_size_limit=len(data))
        about = file.metadata
        sizes = (about.row_group(at).total_byte_size for at in range(about.num_row_groups))
        if sum(sizes) > MAX_UNPACKED_BYTES:
            raise Malformed(
                f"{name}: it unfolds to more than {MAX_UNPACKED_BYTES >> 20} MB", "file"
            )
        return sheet_bytes(_plain(file.read(use_threads=False)), "csv")
    except (pa.ArrowException, OSError) as error:
        raise Malformed(f"{name}: the Parquet file cannot be read: {error}", "file") from error


def _plain(table: pa.Table) -> pa.Table:
    """Texts that a column has by number, as texts."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    return table
