"""What ``doctor`` finds in the log: edges, sums, large meters, routes of notifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from energyguard.clock import SYSTEM
from energyguard.errors import EnergyGuardError

if TYPE_CHECKING:
    from energyguard.log import Log
    from energyguard.settings.tree import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``todo`` is empty when all is well."""

    found: str
    todo: str = ""


def edges(settings: Settings) -> Finding:
    """Edges that were let in are heard, and their clocks are right."""
    from energyguard.service.edges import EdgeProjection, trouble

    def look(log: Log) -> Finding:
        found = EdgeProjection(log, settings.cloud, SYSTEM)
        found.read()
        known = found.all()
        if (wrong := trouble(known)) in ("", "ok"):
            return Finding(f"{len(known)} known" if known else "none yet")
        return Finding(wrong, "`energyguard edges` shows each; docs/edge.md says what to do")

    return _of_log(settings, look)


def sums(settings: Settings) -> Finding:
    """Sums of devices count, wait for no device, and follow late readings."""
    return _of_log(settings, partial(_sums, settings=settings))


def _sums(log: Log, settings: Settings) -> Finding:
    from energyguard.catalogue.energy import taken_twice
    from energyguard.catalogue.revisions import CatalogueRevisions
    from energyguard.catalogue.sums import sum_periods
    from energyguard.catalogue.terms import MAX_DEPTH, uncounted
    from energyguard.restatement.subject import MAX_TERMS, SumSubjects
    from energyguard.rules.registry import book_of
    from energyguard.service.sum_waits import waiting_sums
    from energyguard.stream.runtime.rule_follower import RuleFollower

    catalogue = CatalogueRevisions(log)
    catalogue.refresh()
    if ways := list(uncounted(catalogue.entries)):
        found = f"{len(ways)} virtual devices count too little: {' of '.join(ways[0])}"
        return Finding(found, f"take sums out of sums: at most {MAX_DEPTH} deep, none in itself")
    if waiting := list(waiting_sums(log)):
        first = waiting[0]
        since = datetime.fromtimestamp(first.since_ms / 1000, UTC)
        verb = "goes on without" if first.goes_on else "waits for"
        found = (
            f"{first.device} ({first.rule}) {verb} {first.lacks}, since {since:%Y-%m-%d %H:%M} UTC"
        )
        more = f"; {len(waiting) - 1} more" if len(waiting) > 1 else ""
        return Finding(f"{found}{more}", "see that it sends, or take it out of the sum")
    if taken := list(taken_twice(catalogue.entries)):
        what = ", ".join(f"{name} takes {term} away" for name, term in taken)
        return Finding(
            f"they count; {what}: what is fed in is below 0, so add it (`+{taken[0][1]}`)"
        )
    RuleFollower(log, book := book_of(settings)).refresh()
    periods_of = partial(sum_periods, revisions=catalogue)
    if large := list(SumSubjects(book.running(), periods_of).large()):
        rows = [f"{row.device} ({row.rule}) has {row.terms:,} parts" for row in large]
        limit = f"of more than {MAX_TERMS:,} late readings change no alert of the sum"
        return Finding(f"they count; {', '.join(rows)}: {limit}")
    return Finding("they count, and lack nothing")


def meters(settings: Settings) -> Finding:
    """Readings count: of no meter they need more power than is plausible."""
    return _of_log(settings, partial(_meters, settings=settings))


def _meters(log: Log, settings: Settings) -> Finding:
    from energyguard.catalogue.energy import described_by
    from energyguard.catalogue.revisions import CatalogueRevisions
    from energyguard.service.large_meters import large_meters

    catalogue = CatalogueRevisions(log)
    catalogue.refresh()
    entries, defaults = catalogue.entries, settings.ledger.defaults
    facts = (of for device in entries.devices.values() for of in device.channels.values())
    own_w = (round(of.max_power_kw * 1_000) for of in facts if of.max_power_kw is not None)
    min_power_w = min(own_w, default=defaults.largest_power_w)
    found = large_meters(
        log, described_by(entries, defaults), min(min_power_w, defaults.largest_power_w)
    )
    named = [
        f"{meter.device} needs about {meter.of.needed_kw:,.0f} kW "
        f"(max_power_kw, such as {meter.of.proposed_kw:,})"
        for meter in found
    ]
    if named:
        return Finding(
            f"readings that count nothing, as they need more than is plausible: {'; '.join(named)}",
            "say how large each is: at its page, *Edit*, or `energyguard devices set`",
        )
    return Finding("the newest readings are plausible")


def routes(settings: Settings) -> Finding:
    """Messages of each route get through: of none the last one has failed."""
    return _of_log(settings, _routes)


def _routes(log: Log) -> Finding:
    from energyguard.log.compacted import CompactedTable
    from energyguard.notify.deliveries import DeliveryBook
    from energyguard.records.notify import ROUTE

    table, book = CompactedTable(log, ROUTE), DeliveryBook(log)
    table.refresh()
    book.refresh()
    failed = [f"{name}: {reason}" for name, reason in book.failing(table.rows).items()]
    if failed:
        todo = "`energyguard notify log` shows what failed; `energyguard notify test NAME` tries it"
        return Finding("; ".join(failed), todo)
    return Finding(f"{len(table.rows)} get through" if table.rows else "none yet")


def _of_log(settings: Settings, look: Callable[[Log], Finding]) -> Finding:
    """What is found in the log, where there is one and it can be read."""
    from energyguard.log.sqlite.lost import path_of
    from energyguard.node import open_log

    path = path_of(settings.log_url)
    if path is not None and not path.exists():
        return Finding("none yet")
    try:
        with open_log(settings) as opened:
            return look(opened)
    except EnergyGuardError:
        return Finding("not known: see to the log first")
