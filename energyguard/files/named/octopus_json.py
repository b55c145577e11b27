"""Octopus Energy's REST answers: pages of half hours, ``interval_start`` and ``consumption``."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import HEAD_BYTES, FileFormat
from energyguard.files.found import OFFSET, FileAnswers, FileFinding, FileReadings


class Interval(msgspec.Struct):
    """A half hour."""

    consumption: Decimal
    interval_start: datetime


class IntervalPage(msgspec.Struct):
    """A page of an answer."""

    results: list[Interval]
    next: str | None = None


def read_octopus(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a page.

    Raises:
        Malformed: it is cut short, or no such page.
    """
    try:
        page = msgspec.json.decode(data, type=IntervalPage)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"{name}: {error}", "file") from error
    results = page.results
    collected = CollectedReadings(limits, lambda row: msgspec.json.encode(results[row - 1]))
    series = Series(answers.device, "energy_kwh")
    for row, found in enumerate(results, 1):
        if found.interval_start.tzinfo is None:
            collected.refuse(row, "interval_start", "interval_start has no offset")
            continue
        time_ms = round(found.interval_start.timestamp() * 1_000)
        collected.add(series, row, [time_ms], [format(found.consumption, "f")])
    findings = [FileFinding("zone", "UTC", OFFSET)]
    if page.next:
        findings.append(FileFinding("page", "not the last", f"the next is {page.next}"))
    head = tuple(data[:2_000].decode(errors="replace").split("\n")[:6])
    return FileReadings("octopus-json", tuple(findings), (), collected.decoded(), False, head)


def _recognises(head: bytes) -> bool:
    head = head[:HEAD_BYTES]
    return head.lstrip()[:1] == b"{" and b'"interval_start"' in head and b'"consumption"' in head


EXAMPLE: Final = (
    b'{"count":2,"next":null,"previous":null,"results":['
    b'{"consumption":0.063,"interval_start":"2026-07-01T00:30:00+01:00",'
    b'"interval_end":"2026-07-01T01:00:00+01:00"},'
    b'{"consumption":0.071,"interval_start":"2026-07-01T00:00:00+01:00",'
    b'"interval_end":"2026-07-01T00:30:00+01:00"}]}\n'
)
FORMAT: Final = FileFormat(
    name="octopus-json",
    title="Octopus Energy (UK), REST",
    source="developer.octopus.energy, list consumption for a meter",
    becomes="`energy_kwh` at `interval_start`",
    left_out="the other pages, each a file of its own",
    example=EXAMPLE,
    recognises=_recognises,
    read=read_octopus,
    answers=FileAnswers(device="home"),
)
