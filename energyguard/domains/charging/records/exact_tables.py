"""Tables of before prices and powers were exact and records had revisions: copied once.

A table that lacks a column of now is written anew beside itself, and the two change places in one
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
from energyguard.telemetry import logger

_WRITTEN = "if(startsWith(source, 'charger-station-signals'), 1, 0)"  # imports have no revisions
_FROM: Final[Mapping[str, Mapping[str, str]]] = {
    "signals": {
        "value": "multiIf(kind IN ('connect', 'disconnect'), amount * 100000,"
        " kind = 'start', amount * 1000000000, amount)"
    },
    "stays": {
        "price": "price * 100000", "power": "power_kw * 1000000000", "revision": _WRITTEN,
        "withdrawn": "0",
    },
    "charges": {"revision": _WRITTEN, "withdrawn": "0", "to_whole": "0", "to_thousandth": "0"},
    "violations": {"revision": _WRITTEN, "withdrawn": "0"},
}  # fmt: skip
"""Of each table the columns that are not what they were."""


def make_exact(history: Tables) -> None:
    """Copy what is of before; what is as it should be stays."""
    for table in (SIGNALS_TABLE, STAYS_TABLE, CHARGES_TABLE, VIOLATIONS_TABLE):
        name, changed = table.name, _FROM[table.name]
        columns = history.answer(
            "SELECT name FROM system.columns WHERE database = currentDatabase()"
            " AND table = {table:String}",
            {"table": name},
        )["name"].to_pylist()
        if columns and {column.name for column in table.columns} - set(columns):
            anew = f"{name}_exact"
            history.execute(f"DROP TABLE IF EXISTS {anew}")
            history.execute(replace(table, name=anew).ddl)
            values = ", ".join(changed.get(c.name, f"`{c.name}`") for c in table.columns)
            history.execute(f"INSERT INTO {anew} SELECT {values} FROM {name} FINAL")
            history.execute(f"EXCHANGE TABLES {name} AND {anew}")
            history.execute(f"DROP TABLE {anew}")
            logger("history").info("prices, powers and revisions are exact", table=name)
