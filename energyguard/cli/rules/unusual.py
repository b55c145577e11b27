"""``unusual``: what is unlike a device's usual use, in files of readings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energyguard.cli.rules.evaluate import CatalogueFile, show_refused
from energyguard.cli.terminal.call import Call

if TYPE_CHECKING:
    from energyguard.codecs import RefusedRow


def unusual(
    call: Call,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of any shape we know; `-` is stdin.", show_default="-"),
    ] = None,
    budget: Annotated[
        float, typer.Option(help="How many alerts per device and week you want to see.")
    ] = 0.1,
    catalogue: CatalogueFile = None,
) -> None:
    """Find what is unlike each device's usual use, one line per alert, in order of time.

    Needs no running system, no threshold and no labels: the first two weeks of each device are
    learned from, then alerts open. Days are those of each device's site, as the file of the
    catalogue has it; else those of `serve.zone`, its holidays `rules.holidays`.
    """
    from energyguard.cli.rules.counting import catalogue_of
    from energyguard.errors import ConfigError
    from energyguard.offline.unusual import unusual_in_files
    from energyguard.rules.registry import site_of

    settings = call.settings
    if not budget > 0:
        raise ConfigError(f"--budget {budget:g}: more than 0 is needed")
    refused: list[tuple[str, RefusedRow]] = []
    try:
        found = unusual_in_files(
            files or [Path("-")],
            budget,
            site_of(settings).clock,
            settings=settings,
            catalogue=catalogue_of(settings, catalogue) if catalogue else None,
            on_refused=lambda name, row: refused.append((name, row)),
        )
    finally:
        show_refused(refused, anything=True)
    rows = found.to_pylist()
    if not call.out.as_json:
        rows = [{name: row[name] for name in ("opened", "device", "text")} for row in rows]
    call.out.rows(rows, empty="nothing unusual")
