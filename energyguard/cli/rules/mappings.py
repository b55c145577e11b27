"""``check mapping``: what names of senders become, before they are sent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.clock import SYSTEM
from energyguard.errors import NotFound


def check_mapping(
    call: Call,
    files: Annotated[list[Path], typer.Argument(help="Mapping files (TOML), in their order.")],
    body: Annotated[
        Path | None, typer.Option(help="An example of what is sent; it is read, not taken.")
    ] = None,
    shape: Annotated[
        str, typer.Option(help="The dialect of the example: `influx`, `mapped`, ….")
    ] = "mapped",
) -> None:
    """Check mapping files: every fault with its line; with an example, what it becomes."""
    from energyguard.codecs.formats import decode
    from energyguard.dialects.mapping import mapping_of
    from energyguard.model.quantities import from_nano

    paths = tuple(files)
    rules = len(mapping_of(paths).rules)
    if body is None:
        call.out.done(f"{rules} rules, no faults", rules=rules)
        return
    try:
        data = body.read_bytes()
    except OSError as error:
        raise NotFound.file(body, error) from error
    limits = call.settings.wire
    _, found = decode(data, shape, limits, now_ms=SYSTEM.now_ms(), mappings=paths)
    rows: list[dict[str, Any]] = [
        {**row, "time": row["time"].isoformat(), "value": from_nano(row["value"])}
        for row in found.batch.drop_columns(["sequence"]).to_pylist()
    ]
    call.out.rows(rows)
    for refused in found.refused:
        print(f"row {refused.row}: {refused.reason}", file=sys.stderr)
    if found.refused:
        raise typer.Exit(1)
