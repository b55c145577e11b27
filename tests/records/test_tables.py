"""A table is declared once: its DDL, its Arrow schema, and what an engine makes of it agree."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from energyguard.history.tables import ALL, WORKING
from energyguard.records.registry import TABLES
from energyguard.records.tables import TIME, HistoryTable, TableColumn


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_the_ddl_has_every_column_and_ends_once(table: HistoryTable) -> None:
    bare = re.sub(r" *-- .*", "", table.ddl)
    inside = bare[bare.index("(\n") + 2 : bare.index("\n) ENGINE")].splitlines()
    names = [line.split()[0] for line in inside if not line.strip().startswith("INDEX")]
    assert names == table.schema.names == [column.name for column in table.columns]
    assert [line.endswith(",") for line in inside] == [True] * (len(inside) - 1) + [False]
    assert bare.count(";") == 1
    assert ("ORDER BY" in bare) == (table not in WORKING)


def test_types_of_arrow_follow_those_of_clickhouse() -> None:
    assert TableColumn("x", f"Nullable({TIME})").arrow == pa.timestamp("s", "UTC")
    assert TABLES["stays"].schema.field("charger").type == pa.dictionary(pa.int32(), pa.string())
    assert TABLES["readings"].schema.field("version").type == pa.uint64()
    with pytest.raises(KeyError):
        TableColumn("x", "Decimal(9, 2)").arrow  # noqa: B018


def test_what_a_column_holds_is_a_comment_after_its_comma() -> None:
    lines = TABLES["signals"].ddl.splitlines()
    assert lines[0].startswith("-- Raw signals of chargers")
    assert "    register  Nullable(Int64)  -- 1e-9 kWh, where the charger sends it" in lines
