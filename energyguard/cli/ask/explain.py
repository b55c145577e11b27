"""``explain``: why an energy is what it is, down to the bytes of a reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.ask.queries import AsKnown, Since, Until, between
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import spell
from energyguard.cli.terminal.spans import Day, Month, Week, Year, Zone
from energyguard.cli.terminal.times import parse_time
from energyguard.clock import SYSTEM
from energyguard.model.catalogue import key_meant

if TYPE_CHECKING:
    from energyguard.service.explain.contract import BoundedEnergy, EnergyExplanation
    from energyguard.service.service import EnergyService


def explain(
    call: Call,
    of: Annotated[str, typer.Argument(help="A device, such as H001; site/ID, group/ID.")],
    since: Since = "1d",
    until: Until = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    year: Year = None,
    zone: Zone = None,
    reading: Annotated[
        str | None,
        typer.Option(help="A reading's time: the record as it came.", show_default=False),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All entries, the ordinary ones too.")
    ] = False,
    as_known: AsKnown = None,
) -> None:
    """Show why an energy is what it is: entry by entry, at least and at most, what is missing."""
    key = key_meant(of)
    device = key.removeprefix("device/") if key.startswith("device/") else ""
    with call.service() as service:
        zone = zone or service.consumption.zone_of([key])
        if reading is not None:
            if not device:
                raise typer.BadParameter("--reading: of a device")
            _original(call, service, device, reading, zone)
            return
        calendar = {"day": day, "week": week, "month": month, "year": year, "zone": zone}
        span = between(call, service.history, since, until, device, calendar=calendar)
        ends = span["start_ms"], span["end_ms"]
        by = None if as_known is None else parse_time(as_known, SYSTEM.now_ms(), zone)
        found = service.explanations.of(key, *ends, zone, everything, by)
        name = service.catalogue.entries.name(device) if device else key
    from energyguard.service.explain.rows import explanation_record

    record = explanation_record(found)
    if call.json:
        call.out.record(record)
        return
    print(f"{name}, {_between(found)}: {energy_words(found.total)}")
    if found.as_known_ms is not None:
        print(_difference(found))
    _print(call, found, record)


def _original(call: Call, service: EnergyService, device: str, time: str, zone: str) -> None:
    """Readings as they lie in the log."""
    from energyguard.service.explain.rows import original_record

    time_ms = parse_time(time, SYSTEM.now_ms(), zone)
    for found in service.explanations.originals(device, time_ms):
        record = original_record(found, zone)
        if found.partition is None and not call.json:
            print(f"{found.channel} {spell(found.value)} {found.unit}: it was offset "
                  f"{found.offset} of {found.topic}; the log keeps that no longer")  # fmt: skip
            continue
        call.out.record(record)


def _between(found: EnergyExplanation) -> str:
    from energyguard.model.days import local

    total, zone = found.total, found.zone
    start, end = (f"{local(ms, zone):%Y-%m-%d %H:%M}" for ms in (total.start_ms, total.end_ms))
    return f"{start} to {end} ({zone})"


def energy_words(energy: BoundedEnergy) -> str:
    """An energy, its bounds, and how much of its time is covered."""
    if energy.kwh is None:
        return "nothing came"
    words = [f"{spell(energy.kwh)} kWh"]
    if energy.low is not None and energy.high is not None:
        words.append(f"at least {spell(energy.low)}, at most {spell(energy.high)}")
    if energy.import_kwh is not None and energy.export_kwh:
        words.append(f"{spell(energy.import_kwh)} drawn, {spell(energy.export_kwh)} fed in")
    if energy.coverage is not None:
        words.append(f"readings speak of {energy.coverage:.2%} of the time")
    return "; ".join(words)


def _difference(found: EnergyExplanation) -> str:
    """What was known then against what is known now."""
    from energyguard.model.days import local

    by = f"as known by {local(found.as_known_ms or 0, found.zone):%Y-%m-%d %H:%M:%S}"
    change = found.change_kwh
    if found.now_kwh is None or change is None:
        return f"{by}; now nothing is known of it"
    if not change:
        return f"{by}; now it is the same"
    more = "more" if change > 0 else "less"
    return f"{by}; now {spell(found.now_kwh)} kWh: {spell(abs(change))} {more}"


def _print(call: Call, found: EnergyExplanation, record: Mapping[str, Any]) -> None:
    """What it is made of, as tables."""
    for row in found.ordinary:
        print(f"{row.entries:,} ordinary entries ({row.kind}): {spell(row.kwh)} kWh")
    if not found.is_detailed:
        print(f"{found.readings:,} readings: too many for entries and bounds; ask for less time")
    for title, rows in (
        ("Entries", _entries(found, record)),
        ("Counted in no window", record["judged"]),
        ("Hours without readings", record["missing"]),
        ("Corrections", _corrections(found)),
        ("Cost", record["bill"]["lines"] if record["bill"] else []),
        ("Parts", _parts(found)),
    ):
        shown = [_local(row) for row in rows]
        if shown:
            print(f"\n{title}")
            call.out.rows(shown)
    if found.parts_more:
        print(f"and {found.parts_more:,} more")


def _entries(found: EnergyExplanation, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for entry, row in zip(found.entries, record["entries"], strict=True):
        names = ("time", "value", "start", "end", "kwh", "low", "high", "kind")
        verdicts = ", ".join(entry.verdicts)
        yield {name: row[name] for name in names} | {"verdict": verdicts, "why": row["why"]}


def _corrections(found: EnergyExplanation) -> Iterator[dict[str, Any]]:
    """What people said of its readings."""
    from energyguard.model.days import local

    for view in found.corrections:
        start, end = (local(ms, found.zone) for ms in (view.start_ms, view.end_ms))
        yield {
            "id": view.id,
            "from": start,
            "to": end if view.end_ms > view.start_ms + 1 else None,
            "value": view.value or "wrong",
            "by": view.by,
            "why": view.why,
            "holds": view.holds,
        }


def _parts(found: EnergyExplanation) -> Iterator[dict[str, Any]]:
    for part in found.parts:
        yield {"": "-" if part.minus else "+", "of": part.key, "kwh": part.energy.kwh}


def _local(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its times as the zone's clock shows them."""
    return {
        name: f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "hour") else value
        for name, value in row.items()
    }
