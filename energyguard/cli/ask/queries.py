"""Commands of the queries: made from the headers of their files (``history/query.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from difflib import get_close_matches
from inspect import Parameter
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from energyguard.cli.look_after.groups import group_lags
from energyguard.cli.terminal.call import Call, parameters_of, sign
from energyguard.cli.terminal.output import rows_of
from energyguard.cli.terminal.spans import SPAN_OPTIONS, span_of, zone_of
from energyguard.cli.terminal.times import parse_range, parse_span, parse_time
from energyguard.clock import SYSTEM
from energyguard.errors import NotFound
from energyguard.model.days import ms_of
from energyguard.pipeline import ARCHIVE, PROJECTIONS

if TYPE_CHECKING:
    from energyguard.history import History
    from energyguard.history.query import Query, QueryParameter

MAX_STEPS = 10_000

Since = Annotated[
    str,
    typer.Option(help="From: how long before the newest reading (2h), a day or a time."),
]
Until = Annotated[str | None, typer.Option(help="To: the same.", show_default="the newest reading")]
SinceDevices = Annotated[
    str, typer.Option(help="From: a time, or how long before the newest (2h).")
]
UntilDevices = Annotated[
    str | None, typer.Option(help="To: a time, or before the newest.", show_default="the newest")
]
AsKnown = Annotated[
    str | None,
    typer.Option(
        help="As it was known by a time: what had come, and as it had been corrected.",
        show_default="now",
    ),
]
Names = Annotated[
    bool, typer.Option("--names", help="Plates and users, to whom the data folder belongs.")
]


def between(
    call: Call,
    history: History,
    since: str,
    until: str | None,
    device: str = "",
    channel: str = "",
    calendar: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, int]:
    """The half-open range of two texts; durations count back from the newest reading asked for.

    A span of the calendar comes before both.

    The data's own clock, not the wall's: a simulation runs ahead of it, a replay behind.

    Raises:
        NotFound: the history has nothing of that device, or not of that channel.
    """
    from energyguard.history.newest import newest_ms

    newest = newest_ms(history.query, SYSTEM.now_ms(), device, channel)
    if newest is None and device:
        raise NotFound(_missing(call, history, device, channel))
    zone = zone_of(call, calendar, device, since, until)
    if span := span_of(calendar, zone, SYSTEM.now_ms() if newest is None else newest):
        return {"start_ms": span.start_ms, "end_ms": span.end_ms}
    return parse_range(since, until, 0 if newest is None else newest + 1, zone)


def _between_by(
    clock: str,
    call: Call,
    history: History,
    since: str,
    until: str | None,
    calendar: Mapping[str, Any],
) -> dict[str, int]:
    """The same; durations count back from the newest of a domain's devices."""
    newest = 0
    for row in rows_of(history.query(PROJECTIONS[clock].span)):
        newest = ms_of(row["last"]) + 1
    zone = zone_of(call, calendar)
    if span := span_of(calendar, zone, newest or SYSTEM.now_ms()):
        return {"start_ms": span.start_ms, "end_ms": span.end_ms}
    return parse_range(since, until, newest, zone)


def _missing(call: Call, history: History, device: str, channel: str) -> str:
    """Why there is nothing of a device: its channels, names that are near, what is not in yet."""
    devices = history.query("devices", device="")
    names = devices["device"].to_pylist()
    if device in names:
        own = devices["channel"].to_pylist()
        own = [name for name, of in zip(own, names, strict=True) if of == device]
        return f"{device} has no {channel}; it has: {', '.join(own)}"
    near = get_close_matches(device, sorted(set(names)), 5, 0.5)
    text = f"no device {device!r} in the history"
    if near:
        text += f"; near: {', '.join(near)}"
    with call.log() as log:
        waiting = sum(row["lag"] for row in group_lags(log, [ARCHIVE]))
    return text + (f"; {waiting:,} records are not in the history yet" if waiting else "")


def option(name: str, annotation: Any, default: Any) -> Parameter:
    """An option of a command."""
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _parameter(name: str, choice: QueryParameter) -> Parameter:
    """An argument or an option of a command."""
    default: Any = choice.cli_default
    words: dict[str, Any] = {"help": choice.cli_about}
    kind: Any = str
    flags: tuple[str, ...] = ()
    if choice.kind == "flag":
        kind, default, flags = bool, False, (f"--{name}",)
    elif choice.kind == "count":
        kind, default, flags = int, int(default), ("-n", "--number") if name == "n" else ()
        words["min"] = 1
    elif choice.kind == "choice":
        kind = Literal[choice.choices]
    elif default == "":
        words["show_default"] = "all"
    info = typer.Argument(**words) if choice.is_argument else typer.Option(*flags, **words)
    default = Parameter.empty if default is None else default
    return option(name, Annotated[kind, info], default)


