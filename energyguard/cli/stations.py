"""``stations …``: questions about charging stations; ``stations add`` lists chargers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.call import Call, command, group
from energyguard.cli.output import rows_of
from energyguard.cli.times import parse_range, parse_span

if TYPE_CHECKING:
    from energyguard.history import History

MAX_STEPS = 10_000
_WHO = ("who", "plate", "user")

Since = Annotated[str, typer.Option(help="From: a time, or how long before the newest (2h).")]
Until = Annotated[
    str | None, typer.Option(help="To: a time, or before the newest.", show_default="the newest")
]
Station = Annotated[str, typer.Option(help="Only this station's.", show_default="all")]
Step = Annotated[str, typer.Option(help="How long an interval is.")]
Names = Annotated[
    bool, typer.Option("--names", help="Plates and users, to whom the data folder belongs.")
]


class Ranked(StrEnum):
    """Who is best and worst."""

    STATION = "station"
    CHARGER = "charger"


def between(call: Call, history: History, since: str, until: str | None) -> dict[str, int]:
    """The half-open range of two texts; durations count back from the newest of the chargers."""
    newest = 0
    for row in rows_of(history.query("station_span")):
        newest = int(row["last"].timestamp() * 1000) + 1
    return parse_range(since, until, newest, call.settings.serve.zone)


def steps(span: Mapping[str, int], step: str) -> dict[str, int]:
    """The length of an interval, if the range has not too many of them.

    Raises:
        typer.BadParameter: there are more than anybody looks at, or it has no length.
    """
    step_ms = parse_span(step)
    if step_ms <= 0:
        raise typer.BadParameter(f"--step {step}: must be longer than nothing")
    if (span["end_ms"] - span["start_ms"]) // step_ms > MAX_STEPS:
        raise typer.BadParameter(f"more than {MAX_STEPS:,} steps: a longer --step or less time")
    return {"step_ms": step_ms}


def _show(
    call: Call, question: str, since: str, until: str | None, leave_out: str = "", **given: object
) -> None:
    """Ask, and show the rows.

    ``step`` becomes ``step_ms``, ``names`` is for what is shown; rows with nothing in the column
    ``leave_out`` are not shown.
    """
    from energyguard.node import open_history

    names, step = given.pop("names", False), given.pop("step", None)
    with open_history(call.settings) as history:
        span = between(call, history, since, until)
        if step is not None:
            given |= steps(span, str(step))
        found: Iterable[dict[str, Any]] = rows_of(history.query(question, **span, **given))
        shown = [
            row
            for row in (_named(call, found) if names else found)
            if not leave_out or row[leave_out]
        ]
    call.out.rows(shown, empty="nothing of chargers in this time")


def _named(call: Call, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    from energyguard.node import open_people

    found = list(rows)
    with open_people(call.settings) as people:
        names = people.names({row[field] for row in found for field in _WHO if row.get(field)})
    for row in found:
        yield row | {field: names.get(row[field], row[field]) for field in _WHO if field in row}


def occupancy(call: Call, station: Station = "", since: Since = "1d", until: Until = None) -> None:
    """Show how much of the time of their bays cars stood at stations, and how much was free (%)."""
    _show(call, "station_occupancy", since, until, station=station)


def stays(call: Call, station: Station = "", since: Since = "1d", until: Until = None) -> None:
    """Show how many stays began at stations, and how long cars stayed in the mean."""
    _show(call, "station_stays", since, until, station=station)


def charges(call: Call, station: Station = "", since: Since = "1d", until: Until = None) -> None:
    """Show how many charges were paid at stations: their mean time and energy."""
    _show(call, "station_charges", since, until, station=station)


def sessions(
    call: Call,
    station: Station = "",
    step: Step = "1h",
    since: Since = "1d",
    until: Until = None,
) -> None:
    """Show how many stays began in each interval."""
    _show(call, "station_sessions", since, until, station=station, step=step)


def revenue(
    call: Call,
    station: Station = "",
    step: Step = "1h",
    since: Since = "1d",
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="Periods without any, too.")] = False,
) -> None:
    """Show what was paid and charged in each period: EUR and kWh."""
    _show(
        call,
        "station_revenue",
        since,
        until,
        "" if everything or call.json else "charges",
        station=station,
        step=step,
    )


def top(
    call: Call,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many of each.")] = 5,
    by: Annotated[Ranked, typer.Option(help="Who is ranked.")] = Ranked.STATION,
    since: Since = "1d",
    until: Until = None,
) -> None:
    """Show the stations, or the chargers, with the most profit, and those with the least."""
    question = "station_top" if by is Ranked.STATION else "station_top_chargers"
    _show(call, question, since, until, n=n)


def violations(
    call: Call,
    station: Station = "",
    kinds: Annotated[bool, typer.Option("--kinds", help="Only how many of each kind.")] = False,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="The newest so many.")] = 50,
    names: Names = False,
    since: Since = "1d",
    until: Until = None,
) -> None:
    """Show the limits that cars broke, newest first."""
    if kinds:
        _show(call, "station_violation_kinds", since, until, station=station)
    else:
        _show(call, "station_violations", since, until, station=station, n=n, names=names)


def now(
    call: Call,
    curve: Annotated[
        str, typer.Option(help="Also before that: mean, least, most in such steps.")
    ] = "",
    since: Since = "1d",
    until: Until = None,
) -> None:
    """Show how many cars stand at all chargers together, in the newest second that is certain."""
    from energyguard.node import open_history

    if curve:
        _show(call, "station_occupied", since, until, step=curve)
        return
    with open_history(call.settings) as history:
        found = list(rows_of(history.query("station_now")))
    call.out.rows(found, empty="no second is certain yet")


def bays(call: Call, since: Since = "1d", until: Until = None) -> None:
    """Show what each bay is by its newest signal: free, parked, connected, charging, charged."""
    _show(call, "station_bays", since, until)


def signals(
    call: Call,
    charger: Annotated[str, typer.Argument(help="A charger, such as charger-7.")],
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="The newest so many.")] = 50,
    names: Names = False,
    since: Since = "1d",
    until: Until = None,
) -> None:
    """Show the signals of a charger as they came, oldest first."""
    _show(call, "station_signals", since, until, charger=charger, n=n, names=names)


def day(
    call: Call,
    station: Annotated[str, typer.Argument(help="A station.")],
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="At most so many.")] = 200,
    names: Names = False,
    since: Since = "1d",
    until: Until = None,
) -> None:
    """Show the stays, charges and violations at a station, in order of time."""
    _show(call, "station_day", since, until, station=station, n=n, names=names)


def add(
    call: Call,
    file: Annotated[
        Path, typer.Argument(help="charger,station,latitude,longitude,rating_kw[,topic]")
    ],
) -> None:
    """List the chargers of a CSV file: where each is, and how strong. A wrong row stops it all."""
    from energyguard.intake.charger_list import announce, read_chargers
    from energyguard.node import open_log

    found = read_chargers(file)
    with open_log(call.settings) as log:
        announce(log, found)
    stations = len({one.station for one in found})
    call.out.done(
        f"{len(found):,} chargers at {stations:,} stations", chargers=len(found), stations=stations
    )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    verbs = group("Charging stations: the questions about them, and which chargers there are.")
    for verb in (
        occupancy, stays, charges, sessions, revenue, top, violations, now, bays, day, signals, add,
    ):  # fmt: skip
        command(verbs, verb.__name__)(verb)
    app.add_typer(verbs, name="stations")
