"""The same verbs in a terminal. One noun per file; nothing heavy is imported before it is needed.

call.py       the options that every command has
output.py     tables for people, JSON for programs
times.py      "2h", "2025-09-06", "2025-09-06T17:54:02Z"
nodes.py      up, status, stop, role
doctor.py     doctor
sources.py    simulate, replay
evaluate.py   evaluate
questions.py  readings, windows, top, export
stations.py   stations occupancy, stays, charges, sessions, revenue, top, violations, …, add
alerts.py     alerts list, show, ack, silence
rules.py      rules list, show, use, set; check
job.py        job explain, spark, flink
dlq.py        dlq list, show, replay
log.py        log topics, tail, lag, new
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

import typer

from energyguard import __version__
from energyguard.cli.call import EXIT_CODES, Call, command
from energyguard.errors import EnergyGuardError

app = typer.Typer(
    name="energyguard",
    help="Takes energy readings in, loses none, keeps them for ever, shows them live and warns "
    "early.",
    epilog=f"Exit codes: {EXIT_CODES}.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

PARTS = (
    "nodes",
    "doctor",
    "sources",
    "imports",
    "evaluate",
    "questions",
    "stations",
    "alerts",
    "rules",
    "job",
    "dlq",
    "log",
    "store",
    "tokens",
    "privacy",
    "client",
    "settings",
)
for part in PARTS:
    importlib.import_module(f"energyguard.cli.{part}").register(app)


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
