"""TOML files that people write: settings and rules. What is wrong is told with file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from energyguard.errors import ConfigError

Row = TypeVar("Row")

MAX_LINE = 4_096
"""A key of ten thousand dots would keep the parser for minutes."""


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """A file's text, and what it says.

    Raises:
        ConfigError: ``file:line: reason``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return text, parse_toml(text, str(path))


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """What a text says.

    Raises:
        ConfigError: ``name:line: reason``.
    """
    try:
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > MAX_LINE:
                wrong = f"the line is longer than {MAX_LINE:,} characters"
                raise ConfigError(f"{name}:{number}: {wrong}")
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{name}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        raise ConfigError(f"{name}:{place[1] if place else 1}: not TOML: {error}") from error


@dataclass(frozen=True, slots=True)
class TomlTable:
    """One of several tables of a name, ``[[name]]``.

    Attributes:
        path: the file that it stands in.
        line: of its head.
        given: what it says.
        rows: its lines.
    """

    path: Path
    line: int
    given: Mapping[str, object]
    rows: tuple[str, ...] = ()

    def fault(self, reason: str, field: str = "") -> str:
        """What is wrong with it, ``file:line: reason``: the line of a field where it has one."""
        row = re.compile(rf"\s*{re.escape(field)}\s*=")
        below = next((n for n, text in enumerate(self.rows) if field and row.match(text)), 0)
        return f"{self.path}:{self.line + below}: {reason}"

    def read_as(self, kind: type[Row]) -> Row:
        """What it says, as a struct.

        Raises:
            ConfigError: ``file:line: reason``, of the field at fault.
        """
        try:
            return msgspec.convert(self.given, kind)
        except msgspec.ValidationError as error:
            field = re.search(r"at `\$\.(\w+)|unknown field `(\w+)`", str(error))
            named = (field[1] or field[2]) if field else ""
            raise ConfigError(self.fault(str(error), named)) from None


def tables_in(path: Path, name: str) -> list[TomlTable]:
    """The tables of a file that has nothing else than tables of one name, one at least.

    Raises:
        ConfigError: ``file:line: reason``.
    """
    text, table = read_toml(path)
    tables = table.pop(name, None)
    if table or not isinstance(tables, list):
        odd = f"no {next(iter(table))!r} is known here" if table else f"no [[{name}]] in this file"
        raise ConfigError(f"{path}:1: {odd}")
    return list(_placed(path, name, text.splitlines(), tables))


def _placed(
    path: Path, name: str, rows: list[str], tables: list[dict[str, object]]
) -> Iterator[TomlTable]:
    heads = [number for number, row in enumerate(rows) if row.strip() == f"[[{name}]]"]
    if len(heads) != len(tables):  # they are written in another way: no line is known
        heads = [0] * len(tables)
    for head, end, given in zip(heads, [*heads[1:], len(rows)], tables, strict=True):
        yield TomlTable(path, head + 1, given, tuple(rows[head:end]))
