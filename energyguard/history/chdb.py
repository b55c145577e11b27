"""The engine of ClickHouse in process: one process owns the folder, many threads may ask.

One connection writes, a few others only read (``readonly``, set once, cannot be taken back by a
statement), so a question never waits for an insert. Rows go in as an Arrow file in memory.
"""

from __future__ import annotations

import os
import queue
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import chdb
import pyarrow as pa

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import (
    DiskFull,
    EnergyGuardError,
    Malformed,
    Overloaded,
    TimedOut,
    Unavailable,
)
from energyguard.history import DATABASE
from energyguard.history.engine_watch import TOO_LONG, WRITE_S, RunningStatements
from energyguard.history.query import query_named
from energyguard.history.row_filter import ONLY
from energyguard.history.tables import ALL
from energyguard.limits import QUESTION_S, QUESTION_WAITS_S
from energyguard.telemetry import METRICS

READERS = 4
OF_SOME = 2
OF_ROLLUPS = 2  # their questions never wait for those of people, nor does the end of the role
MERGES_NICE = 10

_FOR_ALL = (
    f"USE {DATABASE}",
    "SET output_format_arrow_string_as_string = 1",
    "SET output_format_arrow_compression_method = 'none'",
    "SET do_not_merge_across_partitions_select_final = 1",
)
_FOR_WRITER = (
    "SET max_partitions_per_insert_block = 0",
    "SET max_insert_threads = 1",
    "SET optimize_on_insert = 0",  # merges and FINAL find what is twice; looking here costs as much
    "SET max_threads = 1",  # the other core is for questions
)
_FOR_READERS = (
    f"SET max_execution_time = {QUESTION_S}",
    "SET max_memory_usage = 4000000000",
    "SET max_threads = 2",
    "SET readonly = 1",
)
_FOR_ROLLUPS = (
    *_FOR_READERS[:-1],
    "SET max_threads = 1",  # beside inserts two of them may wait for each other for ever
    "SET readonly = 1",
)
_FOR_SOME = (
    *_FOR_READERS[:-1],
    "SET max_query_size = 67108864",  # it names every device that may be read
    "SET readonly = 2",  # a filter of rows is a setting; texts here are files of ours alone
)
_CANCEL = "KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC"
_CANCEL_S = 0.1  # a question that had not begun is cancelled the next time
_COLUMNS = "SELECT table, name FROM system.columns WHERE database = currentDatabase()"
_MADE = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
_FIXED_SETTINGS = "index_granularity"  # of a table that is there it cannot be another one
_FAULTS: tuple[tuple[str, type[EnergyGuardError]], ...] = (
    (r"NOT_ENOUGH_SPACE|No space left|errno: 28", DiskFull),
    (r"SYNTAX_ERROR|UNKNOWN_|BAD_|ILLEGAL_|READONLY|CANNOT_PARSE|NO_COMMON_TYPE", Malformed),
)


