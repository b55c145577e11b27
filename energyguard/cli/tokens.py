"""``token create|list|revoke|link``: who may ask, and who may look."""

from __future__ import annotations

from typing import Annotated

import typer

from energyguard.cli.call import Call
from energyguard.cli.output import at

Name = Annotated[str, typer.Argument(help="The token's name: a person or a program.")]


def create(call: Call, name: Name) -> None:
    """Make a bearer token; it is shown this once, and kept as a hash."""
    from energyguard.access.tokens import Tokens

    token = Tokens(call.settings.data_dir).create(name)
    call.out.done(token, name=name, token=token)


def list_(call: Call) -> None:
    """List the names of the tokens."""
    from energyguard.access.tokens import Tokens

    tokens = Tokens(call.settings.data_dir).list()
    rows = [{"name": token.name, "created": at(token.created_ms)} for token in tokens]
    call.out.rows(rows, empty="no tokens")


def revoke(call: Call, name: Name) -> None:
    """Forget a token, at once."""
    from energyguard.access.tokens import Tokens

    Tokens(call.settings.data_dir).revoke(name)
    call.out.done(f"revoked {name}", revoked=name)


def link(call: Call) -> None:
    """Print a fresh link that logs a browser in, once, within ten minutes."""
    import msgspec

    from energyguard.access.tokens import Tokens
    from energyguard.api.role import Card
    from energyguard.errors import Unavailable

    folder = call.settings.data_dir
    try:
        card = msgspec.json.decode((folder / "run" / "serve.json").read_bytes(), type=Card)
    except FileNotFoundError:
        raise Unavailable(f"{folder}: no page is served here; `energyguard up` starts it") from None
    made = f"{card.url}login?key={Tokens(folder).make_link()}"
    call.out.done(made, link=made)
