"""A tariff as a form: flat, by time, in steps or by a list of prices; and from when on it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from energyguard.catalogue.changes import Edit
from energyguard.catalogue.differences import with_fields
from energyguard.errors import EnergyGuardError, Faulty
from energyguard.model.catalogue import SITE, key_of
from energyguard.model.days import day_ms
from energyguard.model.tariffs import TARIFF
from energyguard.page.devices.form import id_for
from energyguard.page.elements.components import tell
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.money.prices import (
    FLAT,
    LISTED,
    PEAK_TIMES,
    STEPS,
    TIMED,
    TariffFields,
    entered,
)
from energyguard.page.words.faults import fault_words, field_words
from energyguard.page.words.language import _
from energyguard.page.words.names import indented_sites

Done = Callable[[str], Awaitable[object]]
"""What is done with the id of a tariff that was entered."""


class TariffForm:
    """Enters a tariff, or changes one.

    Args:
        context: the page.
        tariff: its id; empty: a new one.
        known: as it is now.
        done: what comes then.
        site: the site that is to have a new one; empty: none yet.
    """

    def __init__(
        self, context: PageContext, tariff: str, known: TariffFields, done: Done, site: str = ""
    ) -> None:
        self.context, self.tariff, self._done = context, tariff, done
        self.catalogue = context.cache.service.catalogue
        version = self.catalogue.entries.version(key_of(TARIFF, tariff)) if tariff else None
        self._based_on = version.revision if version else 0
        self.form = Form(f"tariff-{tariff or 'new'}", self._send)
        with self.form as form:
            form.text("name", _("Name"), known.name, maxlength="200", required="required")
            hint = _("ISO 4217, such as EUR; empty: the site's")
            form.text("currency", _("Currency"), known.currency, hint, maxlength="3")
            kinds = [
                (FLAT, _("one price")),
                (TIMED, _("two prices, by time")),
                (STEPS, _("steps, by the kWh of a month")),
                (LISTED, _("by the hour, from a list")),
            ]
            form.choose("kind", _("Prices"), kinds, known.kind)
            hint = _("of two, the low one; of steps, the first")
            form.text("price", _("Price per kWh"), known.price, hint)
            form.text("peak", _("High price per kWh"), known.peak, _("only where there are two"))
            form.text("when", _("When the high price holds"), known.when, PEAK_TIMES)
            holidays = [("", _("as on any day")), ("low", _("the low price all day"))]
            form.choose("holidays", _("On holidays"), holidays, known.holidays)
            self._steps(form, known)
            lists = self._lists(known.source)
            form.choose("source", _("List of prices"), lists, known.source)
            hint = _("only where prices are of a list")
            form.text("surcharge", _("On top, per kWh"), known.surcharge, hint)
            hint = _("of the highest quarter hour of each month; empty: none")
            form.text("demand_price", _("Demand charge per kW"), known.demand_price, hint)
            form.text("per_month", _("Standing charge a month"), known.per_month)
            hint = _("empty: it is taken off")
            form.text("export_price", _("Paid per kWh fed in"), known.export_price, hint)
            form.text("tax", _("Tax on the sum, %"), known.tax)
            if tariff:
                form.text("from", _("Holds from"), "", _("empty: always"), type="date")
            else:
                form.choose("site", _("Site that has it"), self._sites(), site)
            form.acts(_("Save") if tariff else _("Add the tariff"))

    def _steps(self, form: Form, known: TariffFields) -> None:
        only = _("only where there are steps")
        form.text("up_to", _("First step ends at, kWh"), known.up_to, only)
        form.text("price_2", _("Price per kWh above"), known.price_2, only)
        hint = _("empty: there are two steps")
        form.text("up_to_2", _("Second step ends at, kWh"), known.up_to_2, hint)
        form.text("price_3", _("Price per kWh above that"), known.price_3, hint)

    def _lists(self, known: str) -> list[tuple[str, str]]:
        there = [found.id for found in self.context.cache.service.prices.lists()]
        ids = dict.fromkeys([*there, *([known] if known else [])])
        return [("", _("none yet")), *((name, name) for name in ids)]

    def _sites(self) -> list[tuple[str, str]]:
        return [("", _("none yet")), *indented_sites(self.catalogue)]

    async def _send(self, values: Values) -> None:
        typed = {name: values.get(name, "") for name in TariffFields._fields}
        fields = TariffFields(**{**typed, "kind": typed["kind"] or FLAT})
        fields = fields._replace(currency=fields.currency.upper())
        made, faults = entered(fields)
        if faults:
            self.form.blame(faults)
            return
        tariff = self.tariff or id_for(fields.name, self.catalogue.entries.tariffs, TARIFF)
        day, site, user = values.get("from", ""), values.get("site", ""), self.context.user
        try:
            await asyncio.to_thread(self._write, tariff, made, day, site, user)
        except Faulty as error:
            field = {"prices": "when", "blocks": "up_to"}.get(error.field or "", error.field or "")
            self.form.blame({field: field_words(error)})
            return
        except EnergyGuardError as error:
            self.form.blame({"": fault_words(error)})
            return
        tell(_("Saved: {name}").format(name=fields.name))
        await self._done(tariff)

    def _write(self, tariff: str, made: dict[str, Any], day: str, site: str, by: str) -> None:
        entries, key = self.catalogue.entries, key_of(TARIFF, tariff)
        from_ms = day_ms(date.fromisoformat(day), self.context.zone)[0] if day else None
        before = entries.entry(key) if self.tariff else None
        edits = [Edit(key, with_fields(TARIFF, before, made), from_ms, self._based_on)]
        if site:
            place = key_of(SITE, site)
            edits.append(
                Edit(place, with_fields(SITE, entries.entry(place), {"tariff": tariff}), None)
            )
        self.catalogue.put(edits, by)
