"""``edge``: a box in the field runs here; at the cloud, who may send."""

from __future__ import annotations

import getpass
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from energyguard.cli.terminal.call import Call, Group, named
from energyguard.cli.terminal.output import at
from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError

Name = Annotated[str, typer.Argument(help="The edge's name.")]


def run(
    call: Call,
    cloud: Annotated[
        str | None,
        typer.Option(help="The cloud: tls+tcp://HOST:PORT.", show_default="that of the bundle"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="See that the folder is this edge's.", show_default=False)
    ] = None,
) -> None:
    """Run an edge: measure, keep, send to the cloud; at the cloud, say who may.

    The data folder is the edge's own: `edge join` has put its certificate there. Whatever writes to
    the log of this folder is measured (`replay`, `simulate`, a log that `edge.source` names).
    """
    from energyguard.edge.link.identity import joined
    from energyguard.node import run_roles

    call = _here(call.with_settings(edge__cloud=cloud))
    bundle = joined(call.settings.edge_dir)
    if name not in (None, bundle.edge):
        raise ConfigError(f"{call.settings.edge_dir} is the folder of the edge {bundle.edge!r}")
    run_roles(["edge"], call.settings)


def status(call: Call) -> None:
    """Say what waits at this edge, what the cloud has, and how the line is."""
    from energyguard.edge.link.identity import joined
    from energyguard.edge.uplink.report import read_report, report_stopped
    from energyguard.log import open_log

    settings = _here(call).settings
    bundle = joined(settings.edge_dir)
    report = read_report(settings.edge_dir)
    if report is None:
        cloud = settings.edge.cloud or bundle.cloud
        with closing(open_log(settings.edge_log_url)) as log:
            report = report_stopped(bundle, cloud, log, SYSTEM.now_ms())
    row = msgspec.to_builtins(report)
    if not call.json:
        times = ("oldest", "last_heartbeat", "at")
        row = {
            (field.removesuffix("_ms") if field.removesuffix("_ms") in times else field): at(value)
            if field.removesuffix("_ms") in times
            else value
            for field, value in row.items()
        }
    call.out.record(row)


def join(
    call: Call,
    file: Annotated[Path, typer.Argument(help="What `edge enroll` made; -: the standard input.")],
) -> None:
    """Keep an edge's certificate in its folder; a newer one takes its place."""
    from energyguard.edge.link.identity import join as keep

    folder = _here(call).settings.edge_dir
    folder.mkdir(parents=True, exist_ok=True)
    bundle = keep(folder, file)
    call.out.done(
        f"{folder} is edge {bundle.edge}, which sends to {bundle.cloud}; "
        f"`energyguard edge --data-dir {folder}` starts it",
        edge=bundle.edge,
        cloud=bundle.cloud,
    )


def enroll(
    call: Call,
    name: Name,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the bundle goes; -: the standard output.", show_default="NAME.edge.json"
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Where edges reach this cloud.", show_default="that of cloud.listen"),
    ] = None,
) -> None:
    """At the cloud: let an edge in. Its older certificate counts no longer.

    Makes a key and a certificate in one file, a bundle, to be carried to the edge; whoever has it
    can send in the edge's name.
    """
    from energyguard.edge.link.enrolment import Enrolment
    from energyguard.edge.link.identity import STDIO, Authority, address_for, encoded, write_bundle

    settings, file = call.settings, out or Path(f"{name}.edge.json")
    address = address_for(settings.cloud.listen, host)
    bundle = Authority(settings.data_dir).enroll(name, address)
    if file != STDIO:
        write_bundle(file, bundle)
    with call.log() as log:
        Enrolment(log).admit(name, bundle.common_name, getpass.getuser())
    if file == STDIO:
        sys.stdout.write(encoded(bundle).decode())
        return
    call.out.done(
        f"edge {name} may send to {address}; carry {file} to it and run there: "
        f"energyguard edge join {file.name}",
        edge=name,
        bundle=file,
        identity=bundle.common_name,
        cloud=address,
    )


def forget(call: Call, name: Name) -> None:
    """At the cloud: refuse an edge from now on. What it sent stays; its devices are free.

    Once more, it changes nothing.
    """
    from energyguard.edge.link.enrolment import Enrolment

    began_ms = SYSTEM.now_ms()
    with call.log() as log:
        entry = Enrolment(log).forget(name, getpass.getuser())
    since_ms = entry.forgotten_ms
    if since_ms is not None and since_ms < began_ms:
        what = f"edge {name} is refused since {at(since_ms)}: {entry.forgotten_by} forgot it"
    else:
        what = f"edge {name} is refused from now on"
    call.out.done(what, forgotten=name)


def _here(call: Call) -> Call:
    """The call with the edge's folder: ``edge.data_dir``, that of `up`, or the data folder."""
    settings = call.loaded.settings
    if settings.edge.data_dir or (settings.data_dir / "edge" / "link.json").exists():
        return call
    return call.with_settings(edge__data_dir=settings.data_dir)


EDGE = Group(run.__doc__ or "", named(status, enroll, join, forget), run=run)
