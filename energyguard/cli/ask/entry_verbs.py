"""Verbs of sites, groups and devices alike: ``set``, ``remove``, ``undo``, ``history``."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at, plain
from energyguard.errors import ConfigError, Faulty
from energyguard.model.catalogue import key_of

if TYPE_CHECKING:
    from energyguard.service.catalogue.views import EntryChange
    from energyguard.service.service import EnergyService

Id = Annotated[str, typer.Argument(metavar="ID", help="Its id.")]
Fields = Annotated[
    list[str],
    typer.Argument(metavar="FIELD=VALUE…", help="An empty value takes a field out."),
]
From = Annotated[
    str,
    typer.Option("--from", help="From which event time on it holds.", show_default="always"),
]
Revision = Annotated[
    int | None,
    typer.Option(help="As it was in this one.", show_default="before the newest change"),
]


def facts(found: Any) -> dict[str, Any]:
    """What is shown as JSON has it: parts of entries as they are in files."""
    import msgspec

    from energyguard.catalogue.files import to_file

    if isinstance(found, msgspec.Struct):
        return to_file(msgspec.to_builtins(found))
    return {name: facts(value) if isinstance(value, msgspec.Struct) else value
            for name, value in plain(found).items()}  # fmt: skip


def instant_of(call: Call, service: EnergyService, text: str) -> int | None:
    """A time as people give it; empty: none."""
    from energyguard.cli.terminal.times import parse_time

    zone = call.settings.serve.zone
    return parse_time(text, service.clock.now_ms(), zone) if text else None


def _set(kind: str, call: Call, entry_id: str, fields: Sequence[str], from_: str) -> None:
    from energyguard.catalogue.files import fields_of, from_file

    wrong = [text for text in fields if not text.partition("=")[1]]
    if wrong or not fields:
        raise ConfigError(*(f"{text}: write it as field=value" for text in wrong or ["nothing"]))
    try:
        changes = from_file(fields_of(dict(text.split("=", 1) for text in fields)))
    except ValueError as error:
        raise Faulty(str(error)) from None
    key = key_of(kind, entry_id)
    with call.service() as service:
        from_ms = instant_of(call, service, from_)
        version = service.catalogue.change(key, getpass.getuser(), changes, from_ms)
    call.out.done(f"{key} is so now (revision {version.revision})", **facts(version))


def _remove(kind: str, call: Call, entry_id: str) -> None:
    with call.service() as service:
        version = service.catalogue.remove(key_of(kind, entry_id), getpass.getuser())
    call.out.done(f"{kind} {entry_id} is taken out", **facts(version))


def _undo(kind: str, call: Call, entry_id: str, revision: int | None) -> None:
    key = key_of(kind, entry_id)
    with call.service() as service:
        version = service.catalogue.undo(key, getpass.getuser(), revision)
    call.out.done(f"{key} is as it was (revision {version.revision})", **facts(version))


def _history(kind: str, call: Call, entry_id: str) -> None:
    with call.service() as service:
        found = service.catalogue.history(key_of(kind, entry_id))
    if call.json:
        call.out.rows(facts(change) for change in found)
    else:
        call.out.rows(_change(change) for change in found)


def _change(change: EntryChange) -> dict[str, Any]:
    return {
        "revision": change.revision,
        "at": at(change.at_ms),
        "by": change.by,
        "what": change.what,
        "fields": "; ".join(f"{f.field}: {f.before} -> {f.after}" for f in change.fields),
    }


def entry_verbs(kind: str, about: str) -> dict[str, Callable[..., None]]:
    """The verbs that all entries have."""

    def set_(call: Call, entry_id: Id, fields: Fields, from_: From = "") -> None:
        _set(kind, call, entry_id, fields, from_)

    def remove(call: Call, entry_id: Id) -> None:
        _remove(kind, call, entry_id)

    def undo(call: Call, entry_id: Id, revision: Revision = None) -> None:
        _undo(kind, call, entry_id, revision)

    def history(call: Call, entry_id: Id) -> None:
        _history(kind, call, entry_id)

    set_.__doc__ = f"Enter a {kind}, or change it: {about}."
    remove.__doc__ = f"Take a {kind} out; its history stays."
    undo.__doc__ = f"Let a {kind} be as it was before the newest change, or in a revision."
    history.__doc__ = f"Show who changed a {kind}, when and in what."
    return {"set": set_, "remove": remove, "undo": undo, "history": history}
