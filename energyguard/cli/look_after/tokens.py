"""``token create|list|revoke|link``: programs that may ask, and who may look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.noting import note
from energyguard.cli.terminal.output import at
from energyguard.model.access import AccessRole

Name = Annotated[str, typer.Argument(help="The token's name: a person or a program.")]
Role = Annotated[AccessRole, typer.Option("--role", help="What it may do.")]
Sites = Annotated[
    list[str] | None,
    typer.Option("--site", help="Only this site, with all in it; may be repeated."),
]
Expires = Annotated[
    str, typer.Option("--expires", help="After so long: `30d`, `12h`; else it lasts.")
]


def create(
    call: Call,
    name: Name,
    role: Role = AccessRole.ADMIN,
    site: Sites = None,
    expires: Expires = "",
) -> None:
    """Make a bearer token; it is shown this once, and kept as a hash."""
    from energyguard.access.people import check_rights
    from energyguard.access.tokens import Tokens

    check_rights(role, site or ())
    tokens = Tokens(call.settings.data_dir)
    token = tokens.create(name, role, site or (), end_of(expires, tokens.clock.now_ms()))
    note(call, "token made", name, " ".join((role.value, *(f"site={s}" for s in site or ()))))
    call.out.done(token, name=name, token=token, role=role.value)


def list_(call: Call) -> None:
    """List the names of the tokens, and what each may do."""
    from energyguard.access.tokens import Tokens

    tokens = Tokens(call.settings.data_dir).list()
    rows = [
        {
            "name": token.name,
            "created": at(token.created_ms),
            "role": token.role.value,
            "sites": token.sites,
            "until": at(token.until_ms),
        }
        for token in tokens
    ]
    call.out.rows(rows, empty="no tokens")


def revoke(call: Call, name: Name) -> None:
    """Forget a token, at once."""
    from energyguard.access.tokens import Tokens

    Tokens(call.settings.data_dir).revoke(name)
    note(call, "token revoked", name)
    call.out.done(f"revoked {name}", revoked=name)


def link(call: Call) -> None:
    """Print a fresh link that logs a browser in as an admin, once, within ten minutes."""
    from energyguard.access.tokens import Tokens

    folder = call.settings.data_dir
    made = address_of_page(folder) + f"login?key={Tokens(folder).make_link()}"
    note(call, "link to log in", "an admin")
    call.out.done(made, link=made)


def address_of_page(folder: Path) -> str:
    """Where the page of a data folder is served.

    Raises:
        Unavailable: nowhere.
    """
    import msgspec

    from energyguard.api.role import Card
    from energyguard.errors import Unavailable

    try:
        card = msgspec.json.decode((folder / "run" / "serve.json").read_bytes(), type=Card)
    except FileNotFoundError:
        raise Unavailable(f"{folder}: no page is served here; `energyguard up` starts it") from None
    return card.url


def end_of(expires: str, now_ms: int) -> int | None:
    """When something ends that lasts so long from now; None: it has no end.

    Raises:
        Malformed: it is no length of time.
    """
    from energyguard.errors import Malformed

    number, unit = expires[:-1], expires[-1:]
    units = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
    if not expires:
        return None
    if unit not in units or not number.isdigit() or not int(number):
        raise Malformed(f"{expires!r} is no time to last: write 30d, 12h, 2w", "expires")
    return now_ms + int(number) * units[unit]
