"""Rule files in TOML: every fault at once, each with its file, line and reason.

[[rule]]
kind = "threshold"                # optional; the kinds and their fields: ``docs/rules.md``
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

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from energyguard.errors import ConfigError
from energyguard.rules.kinds import DEFAULT, KINDS
from energyguard.rules.rule import Rule
from energyguard.settings.toml import parse_toml, read_toml

FIXED = {"aggregate": "energy", "key": "device"}
"""Settings that older files have, and the one value of each."""


def read_rules(path: Path) -> list[Rule]:
    """Read a rule file.

    Raises:
        ConfigError: with every fault of the file as ``file:line: reason``.
    """
    return _rules_of(*read_toml(path), str(path))


def parse_rules(text: str, name: str = "rules") -> list[Rule]:
    """The rules of a text, as of a file.

    Raises:
        ConfigError: with every fault as ``name:line: reason``.
    """
    return _rules_of(text, parse_toml(text, name), name)


def _rules_of(text: str, table: Mapping[str, Any], path: str) -> list[Rule]:
    tables = table.get("rule")
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise ConfigError(f"{path}:1: no [[rule]] in this file")
    starts = [i for i, row in enumerate(text.splitlines(), 1) if row.strip() == "[[rule]]"]
    starts += [1] * (len(tables) - len(starts))
    rules, faults, seen = [], [], set()
    for start, table in zip(starts, tables, strict=False):
        found, rule = read_rule(table)
        if rule is not None:
            found += [("", sentence) for sentence in rule.validate()]
            if rule.id in seen:
                found.append(("id", f"rule {rule.id!r} stands twice in this file"))
            seen.add(rule.id)
            rules.append(rule)
        faults += [f"{path}:{_line(text, start, key)}: {why}" for key, why in found]
    if faults:
        raise ConfigError(*faults)
    return rules


Written = Mapping[str, str | Sequence[str] | Mapping[str, Mapping[str, str]]]
"""A table of a rule file: texts, lists of them, and what differs by device."""


def table_of(rule: Rule) -> Written:
    """A rule as a table of a rule file; what is as its kind has it is left out."""
    table: dict[str, str | Sequence[str] | Mapping[str, Mapping[str, str]]] = {"kind": rule.kind}
    for name, field in rule.fields().items():
        value = getattr(rule, field.attribute)
        if field.needed or value != field.default:
            table[name] = value if isinstance(value, tuple | dict) else field.write(value)
    return table


def written_table(table: Written) -> str:
    """A table as it stands in a rule file."""
    lines, below = ["[[rule]]"], []
    for name, value in table.items():
        if not isinstance(value, Mapping):
            lines.append(f"{name} = {_quoted(value)}")
            continue
        for device, texts in value.items():
            below.append(f"[rule.{name}.{_quoted(device)}]")
            below += [f"{field} = {_quoted(text)}" for field, text in texts.items()]
    return "\n".join([*lines, *below, ""])


def _quoted(value: str | Sequence[str]) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


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


def read_rule(table: Mapping[str, Any]) -> tuple[list[tuple[str, str]], Rule | None]:
    """A rule of a table as people write it, and the faults as (field, reason).

    A rule without a fault in any field may still make no sense: ``Rule.validate`` says.
    """
    given = dict(table)
    kind = KINDS.get(name) if isinstance(name := given.pop("kind", DEFAULT), str) else None
    if kind is None:
        return [("kind", f"kind: no {name!r}; there are: {', '.join(KINDS)}")], None
    known = kind.fields()
    faults = [
        (name, f"no setting {name!r} in a rule")
        for name in given
        if name not in known and name not in FIXED
    ]
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in given:
            try:
                values[field.attribute] = field.read(given[name])
            except (ValueError, TypeError, AttributeError) as error:
                faults.append((name, f"{name}: {error}"))
    faults += [(name, f"{name} is missing") for name in kind.complete(given, values)]
    faults += [
        (name, f"{name}: only {wanted!r} is known, not {given[name]!r}")
        for name, wanted in FIXED.items()
        if given.get(name, wanted) != wanted
    ]
    return faults, None if faults else kind(**values)
