"""``schema``: what the records of a topic hold, for programs that read or write them."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from energyguard.cli.terminal.call import Call

SchemaFormat = Literal["json", "flink", "spark", "clickhouse"]


def schema(
    call: Call,
    topic: Annotated[
        str, typer.Argument(help="A topic, such as energy_alerts.", show_default="list them")
    ] = "",
    form: Annotated[
        SchemaFormat,
        typer.Option("--format", help="JSON Schema, columns for an engine, or tables."),
    ] = "json",
) -> None:
    """Show what the records of a topic hold."""
    from energyguard.records.registry import RECORDS, record_of
    from energyguard.records.schemas import fields, written_for

    if topic:
        print(written_for(form, record_of(topic)))
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
