"""The times of a table's lines: the order of its dates, its zone, starts or ends of intervals."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.errors import Malformed
from energyguard.files.found import OFFSET, FileDoubt, FileFinding
from energyguard.files.tables.date_order import date_order
from energyguard.files.tables.grid import kind_of
from energyguard.files.tables.layout import NUMBERED
from energyguard.files.tables.numbered import numbered_utc
from energyguard.files.tables.physics import usual_step
from energyguard.files.tables.preamble import device_above, device_beside
from energyguard.files.tables.reading import TableRead
from energyguard.files.values.dates import FIGURES, YEAR_FIRST
from energyguard.files.values.local_clock import UtcTimes, utc_times
from energyguard.files.values.moments import (
    DAY_MS,
    Bools,
    FileMoments,
    Ints,
    dates,
    joined_moments,
    moments,
)
from energyguard.files.values.times import zone_named
from energyguard.files.values.words import header_of_text


def local_moments(read: TableRead) -> FileMoments:
    """The times of all lines by their own clock; lines without one are refused.

    For a wide table these are its days.
    """
    layout = read.layout
    is_month_first = _month_first(read)
    if layout.slots is not None and layout.day is not None:
        place = layout.day
        found = dates(_days_in(read, place), is_month_first)
    elif layout.day is not None and layout.numbers is not None:
        place = layout.day
        found = _numbered_moments(read, dates(_days_in(read, place), is_month_first))
    elif layout.day is not None and layout.clock is not None:
        place = layout.day
        found = joined_moments(
            pc.utf8_trim_whitespace(_days_in(read, place)),
            read.column(layout.clock),
            is_month_first,
        )
    elif layout.start is not None or layout.end is not None:
        place = layout.start if layout.start is not None else layout.end or 0
        found = moments(_days_in(read, place), is_month_first)
        if found.bad.all():
            found = dates(_days_in(read, place), is_month_first)
    elif layout.day is not None:
        place = layout.day
        found = dates(_days_in(read, place), is_month_first)
    else:
        raise Malformed(f"no column is a time: {', '.join(read.grid.header)}", "file")
    beside = read.header(layout.in_day)
    what = f"is no time with {beside}" if beside else "is no time"
    bad = found.bad | _below_other_header(read, found.bad)
    read.refuse(found.bad, read.header(place), what, read.column(place))
    read.refuse(
        bad & ~found.bad, "header", "changes above this line: bring each table by itself",
        read.column(place),
    )  # fmt: skip
    read.table = read.table.without(bad)
    kept = ~bad
    names = [read.header(at) for at in (place, layout.in_day) if at is not None]
    how = f"since 1970 in {found.epoch}" if found.epoch else "a date and a time of the day"
    read.findings.append(FileFinding("time", " and ".join(names), how))
    return replace(
        found, ms=found.ms[kept], is_utc=found.is_utc[kept], which=found.which[kept],
        bad=found.bad[kept],
    )  # fmt: skip


def _numbered_moments(read: TableRead, days: FileMoments) -> FileMoments:
    """The times of days with numbers of their intervals, as if all days had as many."""
    assert read.layout.numbers is not None
    cells = read.column(read.layout.numbers.place)
    numbers = read.layout.numbers = read.layout.numbers.starting(cells)
    name = read.header(numbers.place)
    if numbers.first is None:
        question = f"{name!r} numbers the intervals of a day: has the first one the number 0 or 1"
        read.doubts.append(FileDoubt(question, "--map", tuple(NUMBERED), name))
    why = f"numbers from {numbers.first or 0} on, since midnight"
    read.findings.append(FileFinding(name, f"{numbers.step_ms // 60_000} min each", why))
    since_midnight = numbers.since_midnight(cells)
    return replace(days, ms=days.ms + since_midnight, bad=days.bad | (since_midnight < 0))


def _days_in(read: TableRead, place: int) -> pa.Array:
    """The cells of a column of dates, with years of four digits where the year stands first."""
    texts = read.column(place)
    if not read.layout.year_first:
        return texts
    return pc.replace_substring_regex(texts, YEAR_FIRST, r"20\1\2")


def _below_other_header(read: TableRead, bad: Bools) -> Bools:
    """Which lines stand below another header than the first, or below another meter's name.

    Nobody knows their columns, or whose they are.
    """
    names = {name.strip().lower() for name in read.grid.header}
    device = device_above(read.grid) if read.layout.device is None else None
    for place in np.flatnonzero(bad).tolist():
        cells = [column[place].as_py() for column in read.table.columns]
        words = {cell.strip().lower() for cell in cells if kind_of(cell) == "text"}
        other = device_beside(cells) if device is not None else ""
        if other not in ("", device) or (
            len(words) > 1 and len(words & names) >= len(read.grid.header) / 2
        ):
            return np.arange(len(bad)) >= place
    return np.zeros(len(bad), bool)


def _month_first(read: TableRead) -> bool:
    """Whether the month stands before the day."""
    layout = read.layout
    stated = read.known.month_first if layout.month_first is None else layout.month_first
    if stated is not None:
        return stated
    place = next((at for at in (layout.day, layout.start, layout.end) if at is not None), None)
    days = pc.extract_regex(read.column(place), f"(?P<day>{FIGURES})")
    texts = pc.unique(pc.struct_field(days, "day").drop_null()).to_pylist()
    clocks = layout.in_day if layout.in_day is not None else place
    has_clocks = len(pc.unique(read.column(clocks))) > len(texts)
    order = date_order(texts, read.header(place), has_clocks=has_clocks)
    read.findings += order.findings
    read.doubts += order.doubts
    layout.year_first |= order.year_first
    return order.month_first


def zone_of_table(read: TableRead, found: FileMoments) -> ZoneInfo:
    """The zone of its local times: as its columns, people, or its format say; else assumed."""
    if found.is_utc.all() and len(found.is_utc):
        read.findings.append(FileFinding("zone", "UTC", OFFSET))
        return ZoneInfo("UTC")
    answers = read.answers
    for zone, why in (
        ("UTC" if read.layout.utc else _zone_in(read), "its header says so"),
        (answers.zone, "you say so"),
        (read.known.zone, "its format has this one"),
        (answers.usual_zone, "nothing says it: the zone that is set here"),
    ):
        if zone:
            read.findings.append(FileFinding("zone", zone, why))
            return zone_named(zone)
    if len(found.ms):
        choices = ("Europe/Berlin", "Europe/London", "UTC")
        read.doubts.append(FileDoubt("its times do not say their zone", "--zone", choices))
    return ZoneInfo("UTC")


def _zone_in(read: TableRead) -> str:
    """A zone that stands in the header of a time: ``Time Bucket (America/Los_Angeles)``."""
    layout = read.layout
    for place in (layout.start, layout.end, layout.day, layout.clock):
        found = re.search(r"[A-Z][A-Za-z]+/[A-Z][A-Za-z_/]+", read.header(place))
        if found is not None and found[0] in available_timezones():
            return found[0]
    return ""


def by_utc(read: TableRead, found: FileMoments, whose: Ints) -> tuple[Ints, Bools]:
    """All times in ms since 1970 by UTC; and those that never were."""
    zone = zone_of_table(read, found)

    def utc(local: FileMoments) -> UtcTimes:
        content = partial(_contents, read, local)
        return utc_times(local, zone, whose, content, newest_first(local.ms))

    numbers = read.layout.numbers
    if numbers is None:
        times = utc(found)
    else:
        since_midnight = numbers.since_midnight(read.column(numbers.place))
        times = numbered_utc(found, since_midnight, numbers.step_ms, utc)
    _say_hours(read, times.twice, zone)
    return times.ms, times.never


def _say_hours(read: TableRead, twice: Bools, zone: ZoneInfo) -> None:
    if twice.any():
        why = f"{int(twice.sum())} lines in {zone.key}"
        read.findings.append(FileFinding("the hour that comes twice", "by the order of lines", why))


def _contents(read: TableRead, found: FileMoments) -> Ints:
    """Of each line a number: lines with the same bytes have the same one."""
    n = len(found.ms)
    if n != len(read.table) or found.is_utc.all():
        return np.zeros(n, np.int64)
    codes = np.zeros(n, np.int64)
    for column in read.table.columns[:8]:
        encoded = column.dictionary_encode()
        codes = codes * (len(encoded.dictionary) + 1) + np.asarray(encoded.indices, np.int64)
    return codes


def newest_first(ms: Ints) -> bool:
    """Whether later times mostly stand above earlier ones."""
    steps = np.diff(ms)
    return int((steps < 0).sum()) > int((steps > 0).sum())


def starts_of(read: TableRead, found: FileMoments, whose: Ints) -> tuple[FileMoments, int]:
    """The same, where they are ends of intervals: what is to be taken off them by UTC, in ms.

    Ends of whole days are moved by the calendar, others by the time elapsed.
    """
    layout = read.layout
    if layout.numbers is not None:
        return found, 0
    found = _ends_of_days(read, found, whose)
    step = usual_step(found.ms, whose)
    fills_days = _end_with_days(read, found, step)
    is_end = layout.is_end_only or read.known.ends or found.midnight_end or fills_days
    if not is_end or layout.slots is not None:
        return found, 0
    of_end = layout.clock if layout.clock_ends else layout.end
    name = read.header(of_end if of_end is not None else layout.start)
    if step is None:
        question = f"{name!r} is the end of an interval, and one line does not say how long it is"
        read.doubts.append(
            FileDoubt(question, "--map", ("clock" if layout.clock_ends else "time",), name)
        )
        return found, 0
    why = "24:00 is the end of a day" if found.midnight_end else f"{name!r} is an end"
    if fills_days:
        why = "whole days from the first interval's end to the last one's at midnight"
    read.findings.append(FileFinding("times", f"ends of {step // 60_000} min", why))
    if step % DAY_MS == 0:
        return replace(found, ms=found.ms - step), 0
    return found, step


def _end_with_days(read: TableRead, found: FileMoments, step: int | None) -> bool:
    """Whether times fill whole days as ends do: from 00:15 to the midnight behind the last day."""
    layout = read.layout
    if step is None or step >= DAY_MS or layout.slots is not None or found.is_utc.any():
        return False
    places = (layout.start, layout.clock)
    is_start = any(header_of_text(read.header(place)).is_start for place in places)
    is_register = any(column.counts == "register" for column in layout.values)
    if is_start or is_register or layout.end is not None or layout.is_end_only:
        return False
    first, last = int(found.ms.min()), int(found.ms.max())
    return first % DAY_MS == step and last % DAY_MS == 0


def _ends_of_days(read: TableRead, found: FileMoments, whose: Ints) -> FileMoments:
    """The same, where each midnight stands below the other times of its date: it is their end.

    Above another time of its date it is none: such lines are in no order.
    """
    layout, ms = read.layout, found.ms
    places = (layout.start, layout.clock)
    is_start = any(header_of_text(read.header(place)).is_start for place in places)
    if is_start or layout.end is not None or found.is_utc.any() or newest_first(ms):
        return found
    order = np.argsort(whose, kind="stable")
    day, time, who = ms[order] // DAY_MS, ms[order], whose[order]
    same = (day[1:] == day[:-1]) & (who[1:] == who[:-1])
    is_last = np.ones(len(ms), bool)
    is_last[:-1] = ~same
    below = np.zeros(len(ms), bool)
    below[order[1:]] = same & (time[1:] % DAY_MS == 0) & (time[1:] < time[:-1]) & is_last[1:]
    if not below.any() or (below != (ms % DAY_MS == 0)).any():
        return found
    return replace(found, ms=ms + DAY_MS * below, midnight_end=True)


def codes_of(texts: pa.Array) -> Ints:
    """Of each text a number: the same for the same text."""
    return np.asarray(texts.dictionary_encode().indices, np.int64)
