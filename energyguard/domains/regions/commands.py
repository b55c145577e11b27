"""``simulate mosaik``: system E's co-simulation, into a log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at, spell
from energyguard.errors import ConfigError

if TYPE_CHECKING:
    from energyguard.domains.regions.config import SystemEConfig
    from energyguard.domains.regions.mosaik.world import CoSimulated, CoSimulation
    from energyguard.settings.tree import Settings

Config = Annotated[Path | None, typer.Option(help="System E's `config.ini`.", show_default=False)]
Data = Annotated[
    Path | None,
    typer.Option(
        help="A folder of household files (2 s), a home each.", show_default="as the config says"
    ),
]
Start = Annotated[
    str | None, typer.Option(help="From then on (UTC).", show_default="the first reading")
]
End = Annotated[
    str | None,
    typer.Option(
        help="Until before then; a number: seconds after the start.",
        show_default="the last reading",
    ),
]
Speedup = Annotated[
    float, typer.Option(help="Simulated time by wall time; 1: as it was; inf: at once.")
]
Step = Annotated[
    int | None,
    typer.Option(
        min=1, help="Simulated seconds between two steps.", show_default="900; at a pace: 2"
    ),
]


def mosaik(
    call: Call,
    config: Config = None,
    data: Data = None,
    start: Start = None,
    end: End = None,
    speedup: Speedup = float("inf"),
    step: Step = None,
) -> None:
    """Run system E's mosaik world: household files become `power_topic`, with their own times.

    It goes into the log: that of `--log` or the settings, else Kafka where the config names it,
    else that of the data folder. An edge takes it from there (`edge.source`). Options come before
    the config. A line that cannot be read is told, with its file, number and reason; the rest goes
    on. Needs the extra `mosaik`.
    """
    from energyguard.domains.regions.config import SystemEConfig, read_config
    from energyguard.domains.regions.mosaik.world import simulate

    read = SystemEConfig() if config is None else read_config(config)
    for key in read.unknown:
        typer.echo(f"energyguard: {config}: {key} means nothing here", err=True)
    read = replace(read, **_span(start, end))
    read = replace(read, data=data or read.data, step_s=step or read.step_s)
    if not call.settings.log.url and read.kafka:
        call = call.with_settings(log__url=f"kafka://{read.kafka}")
    wanted = _wanted(read, speedup, call.settings)
    found = simulate(wanted)
    for broken in found.broken:
        more = f" (and {broken.lines - 1:,} more lines)" if broken.lines > 1 else ""
        where = f"{broken.file}:{broken.line}"
        typer.echo(f"energyguard: {where}: {broken.reason}{more}", err=True)
    _report(call, found, wanted, read.cloud)


def _span(start: str | None, end: str | None) -> dict[str, Any]:
    """What the options say of the span.

    Raises:
        ConfigError: they cannot be read.
    """
    from energyguard.domains.regions.config import moment, span_end

    found: dict[str, Any] = {}
    try:
        if start is not None:
            found["start_ms"] = moment(start)
        if end is not None:
            found |= {"end_ms": None, "for_s": None, **span_end(end)}
    except ValueError as error:
        raise ConfigError(f"--start {start or ''} --end {end or ''}: {error}") from None
    return found


def _wanted(read: SystemEConfig, speedup: float, settings: Settings) -> CoSimulation:
    """The simulation of a config and options, into the settings' log.

    Raises:
        ConfigError: no folder is named, or time would stand still.
        NotFound: the folder is not there, or has no files.
    """
    from energyguard.domains.regions.mosaik.world import CoSimulation
    from energyguard.domains.regions.simulator.recordings import files_of

    if read.data is None:
        raise ConfigError("say where the household files are: --data DIR, or --config FILE")
    if not speedup > 0:
        raise ConfigError(f"--speedup {speedup}: above 0, or inf")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return CoSimulation(
        files=files_of(read.data),
        log=settings.log_url,
        start_ms=read.start_ms,
        end_ms=read.end_ms,
        for_s=read.for_s,
        step_s=read.step_s,
        speedup=speedup,
        options=settings.log.kafka,
    )


def _report(call: Call, found: CoSimulated, wanted: CoSimulation, cloud: str) -> None:
    broken = sum(line.lines for line in found.broken)
    call.out.done(
        f"{found.messages:,} messages of {len(found.homes)} homes into power_topic of "
        f"{wanted.log}, from {spell(at(found.start_ms))} until {spell(at(found.end_ms))}; "
        f"{broken:,} lines were left out"
        + (f"; the cloud, {cloud}, is the edge's: `edge.cloud`" if cloud else ""),
        messages=found.messages,
        log=wanted.log,
        start=at(found.start_ms),
        end=at(found.end_ms),
        left_out=broken,
        homes=found.homes,
        cloud=cloud,
    )
