"""All commands, and where each stands in the help: ``SECTIONS``. Domains bring some."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from energyguard import __version__
from energyguard.cli.ask import (
    alerts,
    bills,
    catalogue,
    consumption,
    edges,
    explain,
    export,
    quality,
    queries,
    silences,
)
from energyguard.cli.look_after import audit, backup, log, notify, people, privacy, schema, tokens
from energyguard.cli.rules import backtest, checks, evaluate, job, rules, unusual
from energyguard.cli.run import doctor, edge, nodes, settings
from energyguard.cli.send import corrections, dlq, imports, replay, simulate
from energyguard.cli.store import client, store
from energyguard.cli.terminal.call import EXIT_CODES, Call, Group, add, named
from energyguard.domain import installed, load
from energyguard.durable.atomic import NO_ROOM
from energyguard.errors import DiskFull, EnergyGuardError, NotFound


def version(call: Call) -> None:
    """Say which version this is."""
    call.out.done(f"energyguard {__version__}", version=__version__)


QUERIES = queries.QUERIES
OF_DOMAINS: Mapping[str, Callable[..., None] | Group] = {
    words: load(target) for domain in installed() for words, target in domain.commands.items()
}
"""The commands that domains bring, by their words."""


def _verbs(noun: str) -> dict[str, Any]:
    """The verbs that domains bring to a command."""
    start = f"{noun} "
    return {w.removeprefix(start): f for w, f in OF_DOMAINS.items() if w.startswith(start)}


SECTIONS: Mapping[str, Mapping[str, Callable[..., None] | Group]] = {
    "Run": {
        **named(nodes.up, nodes.status, nodes.stop, doctor.doctor, nodes.role),
        "edge": edge.EDGE,
        "config": Group(
            "Settings: defaults < energyguard.toml < ENERGYGUARD_… < --set.", named(settings.show)
        ),
    },
    "Ask": {
        **named(consumption.consumption, explain.explain, bills.bill),
        "devices": catalogue.DEVICES,
        "sites": catalogue.SITES,
        "groups": catalogue.GROUPS,
        "tariffs": bills.TARIFFS,
        **{
            name: QUERIES[name]
            for name in (
                "readings",
                "windows",
                "bounds",
                "trend",
                "top",
                "late",
                "missing",
            )
        },
        "alerts": Group(
            "Alerts: what is wrong, and who has it.",
            named(alerts.list_, alerts.show, alerts.ack, alerts.answer, alerts.silence),
        ),
        "silences": Group(
            "Silences: alerts by device, site or rule that are quiet for a while.",
            named(silences.list_, silences.add, silences.preview, silences.end),
        ),
        **{words: target for words, target in OF_DOMAINS.items() if " " not in words},
        **named(corrections.corrections, corrections.imports),
        **named(edges.edges, export.export),
        "quality": Group("How readings ended.", named(quality.ahead)),
    },
    "Send": {
        "simulate": Group("Simulators.", {**_verbs("simulate"), **simulate.SECOND_BY_SECOND}),
        **named(replay.replay),
        "import": Group(
            "Import what others have recorded.",
            {**_verbs("import"), **named(imports.readings, corrections.undo)},
        ),
        **named(corrections.correct),
        "dlq": Group(
            "Dead letters: what was refused at the border.", named(dlq.list_, dlq.show, dlq.replay)
        ),
    },
    "Rules": {
        "rules": Group("Rules: what is abnormal.", named(*rules.VERBS)),
        "check": Group("Check files without running anything.", checks.CHECKS),
        **named(evaluate.evaluate, unusual.unusual, backtest.backtest),
        "job": Group("Jobs: the same rules on Spark and Flink.", job.VERBS),
    },
    "Look after": {
        "token": Group(
            "Bearer tokens of the API.",
            named(tokens.create, tokens.list_, tokens.revoke, tokens.link),
        ),
        **named(backup.backup, backup.restore, backup.verify),
        "people": Group(
            "People: who may look, act and look after it.",
            named(
                people.add,
                people.invite,
                people.link,
                people.list_,
                people.role,
                people.disable,
                people.enable,
                people.remove,
                people.logins,
                people.logout,
            ),
        ),
        "notify": Group(
            "Messages out of the house: who is told of alerts.",
            named(
                notify.routes,
                notify.add,
                notify.remove,
                notify.test,
                notify.report,
                notify.log,
            ),
        ),
        **named(audit.audit),
        "privacy": Group("People of whom signals tell.", named(privacy.names, privacy.forget)),
        "log": Group(
            "The log: topics, records, groups.",
            named(log.topics, log.tail, log.lag, log.new, log.repair),
        ),
        **named(schema.schema, version),
    },
    "Current state on many nodes": {
        "store": Group(
            "The replicated store: its nodes and their rows.",
            named(store.status, store.join, store.leave, store.repair, store.verify, store.import_),
        ),
        **named(store.shard, store.coordinator, store.measurements),
        "client": client.CLIENT,
    },
}
"""The commands under the headings of the help, in the order in which people need them."""


class Commands(TyperGroup):
    """The commands under headings."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a list per heading; what has none comes last."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        shown = {name: verb for name, verb in found.items() if verb and not verb.hidden}
        placed = {name for section in SECTIONS.values() for name in section}
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


TARGETS: Mapping[str, Callable[..., None] | Group] = {
    **{name: target for section in SECTIONS.values() for name, target in section.items()},
    # of other packages' domains:
    **{name: verb for name, verb in QUERIES.items() if " " not in name},
}
"""What each first word means."""


def energyguard(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.")
    ] = False,
) -> None:
    """Takes energy readings in, loses none, keeps them, shows them live and warns early."""
    if show_version:
        print(f"energyguard {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@cache
def command(word: str = "") -> Any:
    """All commands as they are run; or one of them, by its first word.

    Making all of their functions takes 0.3 s, which each process of a node would wait for.
    """
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
    for name in (word,) if word else TARGETS:
        add(app, name, TARGETS[name])
    app.callback(invoke_without_command=True)(energyguard)
    return get_command(app)


def main(argv: list[str] | None = None) -> int:
    """Run a command; return its exit code. Errors are one line each, never a traceback."""
    args = sys.argv[1:] if argv is None else argv
    debug = "--debug" in args or bool(os.environ.get("ENERGYGUARD_DEBUG"))
    try:
        word = args[0] if args and args[0] in TARGETS else ""
        code = command(word)(args, prog_name="energyguard", standalone_mode=False)
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
        if isinstance(error, (IsADirectoryError, FileNotFoundError)) and error.filename:
            return _say(str(NotFound.file(error.filename, error)), NotFound.exit_code)
        if error.errno == errno.EROFS:
            where = f"{error.filename}: {error.strerror}"
            return _say(f"{where}: choose another data folder with --data-dir", 1)
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
