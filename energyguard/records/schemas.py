"""A declaration for others: JSON Schema, columns of Flink and Spark, the rows of a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

import msgspec

from energyguard.records.contract import TopicRecord

_FLINK: Mapping[type, str] = {
    str: "STRING", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN", Decimal: "DECIMAL(38, 9)",
}  # fmt: skip
_ENGINES = {"flink": _FLINK, "spark": {**_FLINK, Decimal: "DECIMAL(38,9)"}}
_WORDS: Mapping[type, str] = {
    str: "text", int: "integer", float: "number", bool: "true or false", Decimal: "number",
}  # fmt: skip


class Field(NamedTuple):
    """A field of a value or of the headers, as it is written."""

    name: str
    kind: type
    optional: bool
    unit: str
    about: str


def fields(struct: type[msgspec.Struct]) -> Iterator[Field]:
    """The fields of a struct, in the order in which they are written."""
    for field in msgspec.structs.fields(struct):
        kind, about, unit = field.type, "", ""
        if isinstance(meta := next(iter(getattr(kind, "__metadata__", ())), None), msgspec.Meta):
            kind, about = kind.__origin__, meta.description or ""
            unit = (meta.extra_json_schema or {}).get("unit", "")
        yield Field(field.encode_name, *_plain(kind), unit, about)


def _plain(kind: Any) -> tuple[type, bool]:
    """The type without null or absence, and whether it may be either."""
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        kinds = [a for a in get_args(kind) if a not in (type(None), msgspec.UnsetType)]
        plain = kinds[0] if len(kinds) == 1 else msgspec.Struct  # of several structs: an object
        return _plain(plain)[0], len(kinds) < len(get_args(kind))
    kind = get_origin(kind) or kind
    return (str if isinstance(kind, type) and issubclass(kind, Enum) else kind), False


def json_schema(record: TopicRecord[Any]) -> dict[str, Any]:
    """The JSON Schema of a value; of what is no JSON only a sentence."""
    head = {"title": record.name, "description": record.topic.about}
    if record.value is None:
        return head | {"contentEncoding": record.encoding.value}
    found: dict[str, Any] = _numbers(msgspec.json.schema(record.value))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **head, **found}


def _numbers(schema: Any) -> Any:
    """Decimals are written as numbers."""
    if isinstance(schema, list):
        return [_numbers(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        schema = {k: v for k, v in schema.items() if k != "format"} | {"type": "number"}
    return {name: _numbers(part) for name, part in schema.items()}


def columns(record: TopicRecord[Any], types: Mapping[type, str]) -> str:
    """The columns of a value for an engine: Flink's format ``json``, Spark's ``from_json``."""
    found = fields(record.value) if record.value else iter(())
    return ", ".join(f"`{field.name}` {types.get(field.kind, 'STRING')}" for field in found)


def written_for(reader: str, record: TopicRecord[Any]) -> str:
    """A declaration for ``json``, ``flink``, ``spark`` or ``clickhouse``."""
    if reader == "json":
        return json.dumps(json_schema(record), indent=2, ensure_ascii=False)
    if reader == "clickhouse":
        return "\n".join(rows.table.ddl.rstrip() for rows in record.tables)
    return columns(record, _ENGINES[reader])


def page(record: TopicRecord[Any]) -> str:
    """A section of ``docs/formats.md``: key, value, headers, tables."""
    lines = [f"### `{record.name}`", "", record.topic.about, ""]
    key = f"Key: {record.key}." if record.key else "No key."
    tables = ", ".join(f"`{rows.table.name}`" for rows in record.tables)
    lines.append(f"{key} Value: {record.encoding.value}." + (f" Table: {tables}." * bool(tables)))
    named = [("header", record.headers)]
    if record.value:
        named.insert(0, ("field", record.value))
    for what, struct in named:
        rows = [
            f"| `{field.name}` | {_WORDS.get(field.kind, 'object')}{' or none' * field.optional} "
            f"| {field.unit} | {field.about} |"
            for field in fields(struct)
        ]
        if rows:
            lines += ["", f"| {what} | type | unit | what |", "|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"
