"""A site as a form: what it is called, what it is part of, the zone of its days."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from html import escape
from typing import Any
from zoneinfo import available_timezones

from energyguard.errors import EnergyGuardError, Faulty
from energyguard.model.catalogue import SITE, Site, key_of
from energyguard.page.devices.form import id_for
from energyguard.page.elements.components import Tag, tell
from energyguard.page.elements.forms import Form, Options, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words, field_words
from energyguard.page.words.language import _
from energyguard.page.words.names import indented_sites
from energyguard.service.catalogue.contract import SiteCatalogue

Done = Callable[[str], Awaitable[object]]
"""What is done with the id of a site that was changed."""


def kinds() -> Options:
    """What a site may be."""
    return [
        ("", _("not said")),
        ("campus", _("campus")),
        ("building", _("building")),
        ("floor", _("floor")),
        ("room", _("room")),
        ("house", _("house")),
        ("station", _("charging station")),
        ("region", _("region")),
    ]


def kind_words(kind: str) -> str:
    """What a site is, in the page's language."""
    return dict(kinds()).get(kind, kind) if kind else ""


def parents(catalogue: SiteCatalogue, without: str = "") -> Options:
    """What a site can be part of: not itself, nor what is in it."""
    inside = set(catalogue.entries.within(without)) if without else set()
    return [
        ("", _("no other site")),
        *((site, name) for site, name in indented_sites(catalogue) if site not in inside),
    ]


class SiteForm:
    """Enters a site, or changes one.

    Args:
        context: the page.
        site: its id; empty: a new one.
        done: what comes then.
        parent: what a new one is part of.
    """

    def __init__(self, context: PageContext, site: str, done: Done, parent: str = "") -> None:
        self.context, self.site, self._done = context, site, done
        self.catalogue = context.cache.service.catalogue
        known = self.catalogue.entries.sites.get(site) or Site(name="", parent=parent)
        card = self.catalogue.site(site) if site else None
        self._based_on = card.revision if card else 0
        self.form = Form(f"site-{site or 'new'}", self._send)
        with self.form:
            self.form.text("name", _("Name"), known.name, maxlength="200", required="required")
            self.form.choose("kind", _("What it is"), kinds(), known.kind)
            self.form.choose("parent", _("Part of"), parents(self.catalogue, site), known.parent)
            usual = card.zone if card else self.catalogue.entries.zone
            hint = _("empty: as what it is part of, {zone}").format(zone=usual)
            self.form.text("zone", _("Time zone"), known.zone, hint, list="zones")
            Tag("datalist", "", id="zones", innerHTML=zone_options())
            self._money(known, site)
            self.form.acts(_("Save") if site else _("Add the site"))

    def _money(self, known: Site, site: str) -> None:
        """What its energy costs, and the days that its prices may ask for."""
        tariffs = self.context.cache.service.bills.tariffs()
        if tariffs:
            named = [(found.id, found.tariff.name or found.id) for found in tariffs]
            options = [("", _("as what it is part of")), *named]
            self.form.choose("tariff", _("Tariff"), options, known.tariff)
        if site:
            hint = _("countries and days, with commas: DE-BY, 2026-12-24")
            self.form.text("holidays", _("Holidays"), ", ".join(known.holidays), hint)

    async def _send(self, values: Values) -> None:
        zone = values.get("zone", "").replace(" ", "_")
        if zone and zone not in available_timezones():
            self.form.blame({"zone": _("no such zone; write one like Europe/Berlin")})
            return
        fields: dict[str, Any] = {**values, "zone": zone}
        if "holidays" in values:
            days = (day.strip() for day in values["holidays"].split(","))
            fields["holidays"] = [day for day in days if day]
        site = self.site or id_for(values["name"], self.catalogue.entries.sites)
        page = self.context
        try:
            await asyncio.to_thread(self._write, site, fields, page.user)
        except Faulty as error:
            self.form.blame({error.field or "": field_words(error)})
            return
        except EnergyGuardError as error:
            self.form.blame({"": fault_words(error)})
            return
        tell(_("Saved: {name}").format(name=values["name"]))
        await self._done(site)

    def _write(self, site: str, fields: dict[str, Any], by: str) -> None:
        key = key_of(SITE, site)
        self.catalogue.change(key, by, fields, based_on=self._based_on)


@cache
def zone_options() -> str:
    """Zones to choose from by their beginning: those of places, not of old abbreviations."""
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Pacific/")
    zones = sorted(zone for zone in available_timezones() if zone.startswith(areas))
    return "".join(f'<option value="{escape(zone)}"></option>' for zone in zones)
