"""A device's entry of the catalogue as a form: its name, its place, its groups, its labels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from energyguard.catalogue.changes import Edit
from energyguard.catalogue.listing import DeviceFilter
from energyguard.model.catalogue import GROUP, SITE, DeviceGroup, Entry, Site, key_of
from energyguard.page.elements.forms import Form, Options, Values
from energyguard.page.words.language import _
from energyguard.page.words.names import indented_sites
from energyguard.service.catalogue.contract import SiteCatalogue
from energyguard.service.catalogue.views import CatalogueCard

KINDS = ("meter", "charger", "floor", "thermometer", "plug", "solar", "battery", "heat pump")
NEW_SITE = "+"
"""The value of the choice that makes a site."""
_NO_ID = re.compile(r"[^a-z0-9]+")


class Wrong(Exception):
    """What was typed cannot be read; ``faults`` says where and why."""

    def __init__(self, **faults: str) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults


def id_for(name: str, taken: Mapping[str, object], kind: str = SITE) -> str:
    """An id for what somebody named: ``Lindenhof 12`` is ``lindenhof-12``, if that is free.

    A name without a letter or digit becomes that of its ``kind``.
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore")
    base = _NO_ID.sub("-", plain.decode().casefold()).strip("-") or kind
    found, n = base, 1
    while found in taken:
        n += 1
        found = f"{base}-{n}"
    return found


def devices_called(name: str, catalogue: SiteCatalogue) -> list[str]:
    """The ids of the devices that a name or an id means; an id means that one alone."""
    rows = catalogue.find(DeviceFilter(search=name), limit=50).rows if name else ()
    if any(row.id == name for row in rows):
        return [name]
    return [row.id for row in rows if row.name.casefold() == name.casefold()]


def site_options(catalogue: SiteCatalogue, may_make: bool = False) -> Options:
    """Every site, those in another below it and further in; and that a new one is made."""
    return [
        ("", _("nowhere yet")),
        *indented_sites(catalogue),
        *([(NEW_SITE, _("+ a new site …"))] if may_make else []),
    ]


def draw_fields(form: Form, card: CatalogueCard, catalogue: SiteCatalogue, may_make: bool) -> None:
    """The fields of a device, as they are now.

    Args:
        form: where they go.
        card: the device.
        catalogue: the sites that there are.
        may_make: whether sites and groups may be made, too.
    """
    device = card.device
    form.text("name", _("Name"), device.name, maxlength="200", placeholder=card.id)
    form.choose("site", _("Site"), site_options(catalogue, may_make), device.site)
    if may_make:
        hint = _("only where “a new site” is chosen; it is part of the site before")
        form.text("new_site", _("Name of the new site"), "", hint)
    names = ", ".join(group.name for group in card.groups)
    form.text(
        "groups",
        _("Groups"),
        names,
        _("by name, with commas; a new name makes a group")
        if may_make
        else _("by name, with commas"),
    )
    form.text("kind", _("Kind"), device.kind, _("such as {kinds}").format(kinds=", ".join(KINDS)))
    labels = ", ".join(f"{name}={value}" for name, value in device.labels.items())
    form.text("labels", _("Labels"), labels, _("such as floor=2, tenant=Weber"))
    rating = "" if device.rating_kw is None else f"{device.rating_kw:g}"
    form.text("rating_kw", _("Rating, kW"), rating, inputmode="decimal")


def read_fields(
    values: Values, card: CatalogueCard, catalogue: SiteCatalogue
) -> tuple[dict[str, Any], list[Edit]]:
    """What was typed, as fields of the device, and the sites and groups to make before.

    Raises:
        Wrong: something cannot be read.
    """
    made: list[Edit] = []
    fields: dict[str, Any] = {
        "name": values.get("name", ""),
        "site": _site(values, card, catalogue, made),
        "groups": _groups(values.get("groups", ""), catalogue, made),
        "kind": values.get("kind", ""),
        "rating_kw": read_number("rating_kw", values.get("rating_kw", "")),
    }
    labels: dict[str, str | None] = dict.fromkeys(card.device.labels)
    fields["labels"] = labels | read_labels(values.get("labels", ""))
    return fields, made


def read_number(name: str, text: str) -> float | None:
    """A decimal, with a point or a comma; None: nothing was typed.

    Raises:
        Wrong: it is none.
    """
    if not text:
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise Wrong(**{name: _("{text} is no number").format(text=text)}) from None


def read_labels(text: str) -> dict[str, str]:
    """``floor=2, tenant=Weber`` by name.

    Raises:
        Wrong: a part is no label.
    """
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not name or not value:
            raise Wrong(labels=_("{text} is no label; write name=value").format(text=part))
        found[name] = value
    return found


def _site(values: Values, card: CatalogueCard, catalogue: SiteCatalogue, made: list[Edit]) -> str:
    site = values.get("site", "")
    if site != NEW_SITE:
        return site
    name = values.get("new_site", "")
    if not name:
        raise Wrong(new_site=_("say what the new site is called"))
    for site_id, there in catalogue.entries.sites.items():
        if (there.name.casefold(), there.parent) == (name.casefold(), card.device.site):
            return site_id  # it is not new
    site_id = id_for(name, catalogue.entries.sites)
    made.append(Edit(key_of(SITE, site_id), Site(name=name, parent=card.device.site), None, 0))
    return site_id


def _groups(text: str, catalogue: SiteCatalogue, made: list[Edit]) -> Sequence[str]:
    known: dict[str, Entry] = dict(catalogue.entries.groups)
    by_name = {group.group.name.casefold(): group.id for group in catalogue.groups()}
    found = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        group_id = by_name.get(name.casefold()) or (name if name in known else "")
        if not group_id:
            group_id = id_for(name, known, GROUP)
            entry = DeviceGroup(name=name)
            made.append(Edit(key_of(GROUP, group_id), entry, None, 0))
            known[group_id] = entry
        found.append(group_id)
    return found
