"""A table of the history, declared once: from it the DDL, the Arrow schema, and what fills it.

One text of DDL serves chDB and a ClickHouse server. Tables are ``ReplacingMergeTree``: the same row
twice is one row, so a replay changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

TIME = "DateTime('UTC')"
MAYBE_TIME = f"Nullable({TIME})"
TIME_MS = "DateTime64(3, 'UTC')"
NAME = "LowCardinality(String)"
TIMES_CODEC, COUNTS_CODEC = "DoubleDelta, LZ4", "Delta, LZ4"

_ARROW: Mapping[str, pa.DataType] = {
    "String": pa.string(),
    NAME: pa.dictionary(pa.int32(), pa.string()),
    TIME: pa.timestamp("s", "UTC"),
    TIME_MS: pa.timestamp("ms", "UTC"),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
    "UInt64": pa.uint64(),
    "UInt8": pa.uint8(),
    "Float64": pa.float64(),
    "Array(Tuple(UInt16, UInt16))": pa.list_(
        pa.struct([("from", pa.uint16()), ("to", pa.uint16())])
    ),
}


class TableColumn(NamedTuple):
    """A column: its type in ClickHouse, and what it holds.

    ``scale`` is what a decimal of a record is multiplied with (10**9: the column counts 1e-9 of
    the unit); of a ``person`` the column has the pseudonym.
    """

    name: str
    kind: str
    about: str = ""
    codec: str = ""
    scale: int = 1
    person: bool = False

    @property
    def arrow(self) -> pa.DataType:
        """The type in Arrow."""
        nullable = re.fullmatch(r"Nullable\((.*)\)", self.kind)
        return _ARROW[nullable[1] if nullable else self.kind]


@dataclass(frozen=True)
class HistoryTable:
    """A table. ``version``: of rows with one key that with the largest stays, else the last.

    A second column behind it (``revision, withdrawn``) says that a row is none any more.
    """

    name: str
    about: str
    columns: tuple[TableColumn, ...]
    order_by: str
    partition_by: str = ""
    version: str = ""
    indexes: tuple[str, ...] = ()
    settings: tuple[str, ...] = ("fsync_after_insert = 1", "fsync_part_directory = 1")
    engine: str = "ReplacingMergeTree"

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns as Arrow has them."""
        return pa.schema([(column.name, column.arrow) for column in self.columns])

    @property
    def ddl(self) -> str:
        """The statement that makes the table, with what it and its columns hold as comments."""
        lines = [f"-- {self.about}", f"CREATE TABLE IF NOT EXISTS {self.name} ("]
        cells = [(c.name, c.kind + (f" CODEC({c.codec})" if c.codec else "")) for c in self.columns]
        wide = max(len(name) for name, _ in cells)
        abouts = [column.about for column in self.columns] + [""] * len(self.indexes)
        texts = [f"{name:<{wide}} {kind}" for name, kind in cells]
        texts += [f"INDEX {index}" for index in self.indexes]
        for place, (text, about) in enumerate(zip(texts, abouts, strict=True)):
            comma = "," if place < len(texts) - 1 else ""
            lines.append(f"    {text}{comma}" + (f"  -- {about}" if about else ""))
        lines.append(f") ENGINE = {self.engine}" + (f"({self.version})" if self.version else ""))
        if self.partition_by:
            lines.append(f"PARTITION BY {self.partition_by}")
        if self.order_by:
            lines.append(f"ORDER BY {self.order_by}")
        if self.order_by and self.settings:
            lines.append(f"SETTINGS {', '.join(self.settings)}")
        return "\n".join(lines) + ";\n"


def memory_table(name: str, about: str, columns: tuple[TableColumn, ...]) -> HistoryTable:
    """A table that is emptied after use and never on disk."""
    return HistoryTable(name, about, columns, order_by="", engine="Memory")


@dataclass(frozen=True)
class RowMapping:
    """How records become rows of a table.

    ``sources`` says where columns come from that are not a field of the same name: another field
    or property, ``@`` and a header, or ``#topic``, ``#partition``, ``#offset``. A column without
    any is empty. A record of which ``only_if`` is false has no row.
    """

    table: HistoryTable
    sources: Mapping[str, str] = field(default_factory=dict)
    only_if: str = ""

    def source(self, column: TableColumn) -> str:
        """Where a column comes from."""
        return self.sources.get(column.name, column.name)
