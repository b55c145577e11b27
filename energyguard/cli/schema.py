"""``schema``: what the records of a topic hold, for programs that read or write them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from energyguard.cli.call import Call, command


class SchemaFormat(StrEnum):
    """Who reads it."""

    JSON = "json"
    FLINK = "flink"
    SPARK = "spark"
    CLICKHOUSE = "clickhouse"


def schema(
    call: Call,
    topic: Annotated[
        str, typer.Argument(help="A topic, such as energy_alerts.", show_default="list them")
    ] = "",
    form: Annotated[
        SchemaFormat,
        typer.Option("--format", help="JSON Schema, columns for an engine, or tables."),
    ] = SchemaFormat.JSON,
) -> None:
    """Show what the records of a topic hold."""
    from energyguard.records.catalog import RECORDS, record_of
    from energyguard.records.schemas import fields, written_for

    if topic:
        print(written_for(form.value, record_of(topic)))
        return
    call.out.rows(
        {
            "topic": record.name,
            "key": record.key,
            "value": record.encoding.value,
            "fields": [field.name for field in fields(record.value)] if record.value else [],
            "tables": [rows.table.name for rows in record.tables],
            "about": record.topic.about,
        }
        for record in RECORDS.values()
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "schema")(schema)
