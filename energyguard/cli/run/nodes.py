"""``up``, ``status``, ``stop``, ``role``: the processes of a data folder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energyguard.cli.terminal.call import Call
from energyguard.clock import SYSTEM
from energyguard.domain import installed, load
from energyguard.errors import ConfigError, Conflict, Unavailable

if TYPE_CHECKING:
    Demonstration = str
else:
    _NAMES = [simulator.name for domain in installed() for simulator in domain.simulators]
    Demonstration = StrEnum("Demonstration", {name.upper(): name for name in _NAMES})
    """The demonstrations: the simulators of the domains."""
_ON_REQUEST = [s.name for domain in installed() for s in domain.simulators if s.on_request]

Scenarios = Annotated[
    list[Demonstration] | None,
    typer.Option(
        help="Only this demonstration; may be repeated. Only on request: "
        f"{', '.join(_ON_REQUEST)}.",
        show_default="all others",
    ),
]
Homes = Annotated[
    Path | None,
    typer.Option(
        help="A folder of household files (2 s): the homes of `regions`.",
        show_default="simulated ones",
    ),
]
BrokerAddress = Annotated[
    str | None,
    typer.Option(
        help="A broker whose readings are taken: mqtt://USER@HOST, or mqtts:// with TLS.",
        show_default="mqtt.url",
    ),
]
PolledDevices = Annotated[
    Path | None,
    typer.Option(
        help="A file of devices that are asked for their readings (TOML).",
        show_default="poll.file",
    ),
]
HistoryPort = Annotated[
    int | None,
    typer.Option(help="The port of the history.", show_default="8401, or a free one"),
]


def up(
    call: Call,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Simulated homes, or only your own meters.")
    ] = True,
    scenario: Scenarios = None,
    homes: Homes = None,
    host: Annotated[str | None, typer.Option(help="The address of the page.")] = None,
    port: Annotated[int | None, typer.Option(help="The port of the page.")] = None,
    mqtt: BrokerAddress = None,
    poll: PolledDevices = None,
    history_port: HistoryPort = None,
    auth: Annotated[
        bool, typer.Option("--auth/--no-auth", help="Log-in; without it on loopback only.")
    ] = True,
) -> None:
    """Run everything on this machine: sources, worker, history, page and API; and the ingestor,
    where `store.url` names a store.

    Needs nothing else: no broker, no database server, no configuration. Prints one line with a
    one-time log-in link when the page is ready. Everything is kept in the data folder; the next
    start goes on where this one stopped. A part that dies is started again, saying so. Ctrl-C
    stops the sources, lets what is under way come to rest, and ends; Ctrl-C again ends at once.

    `--scenario regions` plays an edge and a cloud too, with a line of their own between them.
    """
    from energyguard import node
    from energyguard.api.gate.auth import check_auth
    from energyguard.pipeline import DEMONSTRATED, SCENARIOS

    call = call.with_settings(
        serve__host=host,
        serve__port=port,
        serve__auth=None if auth else "false",
        history__port=history_port,
        mqtt__url=mqtt,
        poll__file=None if poll is None else poll.absolute(),
        simulate__homes=None if homes is None else homes.absolute(),
    )
    check_auth(call.loaded.settings.serve.auth, call.loaded.settings.serve.host)
    shown = (scenario or DEMONSTRATED) if demo else ()
    settings = _prepared(_ready_to_start(call), shown).settings
    roles = [*{SCENARIOS[name] for name in shown}, *node.lasting_roles(settings)]
    if not settings.serve.auth:
        print("energyguard: NO LOG-IN: whoever reaches this address may do all", file=sys.stderr)
    if not node.up(settings, roles, _say):
        raise Unavailable("a part had to be killed; nothing that was accepted is lost")
    print("stopped")


def _say(text: str) -> None:
    print(text, flush=True)


def _prepared(call: Call, shown: Iterable[str]) -> Call:
    """The call with the settings that demonstrations need; what somebody has set stays.

    They write into the data folder, so that is opened before.
    """
    from energyguard.backup.opened import open_folder
    from energyguard.pipeline import PREPARED

    open_folder(call.settings, _say)
    given = call.loaded.origins
    for name in shown:
        if name in PREPARED:
            more = load(PREPARED[name])(call.settings).items()
            new = {n.replace(".", "__"): value for n, value in more if n not in given}
            call = call.with_settings(**new)
    return call


def _ready_to_start(call: Call) -> Call:
    """The call, after a look at what would make every start fail.

    The history's port is ours to choose where nobody did: one that is taken gives way.

    Raises:
        ConfigError: a check found what would stop us; the message says what to do.
    """
    from energyguard.cli.run import doctor
    from energyguard.processes.registry import living

    settings = call.settings
    running = {process.role for process in living(settings.data_dir)}
    history, chosen = settings.history, "history.port" in call.loaded.origins
    if not (chosen or "history" in running) and doctor.cannot_listen(history.host, history.port):
        call = call.with_settings(history__port=0)
        settings = call.settings
    faults = []
    for check in (doctor.rights, doctor.clock, doctor.ports):
        finding = check(settings)
        if finding.todo:
            faults.append(f"{finding.found}: {finding.todo}")
    if faults:
        raise ConfigError(*faults)
    return call


def role(
    call: Call,
    names: Annotated[
        list[str],
        typer.Argument(
            help="worker, detector, sessions, history, serve, ingestor, simulate…; "
            "several share the process.",
        ),
    ],
    metrics: Annotated[
        str | None,
        typer.Option(help="host:port where Prometheus may ask this process, without a log-in."),
    ] = None,
    child: Annotated[bool, typer.Option("--child", hidden=True)] = False,
) -> None:
    """Play a role as a process of its own, until SIGTERM or Ctrl-C."""
    from energyguard.node import run_roles

    if not child:
        run_roles(names, call.settings, metrics=metrics)
        return
    from energyguard.settings.tree import Settings

    settings = Settings.model_validate_json(sys.stdin.readline())
    run_roles(names, settings, parent=sys.stdin.fileno())


def status(call: Call) -> None:
    """Say which parts run and how they are."""
    from energyguard.processes.registry import living

    processes = living(call.settings.data_dir)
    if not processes:
        raise Unavailable(
            f"{call.settings.data_dir}: nothing runs here; `energyguard up` starts it"
        )
    with call.service() as service:
        health = service.health()
    running = {f"{process.role} {process.pid}": "running" for process in processes}
    if call.json:
        call.out.record({"ready": health.ready, "processes": processes, "parts": health.parts})
    else:
        call.out.record({**running, **health.parts, "ready": health.ready})
    if not health.ready:
        raise Unavailable("not ready; the lines above say what is wrong")


def stop(
    call: Call,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the end.")] = 60.0,
) -> None:
    """Stop what runs in the data folder, as Ctrl-C would."""
    from energyguard.processes.registry import living

    processes = living(call.settings.data_dir)
    leaders = [process for process in processes if process.role == "up"] or processes
    for leader in leaders:
        os.kill(leader.pid, signal.SIGTERM)
    deadline = SYSTEM.monotonic() + wait
    while left := living(call.settings.data_dir):
        if SYSTEM.monotonic() > deadline:
            names = ", ".join(f"{process.role} ({process.pid})" for process in left)
            raise Conflict(f"still running after {wait:.0f} s: {names}")
        SYSTEM.sleep(0.1)
    call.out.done(
        f"stopped {len(processes)} processes" if processes else "nothing was running",
        stopped=[process.pid for process in processes],
    )
