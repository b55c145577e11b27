"""Parquet files with the columns of readings, by the names that headers have too.

Whole numbers are in the unit of their column, as floats and decimals are. Row groups are read one
by one, a part of their rows at a time. Arrow's reader of such files is loaded with the first of
them: every process that decodes readings knows of Parquet, few ever see a file.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from energyguard.codecs import Decoded
from energyguard.codecs.arrow.batches import MAX_UNFOLDED, decode_batches, read_or_refuse
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Dialect
from energyguard.errors import Malformed

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MARK = b"PAR1"
"""How a file begins."""
MAX_ROWS = 64 << 20
_ROWS_AT_ONCE = 65_536


def decode_parquet(data: bytes, context: DecodeContext) -> Decoded:
    """Read a file, all of it. Never raises for what stands in it."""
    import pyarrow.parquet as pq

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


_EXAMPLE = (
    "UEFSMRUAFRwVHCwVAhUAFQYVBhwAAAACAAAAAgGQ6ikgmQEAABUAFRgVGCwVAhUAFQYVBhwAAAACAAAAAgECAAAARjEV"
    "ABUcFRwsFQIVABUGFQYcAAAAAgAAAAIB3AUAAAAAAAAVBBlMNQAYBnNjaGVtYRUGABUEJQIYDHRpbWVzdGFtcF9tcwAV"
    "DCUCGAZkZXZpY2UlAEwcAAAAFQQlAhgHcG93ZXJfdwAWAhkcGTwmABwVBBklBgAZGAx0aW1lc3RhbXBfbXMVABYCFkIW"
    "QiYISRwVABUAFQIAPCkGGSYAAgAAACYAHBUMGSUGABkYBmRldmljZRUAFgIWPhY+JkpJHBUAFQAVAgA8FgQZBhkmAAIA"
    "AAAmABwVBBklBgAZGAdwb3dlcl93FQAWAhZCFkImiAFJHBUAFQAVAgA8KQYZJgACAAAAFsIBFgImCBbCAQAoIHBhcnF1"
    "ZXQtY3BwLWFycm93IHZlcnNpb24gMjYuMC4xGTwcAAAcAAAcAAAAGwEAAFBBUjE="
)
"""The table of Arrow's example as a file, in base64."""
DIALECT = Dialect(
    name="parquet", example=b64decode(_EXAMPLE), begins=(MARK,), decode=decode_parquet
)
