"""``silences``: which alerts are quiet by device, site or rule, when, and by whom."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at

if TYPE_CHECKING:
    from energyguard.service.alerts.silence_view import SilenceView

Which = Annotated[str, typer.Argument(help="Which devices: site=lindenhof, id=p3; none: all.")]
From = Annotated[
    str,
    typer.Option("--from", help="2026-12-24, 2026-12-24T18:00.", show_default="now"),
]
Every = Annotated[
    str,
    typer.Option(
        help="Only in these times, by the site's clock: sun 02:00-06:00, mon-fri 22:00-05:00.",
        show_default="always",
    ),
]
OfRule = Annotated[str, typer.Option("--rule", help="Only alerts of this rule.")]
NONE_YET = "nothing is silenced: energyguard silences add site=SITE --until tonight"


def listed(view: SilenceView) -> dict[str, Any]:
    """A silence as a row."""
    return {
        "id": view.id,
        "active": view.active,
        "about": view.about,
        "by": view.by,
        "since": at(view.from_ms),
        "until": None if view.until_ms is None else at(view.until_ms),
        "every": f"{view.every} {view.zone}" if view.every else None,
        "next": None if view.next_ms is None else at(view.next_ms),
        "alerts": view.alerts,
        "ended_by": view.ended_by or None,
        "note": view.note or None,
    }


def list_(
    call: Call,
    ended: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
) -> None:
    """List the standing silences: those that hold, and those to come."""
    with call.service() as service:
        found = [view for view in service.silences.all() if ended or not view.is_over]
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
    begins: From = "",
    every: Every = "",
) -> None:
    """Let alerts be quiet, open ones and those to come; nobody is notified of them.

    With --from or --every it is a maintenance window: what still lasts when it ends is told then.
    """
    with call.service() as service:
        from_ms = service.silences.begins(begins, selector)
        until_ms = service.silences.until(until, selector, from_ms)
        hidden = service.silences.preview(selector, rule, from_ms, every)
        view = service.silences.put(
            selector, rule, until_ms, getpass.getuser(), note, from_ms, every
        )
    call.out.done(
        f"{view.id}: {view.about} quiet {when(view)}; {view.alerts} open alerts; "
        f"{hidden.last_7_days} would have been in the last 7 days",
        **listed(view),
        last_7_days=hidden.last_7_days,
    )


def when(view: SilenceView) -> str:
    """When it holds, in words."""
    parts = [f"every {view.every} ({view.zone})"] if view.every else []
    if not view.active and view.next_ms is not None:
        parts.append(f"{'next' if view.every else 'from'} {at(view.next_ms)}")
    parts.append("until it is ended" if view.until_ms is None else f"until {at(view.until_ms)}")
    return ", ".join(parts)


def preview(
    call: Call, selector: Which = "", rule: OfRule = "", begins: From = "", every: Every = ""
) -> None:
    """Say what a silence would hide, and change nothing."""
    with call.service() as service:
        from_ms = service.silences.begins(begins, selector)
        hidden = service.silences.preview(selector, rule, from_ms, every)
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
