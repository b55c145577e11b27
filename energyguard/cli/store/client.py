"""``client …``: the measurement store's verbs, from anywhere; bare on a terminal it is a menu."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from energyguard.cli.store.menu import menu
from energyguard.cli.store.remote import URL, Remote
from energyguard.cli.terminal.call import Call, Group, named, parameters_of, sign
from energyguard.cli.terminal.output import Printer
from energyguard.errors import Malformed, Rejected

MAX_BULK = 1_000
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

Strategy = Literal["full", "consistent"]

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


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
    answer = at.post("/ingest", sensor_id=sensor, timestamp=timestamp, value=value)
    alert = answer.get("alert")
    above = f"; ALERT: {alert['value']:g} is above {alert['threshold']:g}" if alert else ""
    out.done(answer["message"] + above, **answer)


def _done(out: Printer, answer: dict[str, Any]) -> None:
    out.done(answer["message"], **answer)


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
        while some := list(islice(read, MAX_BULK)):
            try:
                answer = at.post("/ingest/bulk", measurements=[body for _, body in some])
            except Rejected as error:
                errors.append({"line": some[0][0], "reason": str(error)})
                continue
            stored, alerts = stored + answer["stored"], alerts + answer["alerts"]
            errors += [
                {"line": some[e["place"]][0], "reason": e["reason"]} for e in answer["errors"]
            ]
    if errors and not stored:
        raise Rejected(f"line {errors[0]['line']}: {errors[0]['reason']}")
    if not out.as_json:
        for fault in errors:
            print(f"line {fault['line']}: {fault['reason']}", file=sys.stderr)
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
    _done(out, at.delete("/delete/{}", key))


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
    scope = {"weekday": weekday, "hour": hour}
    _done(out, at.post("/set_threshold", sensor_id=sensor, threshold=value, **scope))


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
    answer = at.get("/nodes_status")
    if out.as_json:
        out.record(answer)
    else:
        out.rows(map(_with_port, answer["nodes"]))


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
    body = {"strategy": strategy, "replication_factor": factor}
    _done(out, at.post("/configure_replication", **body))


def fail_node(out: Printer, at: Remote, node: NodeId) -> None:
    """Fault injection: have a node take no traffic."""
    _done(out, at.post("/fail_node/{}", node))


def recover_node(out: Printer, at: Remote, node: NodeId) -> None:
    """Have a node take traffic again."""
    _done(out, at.post("/recover_node/{}", node))


def replica_nodes(out: Printer, at: Remote, key: Key) -> None:
    """List the nodes that keep a key, the first one first."""
    found = at.get("/replica_nodes/{}", key)["nodes"]
    out.rows(found if out.as_json else map(_with_port, found))


VERBS = named(
    ingest,
    get,
    delete,
    fail_node,
    recover_node,
    nodes,
    configure_replication,
    replica_nodes,
    bulk,
    measurements,
    history,
    statistics,
    set_threshold,
    alerts,
    info,
)
"""In the order of the menu: 1 to 8 are system B's numbers, and 9 is its exit."""


def choose(out: Printer, at: Remote) -> None:
    """Choose from a menu."""
    menu(VERBS, at)


def _remote(*, url: Url = None, token: Token = None) -> Remote:
    return Remote(url or URL, token)


def _as_command(verb: Callable[..., None]) -> Callable[..., None]:
    """A command of the verb's own parameters, and of where the store is."""

    def run(call: Call, url: str | None, token: str | None, **given: Any) -> None:
        with _remote(url=url, token=token) as at:
            verb(call.out, at, **given)

    run.context_settings = {"ignore_unknown_options": verb in (ingest, set_threshold)}  # type: ignore[attr-defined]
    sign(
        run,
        verb.__doc__,
        [parameters_of(run)[0], *parameters_of(verb)[2:], *parameters_of(_remote)],
    )
    return run


def bare(context: typer.Context) -> None:
    """The verbs of a measurement store anywhere; on a terminal, without one: a menu."""
    if context.invoked_subcommand is not None:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)
    choose(
        Printer(as_json=False),
        _remote(url=os.environ.get(URL_VARIABLE), token=os.environ.get(TOKEN_VARIABLE)),
    )


CLIENT = Group(
    bare.__doc__ or "",
    {name: _as_command(verb) for name, verb in {**VERBS, "menu": choose}.items()},
    bare,
)