class ChdbHistory:
    """The history in a folder of this process."""

    def __init__(self, folder: Path, clock: Clock = SYSTEM) -> None:
        """Open the folder; make it where there is none.

        Raises:
            Unavailable: another process has it open; the message names that process.
        """
        self.folder = folder.absolute()
        self.statements = RunningStatements()
        self._clock = clock
        self._write, self._roll = threading.Lock(), threading.Lock()
        self._closing = threading.Event()
        self._readers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._of_some: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._of_rollups: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = chdb.connect(str(self.folder))
        except RuntimeError as error:
            raise Unavailable(f"history: {self.folder} {_owner(self.folder, error)}") from error
        self._writer.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        self._set(self._writer, _FOR_ALL + _FOR_WRITER)
        self._set(self._writer, tuple(table.ddl for table in ALL))
        self._add_columns()
        self._change_settings()
        self._roller = chdb.connect(str(self.folder))  # roll-ups go on beside inserts
        self._set(self._roller, _FOR_ALL + _FOR_WRITER)
        self._all = [self._writer, self._roller]
        self._open_readers(self._readers, READERS, _FOR_READERS)
        self._open_readers(self._of_some, OF_SOME, _FOR_SOME)
        self._open_readers(self._of_rollups, OF_ROLLUPS, _FOR_ROLLUPS)
        _questions_first()

    def _open_readers(
        self, into: queue.SimpleQueue[Any], n: int, settings: tuple[str, ...]
    ) -> None:
        for _ in range(n):
            reader = chdb.connect(str(self.folder))
            self._set(reader, _FOR_ALL + settings)
            self._all.append(reader)
            into.put(reader)

    @staticmethod
    def _set(connection: Any, texts: tuple[str, ...]) -> None:
        for text in texts:
            connection.query(text)

    def _add_columns(self) -> None:
        """Give tables of an older version the columns that they have now; rows have none of it."""
        there: dict[str, set[str]] = {}
        for line in self._run(self._writer, _COLUMNS, "TSV").decode().splitlines():
            name, column_name = line.split("\t")
            there.setdefault(name, set()).add(column_name)
        for table in ALL:
            for column in table.columns:
                if column.name not in there[table.name]:
                    new = f"ADD COLUMN IF NOT EXISTS {column.name} {column.kind}"
                    self._run(self._writer, f"ALTER TABLE {table.name} {new}")

    def _change_settings(self) -> None:
        """Give tables of an older version the settings that they have now."""
        made = self._run(self._writer, _MADE, "TSV").decode().splitlines()
        there = dict(line.split("\t") for line in made)
        for table in ALL:
            changed = [
                setting
                for setting in table.settings
                if setting not in there[table.name] and not setting.startswith(_FIXED_SETTINGS)
            ]
            if table.order_by and changed:
                self._run(
                    self._writer, f"ALTER TABLE {table.name} MODIFY SETTING {', '.join(changed)}"
                )

    def insert(self, table: str, rows: pa.Table) -> None:
        """Add rows with the columns of their table; on disk when it returns."""
        if not rows.num_rows:
            return
        columns = ", ".join(rows.column_names)
        with self._write, _in_memory(rows) as path:
            self._run(
                self._writer,
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM file('{path}', 'Arrow')",
            )

    def query(self, name: str, **parameters: object) -> pa.Table:
        """Answer ``queries/<name>.sql``."""
        question = query_named(name)
        return question.answered(
            _rows(self.ask_named(name, parameters)), question.bind(parameters)[1]
        )

    def ask_named(self, name: str, parameters: Mapping[str, object]) -> bytes:
        """Answer ``queries/<name>.sql`` as an Arrow file; with ``only``, of some devices alone."""
        sql, bound = query_named(name).bind(parameters)
        readers = self._of_some if ONLY in parameters else self._readers
        started = self._clock.monotonic()
        answer = self._ask(readers, sql, "Arrow", bound)
        METRICS["history_query_seconds"].labels(query=name).observe(
            self._clock.monotonic() - started
        )
        return answer

    def answer(self, sql: str, parameters: Mapping[str, str]) -> pa.Table:
        """Run a statement that only reads, for the roll-ups, and give its rows."""
        return _rows(self._ask(self._of_rollups, sql, "Arrow", parameters))

    def ask(self, sql: str, shape: str, parameters: Mapping[str, str]) -> bytes:
        """Run a statement that only reads, and give its answer in a format of ClickHouse."""
        return self._ask(self._readers, sql, shape, parameters)

    def _ask(
        self, readers: queue.SimpleQueue[Any], sql: str, shape: str, parameters: Mapping[str, str]
    ) -> bytes:
        try:
            reader = readers.get(timeout=QUESTION_WAITS_S)
        except queue.Empty as error:
            raise Overloaded("history: as many long questions as can be are answered") from error
        try:
            if self._closing.is_set():
                raise Unavailable("history: it is being closed")
            return self._run(reader, sql, shape, parameters, QUESTION_S)
        finally:
            readers.put(reader)

    def run(self, sql: str, shape: str = "Null") -> bytes:
        """Run a statement of the housekeeping, and give its answer in a format of ClickHouse."""
        with self._write:
            return self._run(self._writer, sql, shape)

    def execute(self, sql: str, **parameters: object) -> None:
        """Run a statement that writes, for the roll-ups; inserts go on meanwhile."""
        with self._roll:
            self._run(self._roller, sql, "Null", {k: str(v) for k, v in parameters.items()})

    def _run(
        self,
        connection: Any,
        sql: str,
        shape: str = "Null",
        parameters: Mapping[str, str] = {},
        limit_s: float = WRITE_S,
    ) -> bytes:
        try:
            with self.statements.running(sql, limit_s):
                answer = connection.query(sql, shape, params=dict(parameters))
        except RuntimeError as error:
            raise _named(str(error)) from error
        return bytes(answer.bytes()) if answer is not None else b""

    def close(self) -> None:
        """End questions under way, close every connection; the folder is free then."""
        if self._closing.is_set():
            return
        self._closing.set()
        with self._write, self._roll:
            self._take_back(self._readers, READERS)
            self._take_back(self._of_some, OF_SOME)
            self._take_back(self._of_rollups, OF_ROLLUPS)
            for connection in reversed(self._all):
                connection.close()
            self._all.clear()

    def _take_back(self, readers: queue.SimpleQueue[Any], n: int) -> None:
        """Take all that read from whoever asks; the engine closes none that is in use."""
        while n:
            try:
                readers.get(timeout=_CANCEL_S)
                n -= 1
            except queue.Empty:
                self._run(self._writer, _CANCEL)
        readers.put(None)  # whoever still waits for one learns that there is none


def _questions_first() -> None:
    """Let merges wait for questions; the engine runs one of their threads before all others."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            if (task / "comm").read_text() == "MergeMutate\n":
                os.setpriority(os.PRIO_PROCESS, int(task.name), MERGES_NICE)


@contextmanager
def _in_memory(rows: pa.Table) -> Iterator[str]:
    """An Arrow file that never touches a disk; gives its path."""
    number = os.memfd_create("rows")
    with os.fdopen(number, "wb") as file:
        with pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows.combine_chunks())
        file.flush()
        yield f"/proc/self/fd/{number}"


def _rows(answer: bytes) -> pa.Table:
    """The rows of an Arrow file."""
    return pa.ipc.open_file(pa.py_buffer(answer)).read_all()


def _owner(folder: Path, error: RuntimeError) -> str:
    status = folder / "status"
    pid = re.search(r"PID: (\d+)", status.read_text()) if status.exists() else None
    if pid and Path("/proc", pid[1]).exists():
        return f"is open in process {pid[1]}: one process owns the history"
    return f"cannot be opened: {error}"


def _named(text: str) -> EnergyGuardError:
    short = text.strip().split("\n")[0][:2000]
    if "TIMEOUT_EXCEEDED" in text:
        return TimedOut(TOO_LONG)
    for pattern, kind in _FAULTS:
        if re.search(pattern, text):
            return kind(short)
    return Unavailable(short)
