"""``bill`` and ``tariffs``: what energy cost, by which prices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energyguard.cli.ask.consumption import archived_bills, archived_sums
from energyguard.cli.ask.entry_verbs import Id, entry_verbs, facts
from energyguard.cli.terminal.call import Call, Group
from energyguard.cli.terminal.files import Output, SheetShape, sheet_format, writable
from energyguard.cli.terminal.output import at
from energyguard.cli.terminal.spans import Day, Month, Week, Year, Zone
from energyguard.model.catalogue import key_meant

if TYPE_CHECKING:
    import pyarrow as pa

    from energyguard.service.bills.contract import EnergyBill, TariffCard


def bill(
    call: Call,
    of: Annotated[str, typer.Argument(help="site/ID, group/ID, device/ID or a device.")],
    day: Day = None,
    week: Week = None,
    month: Month = None,
    year: Year = None,
    span: Annotated[
        str | None,
        typer.Option(help="Any span: 2026-11-01..2026-11-24.", show_default="this month"),
    ] = None,
    zone: Zone = None,
    tariff: Annotated[
        str,
        typer.Option(help="What it would be with this one.", show_default="those that held"),
    ] = "",
    output: Output = "-",
    shape: SheetShape = None,
) -> None:
    """Show what energy cost, line by line, by the tariffs that held."""
    from energyguard.codecs.sheets import write_sheet
    from energyguard.service.bills.rows import bill_table

    given = [text for text in (day, week, month, year, span) if text]
    if len(given) > 1:
        raise typer.BadParameter(f"{' and '.join(given)}: one of them")
    written = sheet_format(output, shape)
    key = key_meant(of)
    found = _bill(call, key, given[0] if given else "this-month", zone or "", tariff)
    table = bill_table(found)
    if written != "table":
        with writable(output) as out:
            write_sheet(table, written, out, str(found.span))
        if output != "-":
            rows = table.num_rows
            call.out.done(f"{rows:,} lines in {output}", rows=rows, output=output)
    elif call.json:
        call.out.rows(_times(table.to_pylist()))
    else:
        call.out.rows(_lines(table, found), empty="nothing was used")


def _bill(call: Call, key: str, span: str, zone: str, tariff: str) -> EnergyBill:
    """The bill up to the newest reading that the history has."""
    with call.service() as service:
        sums = archived_sums(service)
        return archived_bills(service, sums).of(key, sums.span(span, [key], zone), tariff)


def _times(rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    for row in rows:
        for name in ("start", "end", "at"):
            row[name] = row[name].isoformat() if row[name] is not None else None
    return rows


def _lines(table: pa.Table, bill: EnergyBill) -> Sequence[dict[str, Any]]:
    """Rows for people, and their sum."""
    from energyguard.model.tariffs import legible
    from energyguard.service.bills.rows import plain
    from energyguard.tariffs.bill import major

    found = []
    amounts = [str(major(line.amount, bill.digits)) for line in bill.rated.lines]
    prices = [None if x.price is None else plain(legible(x.price)) for x in bill.rated.lines]
    for n, row in enumerate(table.to_pylist()):
        found.append(
            {
                "item": " ".join(filter(None, (row["item"], row["name"]))),
                "from": f"{row['start']:%Y-%m-%d %H:%M}",
                "to": f"{row['end']:%Y-%m-%d %H:%M}",
                "quantity": row["quantity"],
                "unit": row["unit"],
                "price": prices[n] if n < len(prices) else None,
                f"amount_{bill.currency}": amounts[n] if n < len(amounts) else None,
                "tariff": row["tariff"],
            }
        )
    if found:
        total = dict.fromkeys(found[0], "") | {"item": "total"}
        found.append(total | {f"amount_{bill.currency}": str(bill.total)})
    return found


def list_tariffs(call: Call) -> None:
    """List the tariffs."""
    with call.service() as service:
        found = service.bills.tariffs()
    if call.json:
        call.out.rows(facts(card) for card in found)
    else:
        call.out.rows(
            map(_tariff, found), empty="no tariff yet: energyguard tariffs set ID name=… price=…"
        )


def _tariff(card: TariffCard) -> dict[str, Any]:
    tariff = card.tariff
    kinds = {
        "flat": tariff.price is not None,
        "time of use": tariff.prices,
        "steps": tariff.blocks,
        "dynamic": tariff.source,
    }
    return {
        "tariff": card.id,
        "name": tariff.name,
        "kind": next((kind for kind, is_it in kinds.items() if is_it), ""),
        "price": tariff.price,
        "currency": tariff.currency,
        "sites": ", ".join(card.sites),
    }


def show_tariff(call: Call, entry_id: Id) -> None:
    """Show a tariff as it is in a file."""
    from energyguard.catalogue.files import write_toml

    with call.service() as service:
        card = service.bills.tariff(entry_id)
    if call.json:
        call.out.record(facts(card))
    else:
        print(write_toml({f"tariff/{entry_id}": card.tariff}), end="")


def prices(call: Call) -> None:
    """List the lists of dynamic prices: how many each has, from when to when."""
    with call.service() as service:
        found = service.prices.lists()
    call.out.rows(
        (
            {"list": row.id, "prices": row.prices, "from": at(row.start_ms), "to": at(row.end_ms)}
            for row in found
        ),
        empty="no prices yet: energyguard tariffs take LIST FILE.csv",
    )


def take(
    call: Call,
    list_id: Annotated[str, typer.Argument(metavar="LIST", help="Its id, such as spot-de.")],
    file: Annotated[Path, typer.Argument(help="A CSV: start,price or start,end,price.")],
) -> None:
    """Take dynamic prices from a CSV file into a list; those of the same time are replaced."""
    data = file.read_bytes()
    with call.service() as service:
        taken = service.prices.put(list_id, data, str(file))
    call.out.done(f"{taken:,} prices in the list {list_id}", list=list_id, prices=taken)


TARIFFS: Final = Group(
    "Tariffs: what energy costs, and lists of dynamic prices.",
    {
        "list": list_tariffs,
        "show": show_tariff,
        **entry_verbs("tariff", "name='Home 2026' price=0.29531 per_month=11.90 currency=EUR"),
        "prices": prices,
        "take": take,
    },
    default="list",
)
