"""What stands beside the entries: price lines, parts of a sum, what is missing or was set apart."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from energyguard.page.data.missing import gaps_csv
from energyguard.page.elements.components import Tag, button, card, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.ranking import Ranking
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.costs import bill_href
from energyguard.page.measures.explained import explain_href
from energyguard.page.measures.picked import name_of
from energyguard.page.money.lines import LineRow, bill_rows, draw_line
from energyguard.page.words.formatting import (
    SPACE,
    count,
    day_moment,
    measured,
    number,
    until,
)
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.readings import ending_words
from energyguard.service.explain.contract import EnergyExplanation

MAX_GAPS, MAX_JUDGED = 8, 20


class PricesCard:
    """What it cost, line by line; not there where no tariff holds."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        with Tag("div", "", "c12") as self.all, card(_("Its price lines"), "c12") as self.note:
            columns = (_("What"), _("When"), _("Quantity"), _("Price"), _("Amount"))
            with table(_("Its price lines"), columns, "bill"):
                self.rows: ChangingList[LineRow] = ChangingList(draw_line, "", tag="tbody")
            self.bill = Tag("a", _("Bill"), "link", href="/bills")
        self.all.set_visibility(False)

    def show(self, found: EnergyExplanation) -> None:
        """Show the lines."""
        self.all.set_visibility(found.bill is not None)
        if found.bill is None:
            return
        self.rows.show(bill_rows(found.bill, self.context.cache.service.catalogue))
        self.bill._props["href"] = bill_href(found.key, str(found.bill.span))
        self.bill.update()


class PartsCard:
    """What a sum is made of, each leading on; not there for what is no sum.

    Args:
        context: the open page.
        address: where the same time of a part is explained, by its key.
    """

    def __init__(self, context: PageContext, address: Callable[[str], str]) -> None:
        self.context = context
        with Tag("div", "", "c12") as self.all, card(_("What it is made of"), "c12") as self.note:
            self.rows = Ranking(_("Nothing stands here."), address)
        self.all.set_visibility(False)

    def show(self, found: EnergyExplanation) -> None:
        """Show the parts, the largest first."""
        self.all.set_visibility(not found.channel and bool(found.parts))
        catalogue = self.context.cache.service.catalogue
        signs = {part.key: "− " if part.minus else "" for part in found.parts}
        self.rows.show(
            (
                (
                    part.key,
                    abs(part.energy.kwh or 0.0),
                    signs[part.key] + measured(part.energy.kwh, "kWh"),
                )
                for part in found.parts
            ),
            name=lambda key: signs[key] + name_of(catalogue, key),
        )
        more = ngettext("and {n} more", "and {n} more", found.parts_more)
        self.note.text = more.format(n=count(found.parts_more)) if found.parts_more else ""


class GapsCard:
    """Which hours have no readings, each leading to itself, and all of them as CSV.

    Args:
        context: the open page.
        key: whose.
    """

    def __init__(self, context: PageContext, key: str) -> None:
        self.context, self.key = context, key
        self.found: EnergyExplanation | None = None
        with card(_("What is missing"), "c12", anchor="missing") as self.note:
            self.rows: ChangingList[tuple[str, str]] = ChangingList(
                lambda row: Tag("a", row[0], "found-row", href=row[1]),
                _("No hour is without readings."),
            )
            with Tag("div", "", "acts") as self.acts:
                button(_("List as CSV"), self.download, mark="gaps-csv")
                Tag("a", _("Data"), "link", href="/data")

    def show(self, found: EnergyExplanation) -> None:
        """Show the hours."""
        self.found = found
        gaps = found.missing[-MAX_GAPS:]
        self.rows.show(
            [
                (until(a, b, found.zone), explain_href(self.key, start_ms=a, end_ms=b))
                for a, b in gaps
            ]
        )
        self.acts.set_visibility(bool(gaps))
        hours = sum(b - a for a, b in found.missing) // 3_600_000
        self.note.text = f"{count(hours)}{SPACE}h" if hours else ""

    def download(self) -> None:
        """All of them as CSV."""
        if self.found is not None:
            name = self.key.partition("/")[2] or "all"
            text = gaps_csv([(name, self.found.missing)], self.context)
            ui.download.content(text.encode(), "missing.csv", "text/csv")


class JudgedCard:
    """Readings that no window counted; not there where there are none."""

    def __init__(self, context: PageContext, zone: str) -> None:
        self.context, self.zone = context, zone
        with Tag("div", "", "c12") as self.all, card(_("Came late, or twice"), "c12") as self.note:
            columns = (_("Time"), _("Reading"), _("Ending"))
            with table(_("Came late, or twice"), columns):
                self.rows: ChangingList[tuple[str, str, str]] = ChangingList(
                    self._draw, "", tag="tbody"
                )
            Tag("p", _("What came late is in the sum; windows and alerts had closed before."),
                "sub small")  # fmt: skip
        self.all.set_visibility(False)

    def show(self, found: EnergyExplanation) -> None:
        """Show the newest of them."""
        self.all.set_visibility(bool(found.judged))
        words = ending_words()
        self.rows.show(
            [
                (
                    day_moment(row.time_ms, self.zone),
                    number(row.value, 6),
                    words.get(row.verdict, row.verdict),
                )
                for row in found.judged[:MAX_JUDGED]
            ]
        )
        self.note.text = count(len(found.judged)) if found.judged else ""

    @staticmethod
    def _draw(row: tuple[str, str, str]) -> None:
        with Tag("tr"):
            Tag("td", row[0])
            for text in row[1:]:
                Tag("td", text, "num")
