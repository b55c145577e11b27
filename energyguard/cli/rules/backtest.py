"""``backtest``: what a rule would have raised, and what it would have found, before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import available_timezones

import typer

from energyguard.cli.rules.evaluate import CatalogueFile, show_refused
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at, spell_minutes
from energyguard.cli.terminal.times import parse_span

if TYPE_CHECKING:
    from energyguard.catalogue import Catalogue
    from energyguard.offline.backtest import Backtest
    from energyguard.offline.contenders import Contender
    from energyguard.offline.labels import LabelledEvent

DAY_MS = 86_400_000


Readings = Annotated[
    list[Path] | None,
    typer.Argument(help="Readings: files of any shape we know.", show_default=False),
]
TriedRuleName = Annotated[
    str,
    typer.Option(
        help="A rule file of one rule, the id of a rule, or `unusual` (`unusual:0.5`: so many "
        "alerts per device and week)."
    ),
]
OtherRule = Annotated[
    str | None, typer.Option(help="Another one, side by side.", show_default=False)
]
Labels = Annotated[
    Path | None,
    typer.Option(help="What happened: CSV with device,start,end,kind.", show_default=False),
]
OfHistory = Annotated[
    bool, typer.Option("--history", help="The readings of the history, instead of files.")
]
HistorySince = Annotated[
    str, typer.Option(help="Of the history: from a time, or how long before the newest.")
]
LabelsZone = Annotated[
    str | None,
    typer.Option(
        help="Of labels without an offset, and of a rule's days: IANA, such as Europe/Berlin.",
        show_default="labels need offsets; a rule has the site's",
    ),
]
Learn = Annotated[
    str | None,
    typer.Option(
        help="Not counted of each device.", show_default="14 days where a rule learns, else 0s"
    ),
]
PageFile = Annotated[
    Path | None, typer.Option(help="Write a page with the series, too.", show_default=False)
]


def backtest(
    call: Call,
    files: Readings = None,
    rule: TriedRuleName = "household-prod",
    against: OtherRule = None,
    labels: Labels = None,
    history: OfHistory = False,
    since: HistorySince = "90d",
    zone: LabelsZone = None,
    learn: Learn = None,
    catalogue: CatalogueFile = None,
    html: PageFile = None,
) -> None:
    """Try a rule on readings of the past: alerts per device and week, and what they would find.

    Nothing is switched on and nothing left behind. With labels: events caught and missed,
    precision, recall, F1 and delay, for alerts alone and with their reminders (one each 24 h).
    """
    from energyguard.catalogue import Catalogue
    from energyguard.cli.rules.counting import catalogue_of
    from energyguard.offline.labels import read_labels

    settings = call.settings
    if zone is not None and zone not in available_timezones():
        raise typer.BadParameter(f"--zone {zone}: no time zone such as Europe/Berlin")
    if bool(files) == history:
        raise typer.BadParameter("name files of readings, or ask for --history")
    events = read_labels(labels, zone) if labels else []
    known = catalogue_of(settings, catalogue) if catalogue else Catalogue(settings.serve.zone)
    contenders = [
        _contender(call, name, zone, known) for name in (rule, against) if name is not None
    ]
    learn_ms = None if learn is None else parse_span(learn)
    with _readings(call, files, since, contenders) as (paths, chosen):
        found = _tried(call, paths, chosen, labels, events, learn_ms)
    if html is not None:
        from energyguard.catalogue.energy import described_by
        from energyguard.offline.backtest_page import backtest_page

        described = described_by(chosen[0].catalogue, settings.ledger.defaults)
        html.write_text(
            backtest_page(found, zone or settings.serve.zone, described), encoding="utf-8"
        )
    if call.json:
        call.out.record(_record(found))
    else:
        _show(call, found)


def _tried(
    call: Call,
    paths: Sequence[Path],
    contenders: Sequence[Contender],
    labels: Path | None,
    events: Sequence[LabelledEvent],
    learn_ms: int | None,
) -> Backtest:
    """Try what is to be tried, on readings that the labels are of."""
    from energyguard.offline.backtest import backtest as tried
    from energyguard.offline.labels import check_devices
    from energyguard.offline.reading_files import ReadingFiles

    readings = ReadingFiles.of(paths, call.settings)
    show_refused(readings.refused, anything=True)
    if labels:
        known = {*readings.spans}.union(*(of.devices(readings) for of in contenders))
        check_devices(labels, events, known)
    return tried(contenders, readings, events, call.settings, learn_ms)


def _contender(call: Call, name: str, zone: str | None, catalogue: Catalogue) -> Contender:
    """What an option names.

    Raises:
        ConfigError: the file has faults, or not one rule; or the budget is none.
        NotFound: there is no such rule, nor such a file.
    """
    from energyguard.errors import ConfigError
    from energyguard.offline.contenders import UNUSUAL, OfRule, OfUnusual
    from energyguard.rules.registry import book_of
    from energyguard.rules.rule import SiteCalendar
    from energyguard.rules.toml import read_rules

    settings = call.settings
    site = SiteCalendar(zone or settings.serve.zone, settings.rules.holidays)
    word, _, budget = name.partition(":")
    if word == UNUSUAL:
        return OfUnusual(_budget(name, budget), site.clock, catalogue)
    if Path(name).is_file():
        rules = read_rules(Path(name))
        if len(rules) != 1:
            ids = ", ".join(rule.id for rule in rules)
            raise ConfigError(f"{name}: {len(rules)} rules ({ids}); put the one to try in a file")
        rule = rules[0]
    else:
        rule = book_of(settings).get(name)
    return OfRule(rule.at_site(site), catalogue)


def _budget(name: str, text: str) -> float:
    from energyguard.detection.detector import DEFAULT_BUDGET
    from energyguard.errors import ConfigError

    try:
        budget = float(text) if text else DEFAULT_BUDGET
    except ValueError:
        budget = 0.0
    if not 0 < budget < float("inf"):
        raise ConfigError(f"{name}: a number of alerts per device and week above 0 is needed")
    return budget


@contextmanager
def _readings(
    call: Call, files: Sequence[Path] | None, since: str, contenders: Sequence[Contender]
) -> Iterator[tuple[Sequence[Path], Sequence[Contender]]]:
    """The files, or those of the history; and the same contenders, about what these hold."""
    if files:
        yield files, contenders
        return
    from energyguard.cli.ask.queries import between
    from energyguard.offline.contenders import OfRule
    from energyguard.offline.of_history import devices_of, files_of

    with call.service() as service:
        devices = set[str]()
        for contender in contenders:
            rule = contender.rule if isinstance(contender, OfRule) else None
            devices |= set(devices_of(rule, service.history, service.catalogue))
        chosen = [contender.of_history(service.catalogue.entries) for contender in contenders]
        span = between(call, service.history, since, None)
        with files_of(service.history, sorted(devices), **span) as paths:
            yield paths, chosen


def _show(call: Call, found: Backtest) -> None:
    """Tables for people."""
    from energyguard.offline.backtest import event_rows, figure_rows, kind_rows

    learned = f" after {found.learn_ms / DAY_MS:g} days of learning each" if found.learn_ms else ""
    print(f"{len(found.devices):,} devices, {found.weeks:,.1f} device-weeks{learned}")
    for of in found.tried:
        print(f"{of.contender.name}: {of.contender.text}")
    for rows in (figure_rows(found), kind_rows(found), event_rows(found)):
        if rows:
            print()
            call.out.rows(map(_spelled, rows))


def _spelled(row: dict[str, Any]) -> dict[str, Any]:
    """Minutes as hours and minutes."""
    return {
        name.removesuffix("_min"): spell_minutes(value) if name.endswith("_min") else value
        for name, value in row.items()
    }


def _record(found: Backtest) -> dict[str, Any]:
    """All of it for programs."""
    from energyguard.offline.backtest import event_rows, figure_rows, kind_rows

    return {
        "devices": len(found.devices),
        "device_weeks": found.weeks,
        "learned_days": found.learn_ms / DAY_MS,
        "rules": [{"rule": of.contender.name, "text": of.contender.text} for of in found.tried],
        "figures": figure_rows(found),
        "kinds": kind_rows(found),
        "events": event_rows(found),
        "alerts": [
            {"rule": of.contender.name, "device": a.device, "raised": at(a.raised_ms),
             "ended": at(a.ended_ms)}
            for of in found.tried
            for a in of.alerts
        ],
    }  # fmt: skip
