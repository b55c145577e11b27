"""``token create|list|revoke``: who may ask."""

from __future__ import annotations

from typing import Annotated

import typer

from energyguard.cli.call import Call, command, group
from energyguard.cli.output import at

Name = Annotated[str, typer.Argument(help="The token's name: a person or a program.")]


def create(call: Call, name: Name) -> None:
    """Make a bearer token; it is shown this once, and kept as a hash."""
    from energyguard.serve.tokens import Tokens

    token = Tokens(call.settings.data_dir).create(name)
    call.out.done(token, name=name, token=token)


def show_list(call: Call) -> None:
    """List the names of the tokens."""
    from energyguard.serve.tokens import Tokens

    tokens = Tokens(call.settings.data_dir).list()
    rows = [{"name": one.name, "created": at(one.created_ms)} for one in tokens]
    call.out.rows(rows, empty="no tokens")


def revoke(call: Call, name: Name) -> None:
    """Forget a token, at once."""
    from energyguard.serve.tokens import Tokens

    Tokens(call.settings.data_dir).revoke(name)
    call.out.done(f"revoked {name}", revoked=name)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    verbs = group("Bearer tokens of the API.")
    command(verbs, "create")(create)
    command(verbs, "list")(show_list)
    command(verbs, "revoke")(revoke)
    app.add_typer(verbs, name="token")
