"""``alerts list|show|ack|answer|silence``: what is wrong, and who has it."""

from __future__ import annotations

import getpass
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at, plain
from energyguard.cli.terminal.times import parse_span
from energyguard.errors import NotFound
from energyguard.model.alerts import State
from energyguard.model.quantities import from_nano

if TYPE_CHECKING:
    from energyguard.alerts.alert import Alert
    from energyguard.service.alerts.how_unusual import HowUnusual

Id = Annotated[str, typer.Argument(help="The alert's id, as `alerts list` shows it.")]
By = Annotated[str | None, typer.Option(help="Who.", show_default="you")]
MAX_KNOWN = 10_000
"""All that are in memory."""
Note = Annotated[str, typer.Option(help="A sentence for the others.")]


def listed(alert: Alert) -> dict[str, Any]:
    """An alert as a row."""
    return {
        "id": alert.id,
        "state": alert.state.value,
        "severity": alert.severity.value,
        "device": alert.device,
        "rule": alert.rule,
        "since": at(alert.since_ms),
        "observed": f"{from_nano(alert.observed)} {alert.unit}" if alert.measured else "-",
        "expected": f"{from_nano(alert.expected)} {alert.unit}" if alert.measured else "-",
        "sentence": alert.sentence,
    }


def list_(
    call: Call,
    closed: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
) -> None:
    """List the open alerts, newest first."""
    from energyguard.alerts.flapping import flapping
    from energyguard.alerts.incidents import causes

    with call.service() as service:
        if closed:
            found = service.book.find(device=device, state=state, limit=limit)
        else:
            found = [
                alert
                for alert in service.book.open()
                if device in (None, alert.device) and state in (None, alert.state)
            ][:limit]
        parts = causes(service.book.open(), service.catalogue.entries)
        flaps = flapping(service.book.find(limit=MAX_KNOWN), service.clock.now_ms())
    call.out.rows(
        [
            listed(alert)
            | {"incident": part.id if (part := parts.get(alert.id)) else None}
            | {"flaps": f"{f.times} since {at(f.since_ms)}" if (f := flaps.get(alert.id)) else None}
            for alert in found
        ],
        empty="no open alerts",
    )


def show(call: Call, alert_id: Id) -> None:
    """Show an alert with its whole story."""
    from energyguard.service.alerts.how_unusual import how_unusual

    with call.service() as service:
        alert, story = service.book.get(alert_id), service.book.story(alert_id)
        usual = None
        with suppress(NotFound):  # it is not about that
            usual = how_unusual(service, alert)
    timeline = [{"at": at(entry.at_ms), **_entry(entry.what)} for entry in story]
    if call.json:
        known = {} if usual is None else {"usual": plain(usual)}
        call.out.record({**listed(alert), "note": alert.note, **known, "story": timeline})
        return
    call.out.record(listed(alert) | {"note": alert.note or None} | _unusual(usual))
    print()
    call.out.rows(timeline)


def _unusual(found: HowUnusual | None) -> dict[str, Any]:
    """What an alert about unusual use has besides."""
    if found is None:
        return {}
    more = None if found.more_kwh is None else f"{found.more_kwh:+.3g} kWh"
    if found.more_cost is not None:
        more = f"{more}, {found.more_cost:.2f} {found.currency}"
    return {
        "usual": f"{found.low_kw:.3g} to {found.high_kw:.3g} kW",
        "kind": f"{found.kind} (next: {found.next_kind})",
        "evidence": "; ".join(f"{of.name} {of.number:+.1f}" for of in found.reasons),
        "rarity": f"about one in {found.weeks:.0f} device-weeks",
        "more": more,
    }


def _entry(what: Any) -> dict[str, Any]:
    if hasattr(what, "act"):
        return {"who": what.by, "what": what.act.value, "said": what.note or "-"}
    state = ("withdrawn" if what.reason else "restated") if what.restated else what.state.value
    return {"who": "worker", "what": state, "said": what.about}


def ack(call: Call, alert_id: Id, by: By = None, note: Note = "") -> None:
    """Say that a person has it."""
    with call.service() as service:
        alert = service.acknowledge(alert_id, by=by or getpass.getuser(), note=note)
    call.out.done(f"{alert_id}: {alert.sentence}", **listed(alert))


def answer(
    call: Call,
    alert_id: Id,
    undo: Annotated[bool, typer.Option("--undo", help="It was not us, after all.")] = False,
    by: By = None,
    note: Note = "",
) -> None:
    """Say that it was us: everybody reads it, and the device's bar for such alerts is raised.

    Of unusual use such alerts of this device become e times as rare; that fades by half in 14 days.
    """
    from energyguard.service.alerts.answers import NOT_US, WAS_US, not_us, was_us

    person = by or getpass.getuser()
    with call.service() as service:
        if undo:
            alert = not_us(service, alert_id, person, note or NOT_US)
        else:
            alert = was_us(service, alert_id, person, note or WAS_US)
    call.out.done(f"{alert_id}: {alert.note}", **listed(alert))


def silence(
    call: Call,
    alert_id: Id,
    span: Annotated[str, typer.Option("--for", help="How long, by the wall clock.")] = "1h",
    by: By = None,
    note: Note = "",
) -> None:
    """Keep an alert quiet for a while."""
    with call.service() as service:
        alert = service.silence(
            alert_id, for_ms=parse_span(span), by=by or getpass.getuser(), note=note
        )
    call.out.done(f"{alert_id}: {alert.sentence}", **listed(alert))
