"""Rule files in TOML: every fault at once, each with its file, line and reason.

[[rule]]
id = "night"                      # unique, letters, digits, dashes
channels = ["energy_kwh"]
window = "15 minutes"
slide = "15 seconds"
raise_above = "2.0"               # kWh, or the unit of a level; strictly more than this raises
clear_at = "1.8"                  # optional; at or below this resolves (default: raise_above)
dwell = "2 minutes"               # optional; how long it must stay above before it fires
severity = "warning"              # info, warning, critical
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from energyguard.errors import ConfigError
from energyguard.model.alerts import Severity
from energyguard.model.duration import parse_duration
from energyguard.model.fixed import to_nano
from energyguard.rules.rule import Rule
from energyguard.settings.toml import read_toml

NEEDED = ("id", "channels", "window", "slide", "raise_above")
OPTIONAL = ("clear_at", "dwell", "severity", "mode", "about", "aggregate", "key")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def read_rules(path: Path) -> list[Rule]:
    """Read a rule file.

    Raises:
        ConfigError: with every fault of the file as ``file:line: reason``.
    """
    text, table = read_toml(path)
    tables = table.get("rule")
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise ConfigError(f"{path}:1: no [[rule]] in this file")
    starts = [i for i, row in enumerate(text.splitlines(), 1) if row.strip() == "[[rule]]"]
    starts += [1] * (len(tables) - len(starts))
    rules, faults, seen = [], [], set()
    for start, table in zip(starts, tables, strict=False):
        found, rule = _rule(table)
        if rule is not None:
            found += [("", sentence) for sentence in rule.faults()]
            if rule.id in seen:
                found.append(("id", f"rule {rule.id!r} stands twice in this file"))
            seen.add(rule.id)
            rules.append(rule)
        faults += [f"{path}:{_line(text, start, key)}: {why}" for key, why in found]
    if faults:
        raise ConfigError(*faults)
    return rules


def _line(text: str, start: int, key: str) -> int:
    """The line of a key in the table that starts at a line."""
    rows = text.splitlines()
    for number in range(start, len(rows)):
        row = rows[number].strip()
        if row == "[[rule]]":
            break
        if key and re.match(rf"{re.escape(key)}\s*=", row):
            return number + 1
    return start


def _rule(table: Mapping[str, Any]) -> tuple[list[tuple[str, str]], Rule | None]:
    """A rule of a TOML table, and the faults as (key, reason)."""
    faults = [(k, f"no setting {k!r} in a rule") for k in table if k not in NEEDED + OPTIONAL]
    faults += [(k, f"{k} is missing") for k in NEEDED if k not in table]

    def take(key: str, read: Any, default: Any = None) -> Any:
        if key not in table:
            return default
        try:
            return read(table[key])
        except (ValueError, TypeError, AttributeError) as error:
            faults.append((key, f"{key}: {error}"))
            return default

    level = take("raise_above", _level)
    fields = {
        "id": take("id", _id),
        "channels": take("channels", _names),
        "window_ms": take("window", parse_duration),
        "slide_ms": take("slide", parse_duration),
        "raise_above": level,
        "clear_at": take("clear_at", _level, level),
        "dwell_ms": take("dwell", parse_duration, 0),
        "severity": take("severity", Severity, Severity.WARNING),
        "mode": take("mode", str, ""),
        "threshold": str(table.get("raise_above", "")),
        "about": take("about", str, ""),
    }
    take("aggregate", _only("energy"))
    take("key", _only("device"))
    return faults, None if faults else Rule(**fields)


def _level(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"not a number: {value!r}")
    return to_nano(value)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is not small letters, digits and dashes")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("a list of channel names is wanted")
    return tuple(value)


def _only(one: str) -> Any:
    def read(value: Any) -> str:
        if value != one:
            raise ValueError(f"only {one!r} is known, not {value!r}")
        return one

    return read
