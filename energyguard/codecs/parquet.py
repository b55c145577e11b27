"""Parquet files with the columns of readings, by the names that headers have too.

Whole numbers are in the unit of their column, as floats and decimals are. Row groups are read one
by one, a part of their rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from energyguard.codecs import Decoded
from energyguard.codecs.arrow import EXAMPLE, MAX_UNFOLDED, decode_batches, read_or_refuse
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Dialect
from energyguard.errors import Malformed

MARK = b"PAR1"
"""How a file begins."""
MAX_ROWS = 64 << 20
_ROWS_AT_ONCE = 65_536


def decode_parquet(data: bytes, context: DecodeContext) -> Decoded:
    """Read a file, all of it. Never raises for what stands in it."""

    def read() -> Decoded:
        file = pq.ParquetFile(pa.BufferReader(data), thrift_string_size_limit=len(data))
        rows, schema = _batches(file), file.schema_arrow
        return decode_batches(rows, schema, context, nano=False)

    return read_or_refuse(read, "a Parquet file", data, context)


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """The rows, where a row group says of itself that it is not too large to unfold."""
    if file.metadata.num_rows > MAX_ROWS:
        raise Malformed(f"the Parquet file has more than {MAX_ROWS} rows", "row")
    for group in range(file.metadata.num_row_groups):
        if file.metadata.row_group(group).total_byte_size > MAX_UNFOLDED:
            raise Malformed(f"a row group unfolds to more than {MAX_UNFOLDED} bytes", "row")
    yield from file.iter_batches(_ROWS_AT_ONCE, use_threads=False)


def _example() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(EXAMPLE, sink)
    return bytes(sink.getvalue().to_pybytes())


DIALECT = Dialect(name="parquet", example=_example(), begins=(MARK,), decode=decode_parquet)