def _parameters(query: Query) -> Iterator[Parameter]:
    """What a command of the query takes, in the order of the header."""
    for name, choice in query.choices.items():
        if name != "range":
            yield _parameter(name, choice)
            continue
        if any(column.kind == "person" for column in query.columns):
            yield option("names", Names, False)
        has_clock = "clock" in query.header
        since, until = (SinceDevices, UntilDevices) if has_clock else (Since, Until)
        yield option("since", since, query.header["range"])
        yield option("until", until, None)
        for words, annotation in SPAN_OPTIONS.items():
            yield option(words, annotation, None)
        if "as known" in query.header:
            yield option("as_known", AsKnown, None)
    if hidden := query.header.get("hidden without"):
        about = hidden.partition(": ")[2]
        yield option("everything", Annotated[bool, typer.Option("--all", help=about)], False)


def verb_of(query: Query) -> Callable[..., None]:
    """The command of a query."""

    def run(call: Call, **given: Any) -> None:
        names, everything = given.pop("names", False), given.pop("everything", False)
        found = ask(call, query, given)
        hidden = query.header.get("hidden without", "").partition(": ")[0]
        if hidden and not everything and not call.json:
            found = [row for row in found if row[hidden]]
        if names:
            found = named(call, query.instead(given), found)
        call.out.rows(found, empty=query.header.get("empty", "nothing").format(**given))

    about = query.header["cli"].partition(": ")[2]
    sign(run, about, [parameters_of(run)[0], *_parameters(query)])
    return run


def ask(call: Call, query: Query, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query, for values by name, among them ``since`` and ``until``."""
    as_known = given.get("as_known")
    chosen = query.instead(given)
    filled = chosen.named("filled")
    whole = call.service() if filled or as_known is not None else nullcontext()
    with whole as service, call.history() as history:
        since, until = given["since"], given["until"]
        if clock := query.header.get("clock"):
            span = _between_by(clock, call, history, since, until, given)
        else:
            of = {name: given[name] for name in ("device", "channel") if name in given}
            span = between(call, history, since, until, **of, calendar=given)
        wanted: dict[str, Any] = dict(span)
        for name, choice in query.choices.items():
            if choice.kind == "duration":
                length = steps if name == "step" else _length
                wanted[f"{name}_ms"] = length(span, given[name])
            elif name != "range":
                wanted[name] = given[name]
        parameters = {name: wanted[name] for name in chosen.parameters if name not in filled}
        answer = history.query if service is None else service.query
        if service is not None and as_known is not None:
            zone = zone_of(call, given, given["device"])
            answer = service.explanations.known(parse_time(as_known, SYSTEM.now_ms(), zone))
        found = list(rows_of(answer(chosen.name, **parameters)))
        optional = [column.name for column in chosen.columns if column.optional]
        lacking = {name for name in optional if all(row[name] is None for row in found)}
        return [{k: v for k, v in row.items() if k not in lacking} for row in found]


def steps(span: Mapping[str, int], step: str) -> int:
    """The length of an interval, if the range has not too many of them.

    Raises:
        typer.BadParameter: there are more than anybody looks at, or it has no length.
    """
    step_ms = parse_span(step)
    if step_ms <= 0:
        raise typer.BadParameter(f"--step {step}: must be longer than nothing")
    if (span["end_ms"] - span["start_ms"]) // step_ms > MAX_STEPS:
        raise typer.BadParameter(f"more than {MAX_STEPS:,} steps: a longer --step or less time")
    return step_ms


def _length(_: Mapping[str, int], text: str) -> int:
    return parse_span(text)


def named(call: Call, query: Query, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Plates and users instead of pseudonyms."""
    fields = [column.name for column in query.columns if column.kind == "person"]
    found = list(rows)
    with call.people() as people:
        names = people.names({row[field] for row in found for field in fields if row[field]})
    return [row | {field: names.get(row[field], row[field]) for field in fields} for row in found]


def verbs() -> dict[str, Callable[..., None]]:
    """The commands that queries have, by their words."""
    from energyguard.history.query import queries

    return {
        query.header["cli"].partition(": ")[0]: verb_of(query)
        for query in queries().values()
        if "cli" in query.header
    }


QUERIES = verbs()
"""The commands that queries have, by their words."""
