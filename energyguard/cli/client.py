"""``client …``: the measurement store's verbs, from anywhere; bare on a terminal it is a menu."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from energyguard.cli.call import Call, command
from energyguard.cli.menu import menu
from energyguard.cli.output import Printer
from energyguard.cli.remote import URL, Remote
from energyguard.errors import Malformed, Rejected

AT_ONCE = 1_000
URL_VARIABLE, TOKEN_VARIABLE = "ENERGYGUARD_URL", "ENERGYGUARD_TOKEN"

Url = Annotated[
    str | None,
    typer.Option("--url", envvar=URL_VARIABLE, help="Where the store is.", show_default=URL),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar=TOKEN_VARIABLE, help="A bearer token; better by the variable."),
]
Sensor = Annotated[str, typer.Argument(help="The sensor.")]
Time = Annotated[str, typer.Argument(help="ISO 8601; without an offset it is UTC.")]
Key = Annotated[str, typer.Argument(help="sensor:timestamp, such as H1:2025-07-05T18:00:00.")]
NodeId = Annotated[str, typer.Argument(help="The node's address or number; see `nodes`.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]


class Strategy(StrEnum):
    """How copies are laid out."""

    FULL = "full"
    CONSISTENT = "consistent"


class Weekday(StrEnum):
    """Days."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


def info(out: Printer, at: Remote) -> None:
    """Say what answers there; needs no token."""
    out.record(at.get("/"))


def ingest(
    out: Printer,
    at: Remote,
    sensor: Sensor,
    timestamp: Time,
    value: Annotated[float, typer.Argument(help="The measured value.")],
) -> None:
    """Store a measurement; it takes the place of one of the same time."""
    told = at.post("/ingest", sensor_id=sensor, timestamp=timestamp, value=value)
    alert = told.get("alert")
    above = f"; ALERT: {alert['value']:g} is above {alert['threshold']:g}" if alert else ""
    out.done(told["message"] + above, **told)


def bulk(
    out: Printer,
    at: Remote,
    file: Annotated[str, typer.Argument(help="A line per measurement, JSON; `-` is stdin.")],
) -> None:
    """Store many measurements: lines of {"sensor_id", "timestamp", "value"}."""
    stored, alerts = 0, 0
    errors: list[dict[str, Any]] = []
    with sys.stdin if file == "-" else Path(file).open(encoding="utf-8") as lines:
        read = _lines(lines)
        while some := list(islice(read, AT_ONCE)):
            try:
                told = at.post("/ingest/bulk", measurements=[one for _, one in some])
            except Rejected as error:
                errors.append({"line": some[0][0], "reason": str(error)})
                continue
            stored, alerts = stored + told["stored"], alerts + told["alerts"]
            errors += [{"line": some[e["place"]][0], "reason": e["reason"]} for e in told["errors"]]
    if errors and not stored:
        raise Rejected(f"line {errors[0]['line']}: {errors[0]['reason']}")
    if not out.as_json:
        for one in errors:
            print(f"line {one['line']}: {one['reason']}", file=sys.stderr)
    sentence = f"{stored:,} stored, {len(errors):,} refused, {alerts:,} alerts"
    out.done(sentence, stored=stored, alerts=alerts, errors=errors)


def _lines(lines: Any) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise Malformed(f"line {number}: {error}") from None


def get(out: Printer, at: Remote, key: Key) -> None:
    """Show a measurement."""
    out.record(at.get("/measurement/{}", key))


def delete(out: Printer, at: Remote, key: Key) -> None:
    """Delete a measurement."""
    told = at.delete("/delete/{}", key)
    out.done(told["message"], **told)


def set_threshold(
    out: Printer,
    at: Remote,
    sensor: Sensor,
    threshold: Annotated[str, typer.Argument(help="A number; `none` takes it away.")],
    weekday: Annotated[Weekday | None, typer.Option(help="On this day only, UTC.")] = None,
    hour: Annotated[int | None, typer.Option(min=0, max=23, help="In this hour, UTC.")] = None,
) -> None:
    """Say above which value a sensor raises an alert."""
    value = None if threshold.lower() == "none" else threshold
    scope = {"weekday": weekday.value if weekday else None, "hour": hour}
    told = at.post("/set_threshold", sensor_id=sensor, threshold=value, **scope)
    out.done(told["message"], **told)


def alerts(out: Printer, at: Remote, limit: Limit = 1_000) -> None:
    """List the alerts, by sensor and time."""
    out.rows(at.pages("/alerts", name="alerts", limit=limit)["alerts"], empty="no alerts")


