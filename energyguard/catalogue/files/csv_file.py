"""Devices as CSV: a row each, with a column for every label and every field of a channel.

    id,name,site,groups,kind,rating_kw,label.floor,channel.power_kw.scale
    H001,Oven,lindenhof,tenants;kitchens,meter,,2,0.001

An empty cell takes the field out; a column that is not there leaves it as it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from energyguard.catalogue.files.cells import RETIRED, TERMS, FileRow, to_file
from energyguard.model.catalogue import DEVICE, ChannelFacts, Device, key_of

LABEL, CHANNEL = "label.", "channel."
LISTS: Final = ("groups", TERMS, "holidays")
COLUMNS: Final = (
    *("id", "name", "site", "groups", "kind", "rating_kw", TERMS, RETIRED, "replaced_by"),
)
FIRST: Final = COLUMNS[:5]
"""Columns that every file has."""
MAX_SHOWN: Final = 60
"""Of a name that nobody knows, so many characters."""
_NUMBERS: Mapping[str, Callable[[str], object]] = {
    "rating_kw": float,
    "max_power_kw": float,
    "max_export_kw": float,
    "digits": int,
    "latitude": float,
    "longitude": float,
}


def write_csv(devices: Mapping[str, Device]) -> str:
    """Devices in the order of their ids; the same ones give the same text."""
    rows = {name: _cells(name, device) for name, device in sorted(devices.items())}
    used = {column for row in rows.values() for column in row}
    channels = [f"{CHANNEL}{name}" for name in _of_channels(used)]
    labels = sorted(column for column in used if column.startswith(LABEL))
    own = [column for column in COLUMNS if column in FIRST or column in used]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*own, *labels, *channels], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    return text.getvalue()


def read_csv(text: str, faults: list[tuple[int, str]]) -> Iterator[FileRow]:
    """The devices of a file.

    Args:
        text: of the file.
        faults: gets what cannot be read, with its line.
    """
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            faults.append((reader.line_num, str(error)))
            return
        if cells is None:
            break
        if columns is None:
            columns = [_IN_TOML.sub(r"\1.", cell.strip()) for cell in cells]
            wrong = list(_wrong_columns(columns))
            faults += [(line, reason) for reason in wrong]
            if wrong:
                return
        elif any(cells):
            yield from _row(columns, cells, line, faults)
        line = reader.line_num + 1
    if columns is None:
        faults.append((1, "there is no header"))


def _wrong_columns(columns: Sequence[str]) -> Iterator[str]:
    if "id" not in columns:
        yield f"no column id; there are {', '.join(columns)}"
    for column in dict.fromkeys(columns):
        if columns.count(column) > 1:
            yield f"the column {column!r} stands there twice"
        is_label = column.startswith(LABEL) and column != LABEL
        channel, _, field = column.removeprefix(CHANNEL).partition(".")
        is_channel = column.startswith(CHANNEL) and channel and field in _FIELDS
        if not (column in COLUMNS or is_label or is_channel):
            there = ", ".join((*COLUMNS, f"{LABEL}NAME", f"{CHANNEL}NAME.FIELD"))
            fields = f" (FIELD: {', '.join(_FIELDS)})" if column.startswith(CHANNEL) else ""
            yield f"there is no column {column[:MAX_SHOWN]!r}; there are {there}{fields}"


_FIELDS = ChannelFacts.__struct_fields__
_IN_TOML = re.compile(r"^(label|channel)s\.")


def _row(
    columns: Sequence[str], cells: Sequence[str], line: int, faults: list[tuple[int, str]]
) -> Iterator[FileRow]:
    if len(cells) != len(columns):
        faults.append((line, f"{len(cells)} cells, and {len(columns)} columns"))
        return
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    name = row.pop("id")
    if not name:
        faults.append((line, "id: is empty"))
        return
    try:
        yield FileRow(key_of(DEVICE, name), line, fields_of(row))
    except ValueError as error:
        faults.append((line, str(error)))


def fields_of(row: Mapping[str, str]) -> dict[str, Any]:
    """Cells by their columns as fields of an entry; an empty one takes its field out.

    A label and a channel may also be called as they are in TOML and in answers:
    ``labels.floor``, ``channels.power_kw.scale``.

    Raises:
        ValueError: one is no number, or a channel without its field.
    """
    found: dict[str, Any] = {}
    for name, cell in row.items():
        column = _IN_TOML.sub(r"\1.", name)
        if column.startswith(LABEL):
            found.setdefault("labels", {})[column.removeprefix(LABEL)] = cell or None
        elif column.startswith(CHANNEL):
            channel, _, field = column.removeprefix(CHANNEL).partition(".")
            if not field:
                raise ValueError(f"{name}: write {CHANNEL}{channel or 'NAME'}.FIELD")
            channels = found.setdefault("channels", {})
            channels.setdefault(channel, {})[field] = _value(name, field, cell)
        else:
            found[column] = _value(column, column, cell)
    return found


def _value(column: str, field: str, cell: str) -> object:
    if not cell:
        return None
    if field in LISTS:
        return next(csv.reader([cell], delimiter=";"))
    try:
        return _NUMBERS.get(field, str)(cell)
    except ValueError:
        raise ValueError(f"{column}: {cell!r} is no number") from None


def _cells(device_id: str, device: Device) -> dict[str, str]:
    fields = to_file(msgspec.to_builtins(device))
    row = {"id": device_id}
    for name, value in fields.items():
        if name == "labels":
            row |= {f"{LABEL}{label}": text for label, text in value.items()}
        elif name == "channels":
            for channel, meant in value.items():
                row |= {f"{CHANNEL}{channel}.{field}": _text(v) for field, v in meant.items()}
        elif name in LISTS:
            row[name] = _list(value)
        else:
            row[name] = _text(value)
    return row


def _list(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="").writerow(values)
    return text.getvalue()


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _of_channels(columns: set[str]) -> list[str]:
    """Columns of channels without their prefix: by channel, the fields in their order."""
    found = [column.removeprefix(CHANNEL) for column in columns if column.startswith(CHANNEL)]

    def place(column: str) -> tuple[str, int]:
        channel, _, field = column.partition(".")
        return channel, _FIELDS.index(field)

    return sorted(found, key=place)
