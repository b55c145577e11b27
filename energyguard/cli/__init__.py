"""The same verbs in a terminal. One noun per file; nothing heavy is imported before it is needed.

call.py       the options that every command has
output.py     tables for people, JSON for programs
times.py      "2h", "2025-09-06", "2025-09-06T17:54:02Z"
nodes.py      up, status, stop, role
doctor.py     doctor
sources.py    simulate
replay.py     replay
evaluate.py   evaluate
devices.py    devices
questions.py  readings, windows, top, export
stations.py   stations occupancy, stays, charges, sessions, revenue, top, violations, …, add
alerts.py     alerts list, show, ack, silence
rules.py      rules list, show, use, set; check
job.py        job explain, spark, flink
dlq.py        dlq list, show, replay
quality.py    quality ahead
log.py        log topics, tail, lag, new, repair
store.py      shard, coordinator, measurements; store status, join, leave, repair, verify, import
tokens.py     token create, list, revoke
client.py     client ingest, get, nodes, …: a measurement store anywhere
menu.py       client, bare on a terminal
remote.py     the measurement store over HTTP
settings.py   config show
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from energyguard import __version__
from energyguard.cli.call import EXIT_CODES, Call, command
from energyguard.durable.atomic import NO_ROOM
from energyguard.errors import DiskFull, EnergyGuardError

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Run": ("up", "status", "stop", "doctor", "role", "config"),
    "Ask": (
        "devices",
        "readings",
        "windows",
        "trend",
        "top",
        "late",
        "alerts",
        "stations",
        "export",
        "quality",
    ),
    "Send": ("simulate", "replay", "import", "dlq"),
    "Rules": ("rules", "check", "evaluate", "job"),
    "Look after": ("token", "privacy", "log", "schema", "version"),
    "Current state on many nodes": ("store", "shard", "coordinator", "measurements", "client"),
}
"""The commands as the help lists them, in the order in which people need them."""


class Commands(TyperGroup):
    """The commands under headings."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a list per heading; what has none comes last."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        shown = {name: verb for name, verb in found.items() if verb and not verb.hidden}
        placed = {name for names in SECTIONS.values() for name in names}
        rest = tuple(name for name in shown if name not in placed)
        width = max(map(len, shown))
        for title, names in {**SECTIONS, "Others": rest}.items():
            rows = [
                (name.ljust(width), shown[name].get_short_help_str(formatter.width - width - 6))
                for name in names
                if name in shown
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


app = typer.Typer(
    name="energyguard",
    cls=Commands,
    help="Takes energy readings in, loses none, keeps them for ever, shows them live and warns "
    "early.",
    epilog=f"Exit codes: {EXIT_CODES}.",
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

PARTS = (
    "nodes",
    "doctor",
    "sources",
    "replay",
    "imports",
    "evaluate",
    "devices",
    "queries",
    "export",
    "stations",
    "alerts",
    "rules",
    "job",
    "dlq",
    "quality",
    "log",
    "schema",
    "store",
    "tokens",
    "privacy",
    "client",
    "settings",
)
for part in PARTS:
    importlib.import_module(f"energyguard.cli.{part}").register(app)


@app.callback(invoke_without_command=True)
def energyguard(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    """Takes energy readings in, loses none, keeps them, shows them live and warns early."""
    if version:
        print(f"energyguard {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@command(app, "version")
def version(call: Call) -> None:
    """Say which version this is."""
    call.out.done(f"energyguard {__version__}", version=__version__)


def main(argv: list[str] | None = None) -> int:
    """Run a command; return its exit code. Errors are one line each, never a traceback."""
    args = sys.argv[1:] if argv is None else argv
    debug = "--debug" in args or bool(os.environ.get("ENERGYGUARD_DEBUG"))
    try:
        code = app(args, prog_name="energyguard", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except EnergyGuardError as error:
        if debug:
            raise
        return _say(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except OSError as error:
        if debug:
            raise
        if error.errno in NO_ROOM:
            return _say(f"{error.filename or 'the disk'}: no room on the disk", DiskFull.exit_code)
        return _say(f"{error.filename or 'system'}: {error.strerror or error}", 1)
    except typer.TyperException as error:  # an option that cannot be used, or none at all
        text = error.format_message()
        if text.startswith("Usage:"):
            print(text, file=sys.stderr)
            return 2
        return _say(f"{text} (`--help` says what there is)", 2)
    except Exception as error:
        if debug:
            raise
        kind = type(error).__name__
        return _say(f"unexpected {kind}: {error}; `--debug` shows where: please report it", 1)


def _say(text: str, code: int) -> int:
    for line in text.splitlines():
        print(f"energyguard: {line}", file=sys.stderr)
    return code
