"""``sites``, ``groups`` and the verbs of ``devices``: what people say there is, and where."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energyguard.cli.ask import devices
from energyguard.cli.ask.entry_verbs import Id, entry_verbs, facts, instant_of
from energyguard.cli.terminal.call import Call, Group
from energyguard.cli.terminal.output import at
from energyguard.errors import ConfigError
from energyguard.model.catalogue import DEVICE, GROUP, SITE

if TYPE_CHECKING:
    from energyguard.service.catalogue.views import (
        CatalogueCard,
        GroupCard,
        SiteCard,
    )

When = Annotated[str, typer.Option("--at", help="Since when.", show_default="now")]


def list_sites(call: Call) -> None:
    """List the sites, each followed by those in it."""
    with call.service() as service:
        found = service.catalogue.sites()
    if call.json:
        call.out.rows(facts(card) for card in found)
    else:
        call.out.rows(map(_site, found), empty="no site yet: energyguard sites set ID name=…")


def _site(card: SiteCard) -> dict[str, Any]:
    return {
        "site": card.id,
        "name": "  " * card.depth + (card.site.name or card.id),
        "kind": card.site.kind,
        "zone": card.zone,
        "devices": card.devices,
    }


def show_site(call: Call, entry_id: Id) -> None:
    """Show a site, with what it has from those around it."""
    with call.service() as service:
        card = service.catalogue.site(entry_id)
    call.out.record(facts(card) if call.json else _site(card) | facts(card.site))


def list_groups(call: Call) -> None:
    """List the groups."""
    with call.service() as service:
        found = service.catalogue.groups()
    if call.json:
        call.out.rows(facts(card) for card in found)
    else:
        call.out.rows(map(_group, found), empty="no group yet: energyguard groups set ID name=…")


def _group(card: GroupCard) -> dict[str, Any]:
    return {
        "group": card.id,
        "name": card.group.name,
        "about": card.group.about,
        "devices": card.devices,
    }


def find(
    call: Call,
    search: Annotated[str, typer.Argument(help="In the name, the id or a label.")] = "",
    site: Annotated[str, typer.Option(help="There, or at a site in it.")] = "",
    group: Annotated[str, typer.Option(help="In this group.")] = "",
    kind: Annotated[str, typer.Option(help="Of this kind.")] = "",
    state: Annotated[str, typer.Option(help="new, named or retired.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """Find devices by name, place, group, kind or label, also those that nobody entered."""
    from energyguard.catalogue.listing import STATES, DeviceFilter

    states = {name: name for name in STATES}
    if state and state not in states:
        raise ConfigError(f"--state {state}: write {', '.join(states)}")
    wanted = DeviceFilter(search, site, group, kind, states[state] if state else "")
    with call.service() as service:
        found = service.catalogue.find(wanted, 0, limit)
    call.out.rows(
        (
            {
                "device": row.id,
                "name": row.name,
                "state": row.state,
                "kind": row.kind,
                "where": " > ".join(row.path),
                "groups": ", ".join(row.groups),
                "labels": ", ".join(f"{label}={text}" for label, text in row.labels.items()),
            }
            for row in found.rows
        ),
        empty="no such device",
    )
    if found.total > len(found.rows):
        print(f"and {found.total - len(found.rows)} more (--limit)", file=sys.stderr)


def show_device(call: Call, entry_id: Id) -> None:
    """Show what people say of a device, and where it stands."""
    with call.service() as service:
        card = service.catalogue.detail(entry_id)
    call.out.record(facts(card) if call.json else _device(card))


def _device(card: CatalogueCard) -> dict[str, Any]:
    return {
        "device": card.id,
        **facts(card.device),
        "name": card.name,
        "state": card.state,
        "where": " > ".join(place.name for place in card.sites),
        "groups": [group.name for group in card.groups],
        "zone": card.zone,
        "replaces": card.replaces,
        "by": card.by,
        "at": at(card.at_ms),
    }


def retire(call: Call, entry_id: Id, at_: When = "") -> None:
    """Say that a device is not there any more."""
    with call.service() as service:
        moment = instant_of(call, service, at_)
        version = service.catalogue.retire(entry_id, getpass.getuser(), moment)
    call.out.done(f"{entry_id} is retired", **facts(version))


def swap(
    call: Call,
    old: Annotated[str, typer.Argument(help="The device that is gone.")],
    new: Annotated[str, typer.Argument(help="The one in its place.")],
    at_: When = "",
) -> None:
    """Let a device take another's name, place, groups and labels: a meter was swapped."""
    with call.service() as service:
        moment = instant_of(call, service, at_)
        held = service.catalogue.swap(old, new, getpass.getuser(), moment)
    call.out.done(f"{new} is in the place of {old}", **{key: facts(v) for key, v in held.items()})


def import_(
    call: Call,
    file: Annotated[Path, typer.Argument(help="A .toml of all, or a .csv of devices.")],
    skip_faulty: Annotated[
        bool, typer.Option("--skip", help="Leave out what is wrong; else nothing is changed.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say what it would change.")
    ] = False,
) -> None:
    """Change what a file says of sites, groups and devices; the rest stays as it is."""
    data = file.read_bytes()
    with call.service() as service:
        verbs = service.catalogue
        if preview:
            found = verbs.preview_file(data, str(file))
        else:
            found = verbs.import_file(data, str(file), getpass.getuser(), skip_faulty)
    for fault in found.faults:
        print(fault, file=sys.stderr)
    would = "would be " if preview else ""
    call.out.done(
        f"{len(found.new)} {would}new, {len(found.changed)} {would}changed, {found.same} the same"
        + (f", {len(found.faults)} faults" if found.faults else ""),
        **facts(found),
    )


def export(
    call: Call,
    file: Annotated[
        Path | None, typer.Argument(help="A .toml of all, or a .csv.", show_default="TOML here")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Also devices that nobody entered.")] = False,
) -> None:
    """Write what people entered to a file, which read again changes nothing."""
    with call.service() as service:
        text = service.catalogue.export_file(str(file or "catalogue.toml"), new)
    if file is None:
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8", newline="")
        call.out.done(f"written to {file}", file=str(file))


DEVICES: Final = Group(
    "Devices: what they measure, what they are called, where they stand.",
    {
        "list": devices.devices,
        "find": find,
        "show": show_device,
        **entry_verbs(
            DEVICE,
            "name=Oven site=lindenhof groups='a;b' kind=meter labels.floor=2 "
            "channels.power_kw.scale=0.001",
        ),
        "retire": retire,
        "swap": swap,
        "import": import_,
        "export": export,
    },
    default="list",
)
SITES: Final = Group(
    "Sites: campuses, buildings, floors, stations.",
    {
        "list": list_sites,
        "show": show_site,
        **entry_verbs(SITE, "name='Lindenhof 12' parent=campus zone=Europe/Berlin currency=EUR"),
    },
    default="list",
)
GROUPS: Final = Group(
    "Groups of devices: tenants, heat pumps.",
    {"list": list_groups, **entry_verbs(GROUP, "name='Heat pumps'")},
    default="list",
)
