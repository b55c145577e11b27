"""JSON of any shape as a delimited table: its longest list of rows, with what is said around it.

[{…}, {…}]                          rows
{"unit": "kWh", "values": [{…}]}    rows, and a line above them
{"labels": [...], "data": [[…]]}    rows with their names apart
{"devices": [{"id": …, "values": [{…}]}]}   rows, each with what its parent says
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from energyguard.codecs.headers import layout_of_object
from energyguard.errors import Malformed

_MAX_DEPTH: Final = 8
_FIRST_ROW_ONLY: Final = {"entity_id", "unit_of_measurement"}
"""What Home Assistant says of the first row of a list alone."""
Row = dict[str, str]
IsRow = Callable[[Sequence[str]], bool]


def is_json(text: bytes) -> bool:
    """Whether a text begins as JSON."""
    return text.lstrip()[:1] in (b"{", b"[")


def is_known_json(head: bytes) -> bool:
    """Whether the border takes a text of JSON: it knows all fields of the first object."""
    start = head.find(b"{")
    if start < 0:
        return True
    try:
        first, _ = json.JSONDecoder().raw_decode(head[start:].decode(errors="replace"))
    except ValueError:
        return False
    return set(first) <= set(layout_of_object(set(first)).columns)


def json_as_csv(data: bytes, name: str, is_row: IsRow | None = None) -> bytes:
    """The rows as CSV: lines above the header for what is said once, then header and rows.

    Numbers stand there as they do in the JSON.

    Args:
        data: the text.
        name: the file's.
        is_row: whether an object with these fields is a row, whatever lists it has; its fields
            are named by their paths, with points. None: rows are objects without lists.

    Raises:
        Malformed: it is no JSON, or has no list of rows.
    """
    value = _parsed(data, name)
    rows = list(_known_rows(value, is_row, _MAX_DEPTH)) if is_row is not None else []
    rows = rows or list(_rows(value, {}, _MAX_DEPTH))
    if not rows and isinstance(value, dict):
        rows, value = [_flat(value)], []
    if not any(rows):
        raise Malformed(f"{name}: the JSON has no list of objects, so no readings", "file")
    header = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if isinstance(value, dict):
        writer.writerows([f"{key}: {text}"] for key, text in _scalars(value).items() if text)
    writer.writerow(header)
    writer.writerows([row.get(key, "") for key in header] for row in rows)
    return out.getvalue().encode()


def _parsed(data: bytes, name: str) -> object:
    """A document, or the list of lines that are one each."""
    try:
        return _loaded(data.decode())
    except (ValueError, RecursionError) as error:
        lines = [line for line in data.decode().split("\n") if line.strip()]
        if len(lines) < 2:
            raise Malformed(f"{name}: the JSON cannot be read: {error}", "file") from error
    found: list[object] = []
    for line in lines:
        try:
            found.append(_loaded(line))
        except (ValueError, RecursionError) as error:
            raise Malformed(f"{name}: a line of JSON cannot be read: {error}", "file") from error
    return found


def _loaded(text: str) -> object:
    loaded: object = json.loads(text, parse_float=str, parse_int=str)
    return loaded


def _rows(value: object, around: Row, depth: int) -> Iterator[Row]:
    """The rows in a value: the objects in lists that have no lists of their own."""
    if depth == 0:
        return
    if isinstance(value, dict):
        labels, data = value.get("labels"), value.get("data")
        if isinstance(labels, list) and isinstance(data, list):
            yield from _labelled(labels, data, around)
            return
        inside = {key: part for key, part in value.items() if _has_rows(part)}
        if not inside:
            return
        around = around | (_scalars(value) if depth < _MAX_DEPTH else {})
        for part in inside.values():
            yield from _rows(part, around, depth - 1)
    elif isinstance(value, list):
        last: Row = {}
        for part in value:
            if isinstance(part, dict) and not any(_has_rows(each) for each in part.values()):
                row = _flat(part)
                last = {key: last[key] for key in _FIRST_ROW_ONLY & last.keys()} | row
                yield around | last
            else:
                yield from _rows(part, around, depth - 1)


def _known_rows(value: object, is_row: IsRow, depth: int) -> Iterator[Row]:
    """The rows in a value: the outermost objects that are known as rows by their fields."""
    if depth == 0:
        return
    if isinstance(value, dict):
        row = dict(_paths(value, ""))
        if is_row(list(row)):
            yield row
            return
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _known_rows(part, is_row, depth - 1)


def _paths(value: Mapping[str, object], above: str) -> Iterator[tuple[str, str]]:
    """The fields of an object and of those in it; lists are left out."""
    for key, part in value.items():
        if isinstance(part, dict):
            yield from _paths(part, f"{above}{key}.")
        elif not isinstance(part, list):
            yield f"{above}{key}", _text(part)


def _labelled(labels: list[object], data: list[object], around: Row) -> Iterator[Row]:
    names = [str(label) for label in labels]
    for cells in data:
        if isinstance(cells, list):
            yield around | dict(zip(names, map(_text, cells), strict=False))


def _has_rows(value: object) -> bool:
    """Whether a value has lists of objects, or is one."""
    if isinstance(value, dict):
        return any(_has_rows(part) for part in value.values())
    return isinstance(value, list) and any(isinstance(part, dict | list) for part in value)


def _scalars(value: Mapping[str, object]) -> Row:
    return {key: _text(part) for key, part in value.items() if not isinstance(part, dict | list)}


def _flat(value: Mapping[str, object]) -> Row:
    """An object's fields; those of objects in it by their own names."""
    row: Row = {}
    for key, part in value.items():
        if isinstance(part, dict):
            row |= {inner: text for inner, text in _flat(part).items() if inner not in row}
        elif not isinstance(part, list):
            row[key] = _text(part)
    return row


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
