"""Tables of before prices and powers were exact and records had revisions: copied once.

A table of before is written anew beside itself, and the two change places in one
step, so that a crash leaves it as it was or as it is to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from energyguard.domains.charging.records.results import (
    CHARGES_TABLE,
    STAYS_TABLE,
    VIOLATIONS_TABLE,
)
from energyguard.domains.charging.records.signals import SIGNALS_TABLE
from energyguard.history import Tables
from energyguard.records.tables import HistoryTable
from energyguard.telemetry import logger

_WRITTEN = "if(startsWith(source, 'charger-station-signals'), 1, 0)"  # imports have no revisions
_SINCE = "revision > 0 OR isNotNull(power)"
_REVISED = {"revision": f"greatest(revision, {_WRITTEN})"}
_FROM: Final[Mapping[str, Mapping[str, str]]] = {
    "signals": {
        "value": "multiIf(value != 0, value, kind IN ('connect', 'disconnect'), amount * 100000,"
        " kind = 'start', amount * 1000000000, amount)"
    },
    "stays": {
        "price": f"if({_SINCE}, price, price * 100000)",
        "power": f"if({_SINCE}, power, power_kw * 1000000000)", **_REVISED,
    },
    "charges": _REVISED,
    "violations": _REVISED,
}  # fmt: skip
"""Of each table the columns that are not what they were.

A history that is opened has the columns of now, empty in what is of before; what was written since
has a revision, a power or a value, and is as it should be.
"""


def make_exact(history: Tables) -> None:
    """Copy what is of before; what is as it should be stays."""
    for table in (SIGNALS_TABLE, STAYS_TABLE, CHARGES_TABLE, VIOLATIONS_TABLE):
        name, changed = table.name, _FROM[table.name]
        if _is_of_before(history, table):
            anew = f"{name}_exact"
            history.execute(f"DROP TABLE IF EXISTS {anew}")
            history.execute(replace(table, name=anew).ddl)
            values = ", ".join(changed.get(c.name, f"`{c.name}`") for c in table.columns)
            history.execute(f"INSERT INTO {anew} SELECT {values} FROM {name} FINAL")
            history.execute(f"EXCHANGE TABLES {name} AND {anew}")
            history.execute(f"DROP TABLE {anew}")
            logger("history").info("prices, powers and revisions are exact", table=name)


def _is_of_before(history: Tables, table: HistoryTable) -> bool:
    """Whether a table has a column that is no more, or keeps another row of a key than now."""
    (engine,) = history.answer(
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase()"
        " AND name = {table:String}",
        {"table": table.name},
    )["engine_full"].to_pylist()
    columns = history.answer(
        "SELECT name FROM system.columns WHERE database = currentDatabase()"
        " AND table = {table:String}",
        {"table": table.name},
    )["name"].to_pylist()
    gone = set(columns) - {column.name for column in table.columns}
    return bool(gone) or (table.version or "") not in engine
