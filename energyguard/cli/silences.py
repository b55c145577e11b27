"""``silences``: which alerts are quiet by device, site or rule, until when, and by whom."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.call import Call
from energyguard.cli.output import at

if TYPE_CHECKING:
    from energyguard.service.alerts.silences import SilenceView

Which = Annotated[str, typer.Argument(help="Which devices: site=lindenhof, id=p3; none: all.")]
OfRule = Annotated[str, typer.Option("--rule", help="Only alerts of this rule.")]
NONE_YET = "nothing is silenced: energyguard silences add site=SITE --until tonight"


def listed(view: SilenceView) -> dict[str, Any]:
    """A silence as a row."""
    return {
        "id": view.id,
        "active": view.active,
        "about": view.about,
        "by": view.by,
        "since": at(view.at_ms),
        "until": None if view.until_ms is None else at(view.until_ms),
        "alerts": view.alerts,
        "ended_by": view.ended_by or None,
        "note": view.note or None,
    }


def list_(
    call: Call,
    ended: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
) -> None:
    """List the standing silences."""
    with call.service() as service:
        found = [view for view in service.silences.all() if view.active or ended]
    call.out.rows([listed(view) for view in found], empty=NONE_YET)


def add(
    call: Call,
    selector: Which = "",
    rule: OfRule = "",
    until: Annotated[
        str,
        typer.Option(help="tonight, 1h, 2026-12-24, 2026-12-24T18:00.", show_default="ended"),
    ] = "",
    note: Annotated[str, typer.Option(help="Why, for the others.")] = "",
) -> None:
    """Let alerts be quiet, open ones and those to come; nobody is notified of them."""
    with call.service() as service:
        until_ms = service.silences.until(until, selector)
        hidden = service.silences.preview(selector, rule)
        view = service.silences.put(selector, rule, until_ms, getpass.getuser(), note)
    ends = "until it is ended" if view.until_ms is None else f"until {at(view.until_ms)}"
    call.out.done(
        f"{view.id}: {view.about} quiet {ends}; {view.alerts} open alerts; "
        f"{hidden.last_7_days} would have been in the last 7 days",
        **listed(view),
        last_7_days=hidden.last_7_days,
    )


def preview(call: Call, selector: Which = "", rule: OfRule = "") -> None:
    """Say what a silence would hide, and change nothing."""
    with call.service() as service:
        hidden = service.silences.preview(selector, rule)
    call.out.done(
        f"{hidden.open} open alerts; {hidden.last_7_days} that fired in the last 7 days, of "
        f"{hidden.devices} devices",
        **hidden._asdict(),
    )


def end(
    call: Call, silence_id: Annotated[str, typer.Argument(help="As `silences list` shows it.")]
) -> None:
    """End a silence: what is open is heard again."""
    with call.service() as service:
        view = service.silences.end(silence_id, getpass.getuser())
    call.out.done(f"{view.id}: {view.about} heard again", **listed(view))
