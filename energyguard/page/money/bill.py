"""A bill: what a site, a group or a device cost in a span, line by line; and what if."""

from __future__ import annotations

import asyncio
from datetime import date
from urllib.parse import quote, urlencode

from energyguard.errors import EnergyGuardError, Forbidden, Malformed, NotFound
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import DEVICE, SITE
from energyguard.model.days import HOUR_MS, local
from energyguard.model.quantities import NANO
from energyguard.page.elements.components import Tag, choice, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.picked import name_of
from energyguard.page.measures.spans import SpanBar, span_name
from energyguard.page.money.lines import LineRow, bill_rows, draw_line, tariff_name
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import (
    SPACE,
    count,
    day_moment,
    money_in,
    number,
    until,
)
from energyguard.page.words.language import _, ngettext
from energyguard.service.bills.contract import EnergyBill
from energyguard.tariffs.rating import Unpriced

KEEP_S = 15.0
FORMATS = {"csv": "CSV", "xlsx": "XLSX (Excel)"}
MAX_NOTES = 12


class BillPage:
    """The bill that the address names: ``of``, ``span``, ``tariff``."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.key = context.query.get("of", "")
        self.tariff = context.query.get("tariff", "")
        self.name = name_of(self.service.catalogue, self.key)
        context.say(_("Bill"), self.name)
        try:
            self.span = self._span()
        except EnergyGuardError as error:
            context.say(_("There is no such bill"))
            with Tag("section", "", "card"):
                Tag("p", fault_words(error), "fault", role="alert")
                Tag("a", _("All sites"), "btn", href="/sites")
            return
        with Tag("div", "", "grid bill-page"), Tag("section", "", "card c12"):
            with Tag("div", "", "explore-bar"):
                today: date = local(context.now_ms, self.span.zone).date()
                SpanBar(context, self.span, today)
                self._downloads()
            self._what_if()
            columns = (_("What"), _("When"), _("Quantity"), _("Price"), _("Amount"))
            with table(_("Bill"), columns, "bill"):
                self.rows: ChangingList[LineRow] = ChangingList(
                    draw_line, _("Nothing is on this bill."), tag="tbody"
                )
            self.notes: ChangingList[str] = ChangingList(_note, "", "notes")
            self._onward()
        context.every(KEEP_S, self.draw)

    def _span(self) -> CalendarSpan:
        query = self.context.query
        if not self.key:
            raise Malformed(_("whose bill? Each site has one, each group and each device"), "of")
        text = query.get("span") or "this-month"
        if query.get("from") and query.get("to"):
            text = f"{query['from']}..{query['to']}"
        return self.service.consumption.span(text, [self.key])

    def _downloads(self) -> None:
        query = {"of": self.key, "span": str(self.span), "zone": self.span.zone}
        if self.tariff:
            query["tariff"] = self.tariff
        with Tag("details", "", "downloads"):
            Tag("summary", _("Download"), "btn")
            with Tag("div", "", "card"):
                for form, words in FORMATS.items():
                    href = f"/api/v1/bills?{urlencode({**query, 'format': form})}"
                    Tag("a", words, "link", href=href)

    def _what_if(self) -> None:
        """The tariffs that it may be held against."""
        cards = self.service.bills.tariffs()
        if len(cards) < 2 and not self.tariff:
            return
        context = self.context
        options = [(_("as it was"), context.href(tariff=""), not self.tariff)]
        options += [
            (found.tariff.name or found.id, context.href(tariff=found.id), found.id == self.tariff)
            for found in cards
        ]
        with Tag("div", "", "beside"):
            Tag("span", _("What if"), "sub", aria_hidden="true")
            choice(_("What if"), options, small=True)

    def _onward(self) -> None:
        kind, _slash, entry_id = self.key.partition("/")
        place = {SITE: "/sites/", DEVICE: "/devices/"}.get(kind)
        with Tag("div", "", "acts"):
            if place:
                href = place + quote(entry_id, safe="")
                Tag("a", self.name, "link", href=href)
            Tag("a", _("Tariffs"), "link", href="/tariffs")

    async def draw(self) -> None:
        """Ask, and show what came."""
        service, key, span, tariff = self.service, self.key, self.span, self.tariff
        try:
            found = await self.context.cache.shared(
                ("bill", key, span, tariff), KEEP_S, lambda: service.bills.of(key, span, tariff)
            )
        except (Malformed, NotFound, Forbidden) as error:
            self.context.say(_("There is no bill of {name}").format(name=self.name))
            self.rows.show([])
            self.notes.show([fault_words(error)])
            await asyncio.sleep(0)
            return
        words = _("{name}: {money} with {tariff}") if tariff else _("{name}: {money}")
        self.context.say(
            words.format(
                name=self.name,
                money=money_in(found.total, found.currency),
                tariff=tariff_name(self.service.catalogue, tariff),
            ),
            _("Bill · {span}").format(span=span_name(span)),
        )
        self.rows.show(bill_rows(found, self.service.catalogue))
        self.notes.show(self._notes(found))

    def _notes(self, bill: EnergyBill) -> list[str]:
        """What is not on the bill, and what it does not know."""
        zone = bill.span.zone
        notes = [unpriced_words(stretch, zone) for stretch in bill.rated.unpriced[:MAX_NOTES]]
        more = len(bill.rated.unpriced) - MAX_NOTES
        if more > 0:
            words = ngettext(
                "and {n} more time without a price", "and {n} more times without a price", more
            )
            notes.append(words.format(n=count(more)))
        hours = sum(end - start for start, end in bill.missing) // HOUR_MS
        if hours:
            words = ngettext(
                "{n} hour has no readings: what was used in it is not known",
                "{n} hours have no readings: what was used in them is not known",
                hours,
            )
            notes.append(words.format(n=count(hours)))
        if bill.until_ms < bill.span.end_ms:
            notes.append(_("up to {when}").format(when=day_moment(bill.until_ms, zone)))
        return notes


def unpriced_words(stretch: Unpriced, zone: str) -> str:
    """Time without a price, in a sentence."""
    forms = {
        "no-tariff": _("{when}: no tariff holds; {kwh} are not on the bill"),
        "no-price-then": _("{when}: the tariff has no price then; {kwh} are not on the bill"),
        "no-price-in-list": _("{when}: the list has no price; {kwh} are not on the bill"),
    }
    kwh = f"{number(stretch.nano / NANO, 4)}{SPACE}kWh"
    return forms[stretch.reason].format(when=until(stretch.start_ms, stretch.end_ms, zone), kwh=kwh)


def _note(text: str) -> None:
    Tag("p", text, "sub")
