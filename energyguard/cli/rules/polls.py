"""``check poll``: what devices that are to be asked would give."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from energyguard.cli.terminal.call import Call


def check_poll(
    call: Call,
    file: Annotated[Path, typer.Argument(help="The file of devices (TOML).")],
) -> None:
    """Ask each device of a file once: what would be taken, what not and why. Nothing is kept."""
    from energyguard.dialects.mapping import mapping_of
    from energyguard.mqtt.sent_columns import ValuePlaces
    from energyguard.poll.targets import read_targets
    from energyguard.poll.trial import try_targets

    wire = call.settings.wire
    places = ValuePlaces(partial(mapping_of, wire.mappings))
    tried = asyncio.run(try_targets(read_targets(file), places, wire))
    call.out.rows(
        [
            {
                "target": trial.target.name,
                "device": value.device,
                "channel": value.channel,
                "value": value.value,
                "unit": value.unit,
                "name": value.name,
            }
            for trial in tried
            for value in trial.values
        ]
    )
    for trial in tried:
        for left in trial.left_out:
            print(f"{trial.target.name}: {left.name} is not taken: {left.reason}", file=sys.stderr)
        if trial.fault:
            print(f"{trial.target.name}: {trial.target.address}: {trial.fault}", file=sys.stderr)
    if any(trial.fault for trial in tried):
        raise typer.Exit(1)
