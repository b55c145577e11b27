"""Explore in numbers: a row for each, and what they come to together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.quantities import NANO
from energyguard.page.elements.components import Tag, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.explore.gaps import gap_reason
from energyguard.page.explore.words import highest, missing
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.amounts import sums_words
from energyguard.page.measures.channels import LevelLines
from energyguard.page.measures.consumption_chart import NamedSeries, stretches
from energyguard.page.measures.costs import Costs, cost_words, together
from energyguard.page.measures.explained import explain_href
from energyguard.page.measures.picked import Picked
from energyguard.page.measures.spans import span_name
from energyguard.page.measures.usage import change
from energyguard.page.words.formatting import SPACE, UNKNOWN, number, price_in
from energyguard.page.words.language import _
from energyguard.service.bills.contract import EnergyCost
from energyguard.service.bills.revenue import Revenue

Row = tuple[str, ...]


class ExploreRow(NamedTuple):
    """A row of the table.

    Attributes:
        cells: what stands in it.
        href: where its energy is explained; empty: it is none.
        doubt: how sure that is.
    """

    cells: Row
    href: str = ""
    doubt: str = ""


_EACH: Final = Decimal("0.0001")
"""To which a price of a kWh is rounded that comes of a sum."""


class ExploreTable:
    """The table; its columns depend on what is shown."""

    def __init__(self, context: PageContext, picked: Sequence[Picked]) -> None:
        self.context, self.picked = context, picked
        self._into = Tag("div")
        self._columns: Row = ()
        self._rows: ChangingList[tuple[int, ExploreRow]] | None = None

    def show(
        self,
        rows: Sequence[NamedSeries],
        span: CalendarSpan,
        compared: CalendarSpan | None,
        costs: Costs,
        revenues: Mapping[str, Revenue],
        doubts: Sequence[str] = (),
    ) -> None:
        """Show energies, what they cost where any of them has a tariff, what was taken from people
        where anything was, and how sure each is.
        """
        step = span.step
        columns = [_("Device"), f"kWh, {span_name(span)}"]
        columns += [f"kWh, {span_name(compared)}", _("Difference")] if compared else []
        columns += [_("Cost"), _("per kWh")] if costs else []
        columns += [_("Revenue")] if revenues else []
        columns += [_highest_words(step), _("Missing")]
        body = [
            ExploreRow(
                self._energy(row, step, compared is not None, costs, revenues),
                explain_href(row.series.key, str(span)),
                doubts[n] if n < len(doubts) else "",
            )
            for n, row in enumerate(rows)
        ]
        if len(rows) > 1:
            body.append(ExploreRow(_together(rows, compared is not None, costs, revenues)))
        self._put(tuple(columns), body)

    def show_levels(self, lines: LevelLines) -> None:
        """Show powers and levels."""
        columns = (_("Device"), _("Mean"), _("Lowest"), _("Highest"))

        def words(value: float | None, unit: str) -> str:
            return UNKNOWN if value is None else f"{number(value)}{SPACE}{unit}"

        rows = [
            (row.name, *(words(v, row.unit) for v in (row.mean, row.lowest, row.highest)))
            for row in lines.rows
        ]
        self._put(columns, [ExploreRow(row) for row in rows])

    def _energy(
        self,
        row: NamedSeries,
        step: CalendarStep,
        beside: bool,
        costs: Costs,
        revenues: Mapping[str, Revenue],
    ) -> Row:
        cells = [row.name, number(row.series.total_kwh, 4)]
        if beside:
            cells += [
                number(row.before_kwh, 4),
                change(row.series.total_kwh, row.before_kwh) or UNKNOWN,
            ]
        if costs:
            cells += _money(costs.get(row.series.key), row.series.total_kwh)
        if revenues:
            taken = revenues.get(row.series.key)
            cells += [sums_words(taken.sums) if taken else UNKNOWN]
        return (*cells, highest(row, step), self._missing(row, step))

    def _missing(self, row: NamedSeries, step: CalendarStep) -> str:
        """Which steps have no readings, and why, where it is known."""
        words = missing(row, step)
        if not (gaps := stretches(row.missing)):
            return words
        steps, (first, end) = row.series.steps, gaps[-1]
        service = self.context.cache.service
        why = gap_reason(service, row.series.key, steps[first].start_ms, steps[end - 1].end_ms)
        return f"{words} ({why})" if why else words

    def _put(self, columns: Row, rows: Sequence[ExploreRow]) -> None:
        if columns != self._columns:
            self._columns = columns
            self._into.clear()
            with self._into, table(_("In numbers"), columns, f"explore-table of{len(columns)}"):
                self._rows = ChangingList(self._draw, _("Nothing is picked."), tag="tbody")
        if self._rows is not None:
            self._rows.show(list(enumerate(rows)))

    def _draw(self, numbered: tuple[int, ExploreRow]) -> None:
        n, row = numbered
        name, energy, *rest = row.cells
        one = self.picked[n] if n < len(self.picked) else None
        with Tag("tr", "", "sum" if one is None else f"c{n}"):
            with Tag("td"):
                if one is not None:
                    Tag("i", "", "swatch")
                href = one.href(self.context) if one else ""
                Tag("a" if href else "b", name, **({"href": href} if href else {}))
            with Tag("td", "", "num"):
                if row.href:
                    Tag("a", energy, "link", href=row.href)
                else:
                    Tag("span", energy)
                if row.doubt:
                    Tag("span", row.doubt, "sub doubt")
            for text in rest:
                Tag("td", text, "num")


def _money(cost: EnergyCost | None, kwh: float | None) -> tuple[str, str]:
    """What it costs, and what a kWh does."""
    if cost is None or not cost.nano:
        return cost_words(cost, kwh) or UNKNOWN, UNKNOWN
    each = cost.amount * NANO / cost.nano
    return cost_words(cost, kwh), price_in(each.quantize(_EACH), cost.currency)


def _together(
    rows: Sequence[NamedSeries], beside: bool, costs: Costs, revenues: Mapping[str, Revenue]
) -> Row:
    totals = [row.series.total_kwh for row in rows if row.series.total_kwh is not None]
    past = [row.before_kwh for row in rows if row.before_kwh is not None]
    total = sum(totals) if totals else None
    before = sum(past) if past else None
    middle = (number(before, 4), change(total, before) or UNKNOWN) if beside else ()
    money: tuple[str, str] | tuple[()] = ()
    if costs:
        money = _money(together(costs.get(row.series.key) for row in rows), total)
    taken = [""] * bool(revenues)  # of what stands in one another a sum would count twice
    return (_("Together"), number(total, 4), *middle, *money, *taken, "", "")


def _highest_words(step: CalendarStep) -> str:
    words = {
        "quarter": _("Highest quarter hour"), "hour": _("Highest hour"), "day": _("Highest day"),
        "week": _("Highest week"), "month": _("Highest month"),
    }  # fmt: skip
    return f"{words[step]}, kWh"
