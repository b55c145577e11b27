"""Answers for people (tables, on a terminal with colour) and for programs (JSON)."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from threading import Event
from typing import Any, Literal

PIPE_WIDTH = 160
"""The width of a table that goes into a pipe or a file."""


class Printer:
    """Writes to stdout, either as JSON or for people."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def rows(self, rows: Iterable[Mapping[str, Any]], empty: str = "nothing") -> None:
        """Rows with the same keys: JSON lines, or a table; ``empty`` says that there is none."""
        if self.as_json:
            for row in rows:
                print(json.dumps(row, default=_plain, ensure_ascii=False))
            return
        listed = list(rows)
        if not listed:
            print(empty, file=sys.stderr)
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", pad_edge=False)
        for name, value in listed[0].items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            side: Literal["left", "right"] = "right" if number else "left"
            table.add_column(name.replace("_", " "), justify=side, overflow="fold")
        for row in listed:
            table.add_row(*(Text(spell(value)) for value in row.values()))
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        Console(width=width, soft_wrap=False).print(table)

    def record(self, record: Mapping[str, Any]) -> None:
        """One thing: a JSON object, or a line per field."""
        if self.as_json:
            print(json.dumps(record, default=_plain, ensure_ascii=False))
            return
        width = max((len(name) for name in record), default=0)
        for name, value in record.items():
            print(f"{name.replace('_', ' '):<{width}}  {spell(value)}")

    def done(self, sentence: str, /, **facts: Any) -> None:
        """Say what was done."""
        if self.as_json:
            self.record(facts)
        else:
            print(sentence)


def counted(n: int, one: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def spell(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple | list):
        return ", ".join(map(spell, value)) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {spell(v)}" for k, v in value.items()) or "-"
    return str(value)


def spell_minutes(minutes: float | None) -> str:
    """``2 h 15 min``; None: there is none."""
    if minutes is None:
        return "-"
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


def at(ms: int | None) -> datetime | None:
    """Milliseconds since 1970 as a time in UTC."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def plain(record: Any) -> dict[str, Any]:
    """A frozen dataclass as a row; fields that end in ``_ms`` become times."""
    row = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    return {
        name.removesuffix("_ms") if name.endswith("_ms") else name: at(value)
        if name.endswith("_ms")
        else value
        for name, value in row.items()
    }


def _instant(value: datetime) -> str:
    text = value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text.replace(".000Z", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"cannot be JSON: {type(value).__name__}")


def rows_of(table: Any, columns: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows of an Arrow table."""
    chosen = table.select(list(columns)) if columns else table
    for batch in chosen.to_batches():
        yield from batch.to_pylist()


@contextmanager
def progress(what: str, unit: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr; it yields ``report(done, total)``. Silent without a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def until_signal() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set, so that what is under way comes to its end."""
    stop = Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
