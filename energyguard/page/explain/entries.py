"""The entries of an energy: the ordinary ones counted, the others with their reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from nicegui import ui

from energyguard.errors import EnergyGuardError
from energyguard.model.catalogue import parts_of
from energyguard.page.elements.components import Tag, button, card, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.words.entries import entry_kind, register, why_words
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import SPACE, count, moment, number
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.readings import ending_words
from energyguard.service.explain.contract import (
    EnergyExplanation,
    ExplainedEntry,
    OriginalReading,
)
from energyguard.service.explain.steps import span_around

MAX_ROWS = 200
MAX_ALL = 5_000
"""Of more entries nobody is led to a list of all."""


class EntryRow(NamedTuple):
    """An entry as it is shown."""

    time_ms: int
    when: str
    reading: str
    used: str
    how: str


class EntriesCard:
    """The entries, and one reading as it came.

    Args:
        context: the open page.
        key: whose; of what is no device there are none.
        zone: of the times.
        correct: what comes when the reading of a time (ms) is to be corrected.
    """

    def __init__(
        self, context: PageContext, key: str, zone: str, correct: Callable[[int], object]
    ) -> None:
        self.context, self.zone, self._correct = context, zone, correct
        self.device = parts_of(key)[1] if key.startswith("device/") else ""
        with Tag("div", "", "c12") as self.all:
            with card(_("Its entries"), "c12") as self.note:
                self.ordinary = Tag("p", "", "sub")
                columns = (_("Time"), _("Reading"), _("Used, kWh"), _("How"))
                with table(_("Its entries"), columns, "entries"):
                    self.rows: ChangingList[EntryRow] = ChangingList(
                        self._draw, _("No entry is out of the ordinary."), tag="tbody"
                    )
                self.more = Tag("p", "", "sub")
                self.switch = Tag("a", "", "link", href="#")
            with card(_("A reading as it came"), "c12", anchor="original") as self.which:
                self.original: ChangingList[OriginalReading] = ChangingList(
                    self._draw_original,
                    _("Press a time above: here is then what the device sent, byte for byte."),
                )
                self.original.show([])

    def show(self, found: EnergyExplanation, switch: str, everything: bool) -> None:
        """Show the entries; ``switch`` leads to all of them, or back."""
        self.all.set_visibility(bool(found.channel))
        rows = found.entries[:MAX_ROWS]
        days = span_around(found.total.start_ms, found.total.end_ms, self.zone).days
        self.rows.show([self._row(entry, days > 1) for entry in rows])
        left = len(found.entries) - len(rows)
        words = ngettext("and {n} more", "and {n} more", left)
        self.more.text = words.format(n=count(left)) if left else ""
        ordinary = sum(row.entries for row in found.ordinary)
        kwh = f"{number(sum(row.kwh for row in found.ordinary), 4)}{SPACE}kWh"
        self.ordinary.text = (
            ngettext("{n} ordinary entry: {kwh}", "{n} ordinary entries: {kwh}", ordinary).format(
                n=count(ordinary), kwh=kwh
            )
            if ordinary
            else ""
        )
        sum_words = f"{number(found.total.kwh, 4)}{SPACE}kWh"
        self.note.text = _("together {kwh}").format(kwh=sum_words)
        self.switch.text = _("Only what is out of the ordinary") if everything else _("Show all")
        self.switch._props["href"] = switch
        self.switch.update()
        self.switch.set_visibility(everything or 0 < ordinary <= MAX_ALL)

    def _row(self, entry: ExplainedEntry, with_day: bool) -> EntryRow:
        form = "%H:%M:%S" if entry.end_ms % 60_000 or entry.start_ms % 60_000 else "%H:%M"
        start, end = (moment(ms, self.zone, form) for ms in (entry.start_ms, entry.end_ms))
        when = f"{start}–{end}" if entry.end_ms > entry.start_ms else start
        if entry.end_ms <= entry.start_ms:
            when = moment(entry.time_ms, self.zone, form)
        if with_day:
            when = f"{moment(entry.start_ms, self.zone, '%-d %b')}, {when}"
        verdicts = [ending_words().get(name, name) for name in entry.verdicts]
        how = "; ".join(filter(None, (entry_kind(entry.kind), why_words(entry), *verdicts)))
        reading = register(entry.value)
        if entry.scale is not None:
            reading = f"{reading}{SPACE}×{SPACE}{register(entry.scale)}"
        return EntryRow(entry.time_ms, when, reading, number(entry.kwh, 4), how)

    def _draw(self, row: EntryRow) -> None:
        with Tag("tr"):
            with Tag("td"):
                button(row.when, lambda: self._open(row), "plain-link", row.how, mark="entry")
            for text in (row.reading, row.used):
                Tag("td", text, "num")
            Tag("td", row.how, "how")

    async def _open(self, row: EntryRow) -> None:
        """What the device sent of an entry."""
        explanations, device = self.context.cache.service.explanations, self.device
        page = ui.context.client
        try:
            found = await asyncio.to_thread(explanations.originals, device, row.time_ms)
        except EnergyGuardError as error:
            with page:
                self.which.text = fault_words(error)
                self.original.show([])
            return
        with page:
            self.which.text = moment(row.time_ms, self.zone, "%a %-d %b %Y, %H:%M:%S")
            self.original.show(found)

    def _draw_original(self, found: OriginalReading) -> None:
        value = f"{register(found.value)}{SPACE}{found.unit}"
        Tag("p", f"{found.channel} · {value}", "strong")
        if self.context.may("operate"):
            with Tag("div", "", "acts"):
                act = partial(self._correct, found.time_ms)
                button(_("Correct this reading …"), act, mark="correct-reading")
        if found.partition is None:
            Tag("p", _("The log keeps it no longer: it was record {offset} of {topic}.").format(
                offset=count(found.offset), topic=found.topic), "sub")  # fmt: skip
            return
        if found.withheld:
            Tag("p", _("Its bytes are not shown: readings of other sites are packed with it."),
                "sub")  # fmt: skip
        else:
            Tag("pre", found.text, "original", tabindex="0", role="region",
                aria_label=_("The bytes"))  # fmt: skip
        Tag("p", self._about(found), "sub small")

    def _about(self, found: OriginalReading) -> str:
        """Where it lies, when it came, and how large it is."""
        came = moment(found.at_ms, self.zone, "%a %-d %b %Y, %H:%M:%S")
        words = _("arrived {when} · {topic}, partition {partition}, record {offset} · {n} bytes")
        text = words.format(
            when=came, topic=found.topic, partition=found.partition, offset=count(found.offset),
            n=count(found.size),
        )  # fmt: skip
        if not found.packed or found.withheld:
            return text
        packed = ngettext("packed, with {n} reading", "packed, with {n} readings", found.readings)
        return f"{text} · {packed.format(n=count(found.readings))}"