def measurements(out: Printer, at: Remote, limit: Limit = 1_000) -> None:
    """List the measurements of all sensors."""
    found = at.pages("/measurements", name="measurements", limit=limit)["measurements"]
    out.rows([{"key": k, "value": v} for k, v in found.items()], empty="no measurements")


def history(out: Printer, at: Remote, sensor: Sensor, limit: Limit = 1_000) -> None:
    """List all values that a sensor has had; those that hold are current."""
    found = at.pages("/sensor/{}/history", sensor, name="history", limit=limit)["history"]
    out.rows(found, empty="no values")


def statistics(out: Printer, at: Remote, sensor: Sensor) -> None:
    """Show the mean and the standard deviation of a sensor's values."""
    out.record(at.get("/sensor/{}/statistics", sensor))


def nodes(out: Printer, at: Remote) -> None:
    """List the nodes, and how they are."""
    told = at.get("/nodes_status")
    if out.as_json:
        out.record(told)
    else:
        out.rows(map(_with_port, told["nodes"]))


def _with_port(node: dict[str, Any]) -> dict[str, Any]:
    """A node as people read it: a port is a name, not an amount (21212, not 21,212)."""
    return node | {"port": str(node["port"])}


def configure_replication(
    out: Printer,
    at: Remote,
    strategy: Annotated[Strategy, typer.Argument(help="full: every node has everything.")],
    factor: Annotated[
        int | None, typer.Argument(help="Copies of each key.", show_default="as now")
    ] = None,
) -> None:
    """Change how copies are laid out, or how many there are; data moves."""
    body = {"strategy": strategy.value, "replication_factor": factor}
    told = at.post("/configure_replication", **body)
    out.done(told["message"], **told)


def fail_node(out: Printer, at: Remote, node: NodeId) -> None:
    """Fault injection: have a node take no traffic."""
    told = at.post("/fail_node/{}", node)
    out.done(told["message"], **told)


def recover_node(out: Printer, at: Remote, node: NodeId) -> None:
    """Have a node take traffic again."""
    told = at.post("/recover_node/{}", node)
    out.done(told["message"], **told)


def replica_nodes(out: Printer, at: Remote, key: Key) -> None:
    """List the nodes that keep a key, the first one first."""
    found = at.get("/replica_nodes/{}", key)["nodes"]
    out.rows(found if out.as_json else map(_with_port, found))


VERBS: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "get": get,
    "delete": delete,
    "fail-node": fail_node,
    "recover-node": recover_node,
    "nodes": nodes,
    "configure-replication": configure_replication,
    "replica-nodes": replica_nodes,
    "bulk": bulk,
    "measurements": measurements,
    "history": history,
    "statistics": statistics,
    "set-threshold": set_threshold,
    "alerts": alerts,
    "info": info,
}
"""In the order of the menu: 1 to 8 are system B's numbers, and 9 is its exit."""


_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}
_SETTINGS = {"ingest": _NEGATIVE_NUMBERS, "set-threshold": _NEGATIVE_NUMBERS}


def choose(out: Printer, at: Remote) -> None:
    """Choose from a menu."""
    menu(VERBS, at)


def _as_command(verb: Callable[..., None]) -> Callable[..., None]:
    """A command of the verb's own parameters, with an address and a token before them."""
    signature = inspect.signature(verb, eval_str=True)
    own = list(signature.parameters.values())[2:]

    def run(call: Call, url: str | None, token: str | None, **given: Any) -> None:
        with Remote(url or URL, token) as at:
            verb(call.out, at, **given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    first = inspect.Parameter("call", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Call)
    where = [
        inspect.Parameter(name, keyword, annotation=kind, default=None)
        for name, kind in (("url", Url), ("token", Token))
    ]
    listed = [first, *(one.replace(kind=keyword) for one in own), *where]
    run.__signature__ = signature.replace(parameters=listed)  # type: ignore[attr-defined]
    run.__doc__ = verb.__doc__
    return run


def register(app: typer.Typer) -> None:
    """Add the commands."""
    verbs = typer.Typer(rich_markup_mode=None)

    @verbs.callback(invoke_without_command=True)
    def bare(context: typer.Context) -> None:
        """The verbs of a measurement store anywhere; on a terminal, without one: a menu."""
        if context.invoked_subcommand is not None:
            return
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            print(context.get_help(), file=sys.stderr)
            raise typer.Exit(2)
        with Remote(os.environ.get(URL_VARIABLE) or URL, os.environ.get(TOKEN_VARIABLE)) as at:
            menu(VERBS, at)

    for name, verb in VERBS.items():
        command(verbs, name, context_settings=_SETTINGS.get(name))(_as_command(verb))
    command(verbs, "menu")(_as_command(choose))
    app.add_typer(verbs, name="client")
