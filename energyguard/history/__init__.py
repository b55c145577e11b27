"""Questions about the past: all readings, alerts and stays, for ever, and sums of them.

Raw rows are never changed; roll-ups are replaced from deduplicated raw rows, never incremented.

    tables.py     raw tables (records/), roll-ups; who fills them is in sinks/
    queries/      one file per query, the same text for chDB and a ClickHouse server; domains
                  have folders of their own
    query.py      the queries by name: parameters, columns, routes, commands
    sources.py    how rows of a sort are read from roll-ups; raw rows at the edges
    planner.py    which roll-ups the range of a query is read from
    chdb.py       the engine in process: one process owns the folder; engine_watch.py: what it
                  runs, and the end of the process where it does not come back
    door.py       ClickHouse's HTTP on loopback in front of it; guard.py: read-only for others
    client.py     the same contract through that door, for page, CLI and API
    rollups.py    1 min to 1 day, of readings (reading_buckets.py; rollup/: how, in SQL), and what
                  domains bring; rollup_kind.py: what that has to be
    people.py     pseudonyms, and apart from the history the way back
    parts.py      what is on disk, noted; losses.py: what is lost
    past.py       readings that a log no longer has, in log order
    energy/       buckets of energy as the ledger counts it, and answers made of its entries
    corrections/  what people say of readings, and which of them count by that
    newest.py     where a range ends that nobody gave an end
    export.py     Parquet and CSV; alert_files.py: Parquet of alerts that follows the history
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

DATABASE: Final = "energyguard"
NO_SEQUENCE: Final = -(2**63)
"""In the column ``sequence`` of ``readings``: the sender gives none."""


class Questions(Protocol):
    """Who answers questions about the past: a history, or a service that has one."""

    def query(self, name: str, **parameters: object) -> pa.Table:
        """Answer the question ``queries/<name>.sql`` with its parameters.

        Raises:
            NotFound: there is no such question.
            Unavailable: the history is not there now.
        """
        ...


class History(Questions, Protocol):
    """Every reading, alert and stay, for ever."""

    def insert(self, table: str, rows: pa.Table) -> None:
        """Add rows; the same rows twice count once. On disk when it returns."""
        ...

    def close(self) -> None:
        """Let go of the folder or the connection."""
        ...


class Tables(Protocol):
    """The tables of a history themselves: for who makes roll-ups of them, or upgrades them."""

    def execute(self, sql: str, **parameters: object) -> None:
        """Run a statement that writes."""
        ...

    def answer(self, sql: str, parameters: Mapping[str, str]) -> pa.Table:
        """Run a query."""
        ...

    def insert(self, table: str, rows: pa.Table) -> None:
        """Add rows. On disk when it returns."""
        ...
