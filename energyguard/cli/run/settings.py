"""``config show``: the settings, and where each came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.settings.shown import shown

if TYPE_CHECKING:
    from energyguard.settings.tree import Settings


def value_of(settings: Settings, name: str) -> Any:
    """The value of a dotted name, for people to see: what may be a secret is not shown."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return shown(value)


def show(
    call: Call,
    origin: Annotated[bool, typer.Option("--origin", help="Where each value came from.")] = False,
) -> None:
    """Show every setting with its value."""
    from energyguard.settings.tree import fields

    loaded = call.loaded
    rows = []
    for name, field in fields():
        row = {"setting": name, "value": value_of(loaded.settings, name)}
        if origin:
            row["origin"] = loaded.origins.get(name, "default")
        if not call.json:
            row = {key: str(text) for key, text in row.items()}
        rows.append(row | {"about": field.description})
    call.out.rows(rows)
