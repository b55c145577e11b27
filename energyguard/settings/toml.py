"""TOML files that people write: settings and rules. What is wrong is told with file and line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from energyguard.errors import ConfigError

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
