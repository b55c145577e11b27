"""The lines of a bill as rows: what, when, how much, at which price; each energy leads on."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.model.quantities import NANO
from energyguard.page.elements.components import Tag
from energyguard.page.measures.explained import explain_href
from energyguard.page.words.formatting import (
    SPACE,
    count,
    day_moment,
    days,
    money_in,
    number,
    price_in,
)
from energyguard.page.words.language import _, ngettext
from energyguard.service.bills.contract import EnergyBill
from energyguard.service.catalogue.contract import SiteCatalogue
from energyguard.tariffs.bill import major
from energyguard.tariffs.rating import BillLine


class LineRow(NamedTuple):
    """A line as it is shown; the last one is the sum."""

    item: str
    when: str
    quantity: str
    price: str
    amount: str
    is_sum: bool = False
    href: str = ""  # where its energy is explained


def bill_rows(bill: EnergyBill, catalogue: SiteCatalogue) -> list[LineRow]:
    """The lines of a bill, and their sum."""
    rows = [_line(line, bill, catalogue) for line in bill.rated.lines]
    if rows:
        total = money_in(bill.total, bill.currency)
        kwh = f"{number(bill.rated.nano / NANO, 4)}{SPACE}kWh"
        href = explain_href(bill.key, str(bill.span))
        rows.append(LineRow(_("Together"), "", kwh, "", total, True, href))
    return rows


def _line(line: BillLine, bill: EnergyBill, catalogue: SiteCatalogue) -> LineRow:
    zone, currency = bill.span.zone, bill.currency
    item = line.name or kind_words()[line.kind]
    if len(bill.tariffs) > 1:
        item = f"{item} · {tariff_name(catalogue, line.tariff_id)}"
    amount = money_in(major(line.amount, bill.digits), currency)
    when = days(line.start_ms, line.end_ms, zone)
    if line.at_ms is not None:
        when = day_moment(line.at_ms, zone)
    if line.kind == "tax":
        percent = f"{number(float((line.price or 0) * 100), 4)}{SPACE}%"
        return LineRow(item, when, money_in(line.quantity, currency), percent, amount)
    n = int(line.quantity)
    words = {"day": ngettext("day", "days", n), "month": ngettext("month", "months", n)}
    unit = words.get(line.unit, line.unit)
    whole = line.unit in words
    quantity = f"{count(n) if whole else number(float(line.quantity), 4)}{SPACE}{unit}"
    price = "–" if line.price is None else price_in(line.price, currency)
    is_energy = line.unit == "kWh"
    href = explain_href(bill.key, "", line.start_ms, line.end_ms) if is_energy else ""
    return LineRow(item, when, quantity, price, amount, False, href)


def tariff_name(catalogue: SiteCatalogue, tariff_id: str) -> str:
    """What people call a tariff."""
    tariff = catalogue.entries.tariffs.get(tariff_id)
    return tariff.name if tariff and tariff.name else tariff_id


def draw_line(row: LineRow) -> None:
    """A row of the table of a bill."""
    with Tag("tr", "", "sum" if row.is_sum else ""):
        Tag("td", row.item)
        Tag("td", row.when, "num")
        with Tag("td", "", "num"):
            if row.href:
                Tag("a", row.quantity, "link", href=row.href)
            else:
                Tag("span", row.quantity)
        for text in (row.price, row.amount):
            Tag("td", text, "num")


def kind_words() -> dict[str, str]:
    """What lines are, where the tariff has no name for them."""
    return {
        "energy": _("Energy"),
        "export": _("Fed in"),
        "standing": _("Standing charge"),
        "demand": _("Highest quarter hour"),
        "tax": _("Tax"),
    }
