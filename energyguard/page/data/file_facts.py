"""What a file that is looked at would become, and which of its rows cannot be taken."""

from __future__ import annotations

import csv
import io
from typing import Final

from nicegui import ui

from energyguard.files.formats import TABLE
from energyguard.page.elements.components import Tag, button
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import count, day_moment, number
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.readings import level_words
from energyguard.page.words.refusals import why_refused
from energyguard.service.intake.file_previews import FilePreview

MAX_NAMES: Final = 8
MAX_REFUSED_SHOWN: Final = 5


def facts_of(seen: FilePreview, context: PageContext) -> list[tuple[str, str]]:
    """Names and values: its time, devices, channels, energy."""
    zone = context.zone
    if seen.messages:
        return [(_("Read as"), _("a charging network's sessions"))]
    found = [(_("Read as"), _("any table") if seen.dialect == TABLE else seen.dialect)]
    if seen.tables is not None:
        found = [(_("Read as"), _("a charging network's sessions"))]
    if seen.first_ms is not None and seen.last_ms is not None:
        first, last = day_moment(seen.first_ms, zone), day_moment(seen.last_ms, zone)
        found.append((_("From – to"), f"{first} – {last} ({zone})"))
    if seen.readings:
        what = _("Readings") if seen.tables is None else _("Sessions")
        found.append((what, count(seen.readings)))
    if seen.devices and seen.names_device:
        names = [
            place_of(context.cache.service.catalogue, d).name for d in seen.devices[:MAX_NAMES]
        ]
        more = len(seen.devices) - len(names)
        listed = ", ".join(names) + (f" +{count(more)}" if more else "")
        found.append((_("Devices"), f"{count(len(seen.devices))}: {listed}"))
    if seen.channels:
        found.append((_("Measures"), ", ".join(map(level_words, seen.channels))))
    if seen.kwh is not None:
        found.append((_("Energy"), f"{number(seen.kwh, 4)} kWh"))
    if seen.refused_rows:
        words = ngettext("{n} row", "{n} rows", seen.refused_rows)
        found.append((_("Not readable"), words.format(n=count(seen.refused_rows))))
    return found if seen.readings or seen.doubts else []


def draw_refused(seen: FilePreview) -> None:
    """The first rows that cannot be taken, and all that are kept of them as a file."""
    if not seen.refused:
        return
    with Tag("ul", "", "doubts"):
        for row in seen.refused[:MAX_REFUSED_SHOWN]:
            with Tag("li"):
                Tag("span", "▲", "sev warning", aria_hidden="true")
                with Tag("span"):
                    Tag("b", _("Row {n}").format(n=count(row.row)))
                    Tag("span", f": {why_refused(row.reason)}")
    if seen.readings:
        button(_("Refused rows as a file"), lambda: _download(seen), mark="refused-csv")


def _download(seen: FilePreview) -> None:
    ui.download.content(refused_csv(seen).encode(), "refused.csv", "text/csv")


def refused_csv(seen: FilePreview) -> str:
    """The rows that cannot be taken: number, reason, and what stands there."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("row", "reason", "original"))
    for row in seen.refused:
        lines.writerow((row.row, row.reason, row.original.decode(errors="backslashreplace")))
    return out.getvalue()
