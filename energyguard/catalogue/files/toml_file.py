"""The catalogue as TOML: a table an entry: tariffs, then sites, then groups, then devices.

[site.lindenhof]
name = "Lindenhof 12"
zone = "Europe/Berlin"

[device.H001]
name = "Oven"
site = "lindenhof"
labels = { floor = "2" }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from energyguard.catalogue.files.cells import RETIRED, FileRow, to_file
from energyguard.model.catalogue import DEVICE, ENTRIES, GROUP, SITE, Entry, key_of, parts_of
from energyguard.model.tariffs import TARIFF

ORDER = (TARIFF, SITE, GROUP, DEVICE)
"""What others refer to comes before them."""
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_HEADER = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*({'|'.join(ENTRIES)})[ \t]*\.[ \t]*({_KEY})[ \t]*[].]")
_FIELD = re.compile(rf"[ \t]*({_KEY})[ \t]*[.=]")
_AT = re.compile(r" ?\(at line (\d+), column \d+\)")


def write_toml(entries: Mapping[str, Entry]) -> str:
    """Entries by key, in the order of their ids; the same ones give the same text."""
    parts = [(*parts_of(key), entry) for key, entry in entries.items()]
    parts.sort(key=lambda part: (ORDER.index(part[0]), part[1]))
    return "\n".join(_table(kind, name, entry) for kind, name, entry in parts)


def read_toml(text: str, faults: list[tuple[int, str]]) -> Iterator[FileRow]:
    """The entries of a file.

    Args:
        text: of the file.
        faults: gets what cannot be read, with its line.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        lines = text.count("\n") + 1
        faults.append((int(found[1]) if found else lines, _AT.sub("", str(error))))
        return
    places = _lines(text)
    for kind, entries in tables.items():
        if kind not in ENTRIES or not isinstance(entries, dict):
            known = ", ".join(f"[{kind}.ID]" for kind in ORDER)
            line = next((n for n, row in enumerate(text.splitlines(), 1) if kind in row), 1)
            faults.append((line, f"{kind!r} is nothing that a catalogue has; write {known}"))
            continue
        for name, fields in entries.items():
            key = key_of(kind, name)
            line, lines_of_fields = places.get(key, (1, {}))
            if isinstance(fields, dict):
                yield FileRow(key, line, fields, lines_of_fields)
            else:
                faults.append((line, f"{key}: write [{kind}.{_quoted(name)}], and fields below"))


def _lines(text: str) -> dict[str, tuple[int, dict[str, int]]]:
    """Where each entry begins, and each of its fields."""
    found: dict[str, tuple[int, dict[str, int]]] = {}
    fields: dict[str, int] = {}
    for number, row in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(row):
            key = key_of(header[1], _unquoted(header[2]))
            _, fields = found.setdefault(key, (number, {}))
        elif field := _FIELD.match(row):
            fields.setdefault(_unquoted(field[1]), number)
    return found


def _unquoted(key: str) -> str:
    try:
        return next(iter(tomllib.loads(f"{key} = 0")))
    except tomllib.TOMLDecodeError:
        return key


def _table(kind: str, name: str, entry: Entry) -> str:
    fields = to_file(msgspec.to_builtins(entry))
    rows = [f"[{kind}.{_quoted(name)}]\n"]
    for field, value in fields.items():
        text = value if field == RETIRED else _value(value)
        rows.append(f"{field} = {text}\n")
    return "".join(rows)


def _value(value: Any) -> str:
    """A value as TOML writes it; a string of JSON is one of TOML."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_quoted(name)} = {_value(found)}" for name, found in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _string(value)
    return msgspec.json.encode(value).decode()


def _quoted(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
