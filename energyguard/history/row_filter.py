"""Rows of some devices alone: a question is then answered as if there were no others.

Who asks gives ``only``: for each column that says whose a row is, the ids that may be read. The
engine itself leaves the other rows out of every table that a text reads, before it counts or sums
anything, so no question has to think of it. A table that says of no row whose it is has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from energyguard.history.sources import as_text

ONLY: Final = "only"
"""The parameter, beside those of the question; see ``only_rows``."""


def only_rows(ids: Mapping[str, Iterable[str]]) -> str:
    """The value of the parameter ``only``.

    Args:
        ids: by column (``device``; a domain's own, such as ``charger``), the ids that are seen.
    """
    return json.dumps({column: sorted(of_column) for column, of_column in ids.items()})


def row_filter(sql: str, only: str, open_table: str = "") -> str:
    """The clause that limits a statement to some rows.

    Args:
        sql: the whole statement; the tables that it names are limited.
        only: of ``only_rows``.
        open_table: one that is read whole.
    """
    ids: Mapping[str, list[str]] = json.loads(only)
    words = set(re.findall(r"\w+", sql)) - {open_table}
    filters = {
        table: _condition(ids, columns) for table, columns in _owners().items() if table in words
    }
    pairs = ", ".join(f"{as_text(table)}: {as_text(text)}" for table, text in filters.items())
    return f"SETTINGS additional_table_filters = {{{pairs}}}"


def _condition(ids: Mapping[str, list[str]], columns: frozenset[str]) -> str:
    """Which rows of a table are seen: none of one that has no column of these."""
    for column, of_column in ids.items():
        if column in columns and of_column:
            return f"{column} IN ({', '.join(map(as_text, of_column))})"
    return "0"


@cache
def _owners() -> Mapping[str, frozenset[str]]:
    """The columns of each table."""
    from energyguard.history.tables import ALL

    return {table.name: frozenset(column.name for column in table.columns) for table in ALL}
