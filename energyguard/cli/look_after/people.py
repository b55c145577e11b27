"""``people …``: who may look, act and look after it; who is logged in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from energyguard.cli.look_after.tokens import Expires, Sites, address_of_page, end_of
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.noting import note
from energyguard.cli.terminal.output import at
from energyguard.model.access import AccessRole

Name = Annotated[str, typer.Argument(help="The name that is typed to log in.")]
Role = Annotated[AccessRole, typer.Option("--role", help="read, operate or admin.")]


def add(
    call: Call,
    name: Name,
    role: Role = AccessRole.READ,
    site: Sites = None,
    expires: Expires = "",
    shown: Annotated[str, typer.Option("--shown", help="The name in full.")] = "",
) -> None:
    """Let there be somebody, and print the link with which they choose a password."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens
    from energyguard.audit import COMMAND_LINE

    tokens = Tokens(call.settings.data_dir)
    accounts = Accounts(tokens)
    until_ms = end_of(expires, tokens.clock.now_ms())
    accounts.add(name, role, site or (), until_ms, shown, COMMAND_LINE)
    note(call, "person invited", name, _rights(role, site))
    invite(call, name)


def invite(call: Call, name: Name) -> None:
    """Print a link that sets somebody's password, once, within 72 hours."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens
    from energyguard.errors import Unavailable

    folder = call.settings.data_dir
    key = Accounts(Tokens(folder)).invite(name)
    note(call, "invitation", name)
    try:
        page = address_of_page(folder)
    except Unavailable:
        page = "http://ADDRESS/"
    made = f"{page}invite?key={key}"
    call.out.done(made, name=name, link=made)


def link(call: Call, name: Name) -> None:
    """Print a link that logs somebody in, once, within ten minutes."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens

    folder = call.settings.data_dir
    made = f"{address_of_page(folder)}login?key={Accounts(Tokens(folder)).link(name)}"
    note(call, "link to log in", name)
    call.out.done(made, name=name, link=made)


def list_(call: Call) -> None:
    """List everybody, and what each may do."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens

    rows = [
        {
            "name": person.name,
            "shown": person.shown,
            "role": person.role.value,
            "sites": person.sites,
            "until": at(person.until_ms),
            "invited": not person.password,
            "disabled": person.disabled,
        }
        for person in Accounts(Tokens(call.settings.data_dir)).all()
    ]
    call.out.rows(rows, empty="nobody; `energyguard people add NAME --role admin` adds the first")


def role(
    call: Call,
    name: Name,
    role: Annotated[AccessRole, typer.Argument(help="read, operate or admin.")],
    site: Sites = None,
    expires: Expires = "",
) -> None:
    """Change what somebody may do, and where: at once, also for pages that are open."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens

    tokens = Tokens(call.settings.data_dir)
    until_ms = end_of(expires, tokens.clock.now_ms())
    Accounts(tokens).change(name, role=role, sites=tuple(site or ()), until_ms=until_ms)
    note(call, "person changed", name, _rights(role, site))
    call.out.done(f"{name} has the role {role.value}", name=name, role=role.value)


def disable(call: Call, name: Name) -> None:
    """Let somebody in no more, until they are enabled again; log-ins end."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens

    Accounts(Tokens(call.settings.data_dir)).change(name, disabled=True)
    note(call, "person disabled", name)
    call.out.done(f"{name} comes in no more", disabled=name)


def enable(call: Call, name: Name) -> None:
    """Let somebody in again."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens

    Accounts(Tokens(call.settings.data_dir)).change(name, disabled=False)
    note(call, "person enabled", name)
    call.out.done(f"{name} may come in again", enabled=name)


def remove(call: Call, name: Name) -> None:
    """Forget somebody; log-ins and links end."""
    from energyguard.access.people import Accounts
    from energyguard.access.tokens import Tokens

    Accounts(Tokens(call.settings.data_dir)).remove(name)
    note(call, "person removed", name)
    call.out.done(f"removed {name}", removed=name)


def logins(call: Call) -> None:
    """List who is logged in."""
    from energyguard.access.tokens import Tokens

    rows = [
        {
            "name": login.name,
            "since": at(login.opened_ms),
            "until": at(login.until_ms),
            "address": login.address,
            "by": "a token" if login.token else "a person" if login.person else "the machine",
        }
        for login in Tokens(call.settings.data_dir).sessions()
    ]
    call.out.rows(rows, empty="nobody is logged in")


def logout(call: Call, name: Name) -> None:
    """End all log-ins of a person or token."""
    from energyguard.access.tokens import Tokens

    ended = Tokens(call.settings.data_dir).end_sessions(name)
    note(call, "log-ins ended", name)
    call.out.done(f"ended {ended} log-ins of {name}", name=name, ended=ended)


def _rights(role: AccessRole, sites: Sequence[str] | None) -> str:
    """A role, and where it holds."""
    return " ".join((role.value, *(f"site={site}" for site in sites or ())))
