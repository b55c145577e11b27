"""``notify``: who is told of alerts outside of the house, and what was sent."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at
from energyguard.errors import Malformed, NotFound, Unavailable
from energyguard.model.catalogue import SITE, key_of

if TYPE_CHECKING:
    from energyguard.service.notify.contract import DeliveryView, RouteView

Name = Annotated[str, typer.Argument(help="The route, as `notify routes` shows it.")]
NewName = Annotated[str, typer.Argument(help="A name for it: oncall, desk.")]
Address = Annotated[
    str, typer.Option(help="https://… (a webhook), ntfys://HOST/TOPIC, tgram://TOKEN/CHAT …")
]
AddressFile = Annotated[
    Path | None,
    typer.Option(
        help="A file with the address, so that no list of processes shows it; -: standard input.",
        allow_dash=True,
        show_default=False,
    ),
]
Mail = Annotated[str, typer.Option(help="Mail addresses, with commas between.")]
Server = Annotated[
    str, typer.Option(help="What takes the mail: smtps://USER@HOST, smtp://HOST:587.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        help="A file with the password of the mail server's user; -: standard input.",
        allow_dash=True,
        show_default=False,
    ),
]
Sender = Annotated[str, typer.Option("--from", help="From whom mail is.")]
FromSeverity = Annotated[str | None, typer.Option(help="At least so bad: info, warning, critical.")]
Devices = Annotated[
    str | None, typer.Option(help="Of which devices: site=lindenhof, label.floor=2.")
]
OfRule = Annotated[str | None, typer.Option(help="Only alerts of this rule.")]
Hours = Annotated[
    str | None, typer.Option(help="Only then, by the site's clock: 'mon-fri 07:00-18:00'.")
]
Quiet = Annotated[
    str | None, typer.Option(help="What is not critical waits for their end: '22:00-06:30'.")
]
Unanswered = Annotated[
    int | None, typer.Option(help="Only what nobody has acknowledged for so many minutes.")
]
PerHour = Annotated[
    int | None, typer.Option(help="With more messages than that, one each ten minutes.")
]
Reporting = Annotated[
    str | None,
    typer.Option(help="daily, weekly: a report of each site instead of each alert; '': alerts."),
]
Language = Annotated[str | None, typer.Option(help="en, de, it, pl.")]
NONE_YET = "nobody is told: energyguard notify add NAME --mail WHO --server smtps://USER@HOST"


def listed_route(view: RouteView) -> dict[str, Any]:
    """A route as a row."""
    last = view.last
    return {
        "route": view.id,
        "how": view.how,
        "to": view.to,
        "severity": view.severity,
        "about": " ".join(
            part for part in (view.selector, f"rule {view.rule}" if view.rule else "") if part
        )
        or "all alerts",
        "hours": view.hours or None,
        "quiet": view.quiet or None,
        "unanswered_min": view.unanswered_min or None,
        "waiting": view.waiting,
        "last": f"{last.standing} {at(last.at_ms)}" if last else None,
        "reason": last.reason or None if last else None,
    }


def listed_delivery(view: DeliveryView) -> dict[str, Any]:
    """A delivery as a row."""
    return {
        "at": at(view.at_ms),
        "route": view.route,
        "standing": view.standing,
        "news": view.news,
        "alert": view.alert or None,
        "about": view.about or None,
        "due": at(view.due_ms) if view.standing == "waiting" else None,
        "tries": view.tries,
        "reason": view.reason or None,
    }


def routes(call: Call) -> None:
    """List who is told outside of the house, and how the last message went."""
    with call.service() as service:
        found = service.routes.all()
    call.out.rows([listed_route(view) for view in found], empty=NONE_YET)


def add(
    call: Call,
    name: NewName,
    address: Address = "",
    address_file: AddressFile = None,
    mail: Mail = "",
    server: Server = "",
    password_file: PasswordFile = None,
    sender: Sender = "",
    severity: FromSeverity = None,
    devices: Devices = None,
    rule: OfRule = None,
    hours: Hours = None,
    quiet: Quiet = None,
    unanswered: Unanswered = None,
    per_hour: PerHour = None,
    language: Language = None,
    report: Reporting = None,
) -> None:
    """Tell somebody of alerts from now on, or change how; what is left out stays as it is."""
    from energyguard.service.notify.contract import RouteFields

    if mail:
        address = _mail(mail, server, _secret(password_file), sender)
    fields = RouteFields(
        address or _secret(address_file), severity, devices, rule, hours, quiet, unanswered,
        per_hour, language, report=report,
    )  # fmt: skip
    with call.service() as service:
        view = service.routes.put(name, fields, getpass.getuser())
    call.out.done(
        f"{view.id}: {view.how} to {view.to}; `energyguard notify test {view.id}` tries it",
        **listed_route(view),
    )


def _secret(file: Path | None) -> str:
    """What a file holds; of ``-`` standard input; of none nothing."""
    if file is None:
        return ""
    return (sys.stdin.read() if file == Path("-") else file.read_text("utf-8")).strip()


def _mail(to: str, server: str, password: str, sender: str) -> str:
    from urllib.parse import unquote, urlsplit

    from energyguard.notify.targets import mail_address

    if not server:
        raise Malformed("say which server takes the mail: --server smtps://USER@HOST", "server")
    parts = urlsplit(server if "://" in server else f"smtps://{server}")
    login, _, host = parts.netloc.rpartition("@")
    user, _, beside = login.partition(":")
    password = password or unquote(beside)
    return mail_address(to, f"{parts.scheme}://{host}", unquote(user), password, sender)


def remove(call: Call, name: Name) -> None:
    """Tell nobody by a route any more; what waits for it is dropped."""
    with call.service() as service:
        service.routes.remove(name, getpass.getuser())
    call.out.done(f"{name} is told no more", route=name)


def test(call: Call, name: Name) -> None:
    """Send a message by a route now, and say how it went."""
    with call.service() as service:
        view = service.routes.test(name, getpass.getuser())
    if view.reason:
        raise Unavailable(f"{name}: {view.reason}")
    call.out.done(f"{name}: the other side has taken it", **listed_delivery(view))


def report(
    call: Call,
    day: Annotated[
        str, typer.Option(help="2026-11-24, or a week: 2026-W48; none: yesterday.")
    ] = "yesterday",
    route: Annotated[str, typer.Option(help="Send it by this route; none: only show it.")] = "",
    dry_run: Annotated[bool, typer.Option(help="Only show what the route would get.")] = False,
) -> None:
    """Show what sites used in a day or a week, with cost, alerts and gaps, or send it."""
    from energyguard.log.compacted import CompactedTable
    from energyguard.notifier.report_words import report_message
    from energyguard.notifier.reports import report_sites
    from energyguard.records.notify import ROUTE, Route

    settings = call.settings
    with call.log() as kept:
        table = CompactedTable(kept, ROUTE)
        table.refresh()
    if route and route not in table.rows:
        raise NotFound(f"no route {route!r}")
    wanted = table.rows.get(route, Route(how="", to="", sealed="", by="", at_ms=0))
    with call.service() as service:
        entries, consumption = service.catalogue.entries, service.consumption
        spans = [
            (site, str(consumption.span(day, [key_of(SITE, site)] if site else [])))
            for site in report_sites(wanted.selector, entries)
        ]
        message = report_message(service, wanted, route, spans, "report", settings.notify.address)
        call.out.done(message.text.rstrip(), title=message.title, **message.content)
        if not route or dry_run:
            return
        sent = service.routes.test(
            route, getpass.getuser(), message.title, message.text, message.html
        )
    if sent.reason:
        raise Unavailable(f"{route}: {sent.reason}")


def log(
    call: Call,
    route: Annotated[str, typer.Option(help="Of this route.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
) -> None:
    """List what was sent to whom, and how it went, newest first."""
    with call.service() as service:
        found = service.routes.deliveries(limit, route)
    call.out.rows([listed_delivery(view) for view in found], empty="nothing was sent yet")
