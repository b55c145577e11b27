"""Tariffs: what energy costs where, since when; one is entered here, flat or by time."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from nicegui import ui

from energyguard.catalogue.files import write_toml
from energyguard.model.catalogue import key_of
from energyguard.model.tariffs import TARIFF
from energyguard.page.elements.components import ConfirmDialog, Tag, button, card, table
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.money.form import TariffForm
from energyguard.page.money.prices import TariffFields, fields_of, price_words, tax_words
from energyguard.page.sites.table import site_href
from energyguard.page.words.formatting import count, moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name
from energyguard.service.bills.contract import TariffCard

KEEP_S = 2.0
MAX_VERSIONS = 20


class TariffRow(NamedTuple):
    """A tariff as a row."""

    tariff: str
    name: str
    prices: str
    taxes: str
    sites: tuple[tuple[str, str], ...]  # ids and names


class TariffsPage:
    """The tariffs that there are, and a form for another."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        may = context.may("admin")
        with Tag("div", "", "grid"):
            with card(_("Tariffs"), "c8 top" if may else "c12"):
                columns = (_("Name"), _("Prices"), _("Taxes"), _("Sites"))
                with table(_("Tariffs"), columns, "tariffs plainly"):
                    self.rows: SteadyRows[TariffRow, _TariffLine] = SteadyRows(
                        lambda row: (row.tariff, row.sites),
                        _TariffLine,
                        _("No tariff yet. With one, money stands beside each kWh."),
                        tag="tbody",
                    )
                Tag(
                    "p",
                    _("More than the form can say is entered as a file."),
                    "sub",
                )
            if may:
                with card(_("Add a tariff"), "c4", anchor="add"):
                    site = context.query.get("site", "")
                    TariffForm(context, "", TariffFields(), self._added, site)
        context.every(KEEP_S, self.draw)

    async def draw(self) -> None:
        """The tariffs as they are."""
        bills = self.service.bills
        cards = await self.context.cache.shared("tariff-cards", KEEP_S, bills.tariffs)
        self.rows.show([self._row(found) for found in cards])
        words = ngettext("{n} tariff", "{n} tariffs", len(cards)).format(n=count(len(cards)))
        none = _("No tariff has been entered yet")
        self.context.say(words if cards else none, _("What energy costs"))

    def _row(self, found: TariffCard) -> TariffRow:
        catalogue = self.service.catalogue
        there = catalogue.entries.sites
        names = tuple((s, site_name(catalogue, s)) for s in found.sites if s in there)
        tariff = found.tariff
        name = tariff.name or found.id
        return TariffRow(found.id, name, price_words(tariff), tax_words(tariff.taxes), names)

    async def _added(self, tariff: str) -> None:
        ui.navigate.to(tariff_href(tariff))


class _TariffLine:
    """A tariff and the sites that have it."""

    def __init__(self, row: TariffRow) -> None:
        with Tag("tr"):
            with Tag("td"):
                self._name = Tag("a", "", "strong", href=tariff_href(row.tariff))
            self._prices, self._taxes = (Tag("td", "", "num") for _column in range(2))
            with Tag("td", "", "num"):
                for n, (site, name) in enumerate(row.sites, 1):
                    words = f"{name}, " if n < len(row.sites) else name
                    Tag("a", words, "link", href=site_href(site))

    def show(self, row: TariffRow) -> None:
        """Say what it costs now."""
        self._name.text, self._prices.text, self._taxes.text = row.name, row.prices, row.taxes


class TariffPage:
    """One tariff: as a form where it fits into one, as its file has it, and who changed it."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.catalogue = context, context.cache.service.catalogue
        self.tariff = context.query.get("tariff", "")
        tariff = self.catalogue.entries.tariffs.get(self.tariff)
        if tariff is None:
            context.say(_("There is no such tariff"), self.tariff)
            with Tag("section", "", "card"), Tag("div", "", "empty wide"):
                Tag("a", _("All tariffs"), "btn", href="/tariffs")
            return
        self.name = tariff.name or self.tariff
        context.say(self.name, price_words(tariff))
        fields = fields_of(tariff)
        with Tag("div", "", "grid"):
            with card(_("Prices"), "c6"):
                if fields is not None and context.may("admin"):
                    TariffForm(context, self.tariff, fields, self._changed)
                    self.confirm = ConfirmDialog()
                    with Tag("div", "", "acts lesser"):
                        button(_("Take it out …"), self._ask_out, mark="take-out")
                else:
                    Tag("p", _("It has more than a form can say; as a file:"), "sub")
                    key = key_of(TARIFF, self.tariff)
                    Tag("pre", write_toml({key: tariff}), "toml")
            with card(_("Who changed it"), "c6 top"):
                self._history()
                Tag("a", _("All tariffs"), "link", href="/tariffs")

    def _history(self) -> None:
        zone, key = self.context.zone, key_of(TARIFF, self.tariff)
        if self.catalogue.entries.version(key) is None:
            return
        names = field_words()
        columns = (_("When"), _("Who"), _("Holds from"), _("What"))
        with table(_("Who changed it"), columns, "plainly"), Tag("tbody"):
            for change in self.catalogue.history(key)[:MAX_VERSIONS]:
                fields = ", ".join(names.get(f.field, f.field) for f in change.fields)
                since = _("always")
                if change.from_ms is not None:
                    since = moment(change.from_ms, zone, "%-d %b %Y")
                with Tag("tr"):
                    Tag("td", moment(change.at_ms, zone, "%-d %b %Y, %H:%M"))
                    for text in (change.by, since, fields):
                        Tag("td", text, "num")

    def _ask_out(self) -> None:
        self.confirm.ask(
            _("Take {name} out?").format(name=self.name),
            _("Sites that have it must get another one first. It can be undone."),
            _("Take it out"),
            self._take_out,
        )

    async def _take_out(self) -> None:
        key, user = key_of(TARIFF, self.tariff), self.context.user
        if await self.context.do(lambda: self.catalogue.remove(key, user), _("It is taken out")):
            ui.navigate.to("/tariffs")

    async def _changed(self, tariff: str) -> None:
        ui.navigate.to(tariff_href(tariff))


def field_words() -> dict[str, str]:
    """What the fields of a tariff are called."""
    return {
        "name": _("Name"), "currency": _("Currency"), "price": _("Price per kWh"),
        "prices": _("Prices"), "per_month": _("Standing charge a month"), "taxes": _("Taxes"),
        "export_price": _("Paid per kWh fed in"), "blocks": _("Steps"),
        "demand_price": _("Demand charge per kW"), "source": _("List of prices"),
        "surcharge": _("On top, per kWh"),
    }  # fmt: skip


def tariff_href(tariff: str) -> str:
    """The address of a tariff."""
    return f"/tariffs/{quote(tariff, safe='')}"
