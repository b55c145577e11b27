"""Spans of the calendar as commands take them: ``--day yesterday --zone Europe/Berlin``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energyguard.model.quantities import parse_duration

if TYPE_CHECKING:
    from energyguard.cli.terminal.call import Call
    from energyguard.model.calendar import CalendarSpan

Day = Annotated[
    str | None,
    typer.Option("--day", help="This day: 2026-11-24, today, yesterday.", show_default=False),
]
Week = Annotated[
    str | None,
    typer.Option("--week", help="This week: 2026-W48, this-week, last-week.", show_default=False),
]
Month = Annotated[
    str | None,
    typer.Option("--month", help="This month: 2026-11, last-month.", show_default=False),
]
Year = Annotated[
    str | None, typer.Option("--year", help="This year: 2026, last-year.", show_default=False)
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--zone", help="Whose days: IANA, such as Europe/Berlin.", show_default="the site's"
    ),
]
SPAN_OPTIONS: Final[Mapping[str, Any]] = {
    "day": Day, "week": Week, "month": Month, "year": Year, "zone": Zone,
}  # fmt: skip
"""What every command with a time range takes besides ``--since`` and ``--until``."""


def span_of(given: Mapping[str, Any], zone: str, now_ms: int) -> CalendarSpan | None:
    """The day, week, month or year that is asked for; None: none is.

    Args:
        given: the options by name.
        zone: whose days.
        now_ms: what ``today`` is reckoned from (ms since 1970 UTC).

    Raises:
        typer.BadParameter: it is none, or more than one is given.
    """
    named = {name: given[name] for name in SPAN_OPTIONS if name != "zone" and given.get(name)}
    if not named:
        return None
    if len(named) > 1:
        raise typer.BadParameter(f"{' and '.join(f'--{name}' for name in named)}: one of them")
    [(unit, text)] = named.items()
    span = parsed(text, zone, now_ms, f"--{unit}")
    if span.unit != unit:
        raise typer.BadParameter(f"--{unit} {text}: it is a {span.unit}")
    return span


def parsed(text: str, zone: str, now_ms: int, option: str) -> CalendarSpan:
    """Read a span.

    Raises:
        typer.BadParameter: it is none.
    """
    from energyguard.model.calendar import CalendarSpan
    from energyguard.model.days import local

    try:
        return CalendarSpan.parse(text, zone, local(now_ms, zone).date())
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def zone_of(call: Call, given: Mapping[str, Any], device: str = "", *texts: str | None) -> str:
    """The zone in which days are meant: ``--zone``, else that of the device's site.

    The catalogue is read only where a day is spoken of.

    Args:
        call: the options of every command.
        given: the options by name.
        device: whose site; none: `serve.zone`.
        *texts: of a range; a duration needs no zone.

    Raises:
        typer.BadParameter: there is no such zone.
    """
    if zone := given.get("zone"):
        return _known(zone)
    wanted = any(given.get(name) for name in SPAN_OPTIONS) or any(map(_speaks_of_days, texts))
    if not device or not wanted:
        return call.settings.serve.zone
    from energyguard.catalogue import Catalogue
    from energyguard.catalogue.changes import CatalogueChanges

    entries = Catalogue(call.settings.serve.zone)
    with call.log() as log:
        CatalogueChanges(log, entries).refresh()
    return entries.zone_of_device(device)


def _known(zone: str) -> str:
    from energyguard.settings.section import known_zone

    try:
        return known_zone(zone)
    except ValueError as error:
        raise typer.BadParameter(f"--zone {zone}: {error}") from None


def _speaks_of_days(text: str | None) -> bool:
    """Whether a time depends on a zone."""
    if not text:
        return False
    try:
        parse_duration(text)
    except ValueError:
        return not text.rstrip().endswith("Z")
    return False
