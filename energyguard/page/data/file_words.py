"""What was found out of a file, what it leaves open, and what its columns are, for people.

The reader of files writes findings and questions in English, as the command line and programs read
them; what is not known here stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from energyguard.codecs.headers import VALUES
from energyguard.files.found import FileDoubt, FileFinding
from energyguard.files.tables.layout import FED_IN, MARKS, ROLES, unit_of_role
from energyguard.model.channels import CHANNELS
from energyguard.page.words.faults import words_of
from energyguard.page.words.language import _
from energyguard.page.words.readings import level_words

_SENTENCES: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"(?P<n>[\d,]+) cells a line", _("{n} cells a line")),
        (r"its first line has a time and a number", _("its first line has a time and a number")),
        (r"market time", _("market time")),
        (r"its times say their offset", _("its times say their offset")),
        (r"its times are seconds since 1970", _("its times are seconds since 1970")),
        (r"you say so", _("you say so")),
        (r"its header says so", _("its header says so")),
        (r"its format has this one", _("its format has this one")),
        (
            r"nothing says it: the zone that is set here",
            _("nothing says it: the zone of this system is assumed"),
        ),
        (
            r"(?P<column>'.*') may be what was paid, or the price of a kWh",
            _("{column}: the amount paid, or the price of a kWh?"),
        ),
        (
            r"the column (?P<column>'.*') has no unit of time",
            _("{column}: how long it took, in which unit?"),
        ),
        (
            r"exports with these columns have this one",
            _("exports with these columns have this one"),
        ),
        (r"of each row", _("of each row")),
        (r"a column says so", _("a column says so")),
        (r"read as a table", _("read as a table")),
        (r"it has no unit of time", _("it has no unit of time")),
        (r"it has no unit, and the energy has one", _("it has no unit, others have one")),
        (r"a number above 12 shows it", _("a number above 12 shows it")),
        (r"so its days follow one another", _("so its days follow one another")),
        (r"else they are of many years", _("else they are of many years")),
        (r"a date and a time of the day", _("a date and a time of the day")),
        (r"since 1970 in (?P<unit>.*)", _("since 1970 in {unit}")),
        (r"by the order of lines", _("by the order of lines")),
        (r"24:00 is the end of a day", _("24:00 is the end of a day")),
        (r"(?P<column>'.*') is an end", _("{column} is an end")),
        (r"ends of (?P<n>\d+) min", _("ends of {n} min")),
        (r"as its 1 numbers show", _("as its number shows")),
        (r"as its (?P<n>[\d,]+) numbers show", _("as its {n} numbers show")),
        (r"their cells are empty, or say so", _("their cells are empty, or say so")),
        (r"it falls too often for a register", _("it falls too often for a counter")),
        (r"it has no unit, others have one", _("it has no unit, others have one")),
        (r"no unit of ours", _("no unit that is taken")),
        (r"reactive energy is no consumption", _("reactive energy is no consumption")),
        (r"reactive power is no consumption", _("reactive power is no consumption")),
        (r"apparent energy is no consumption", _("apparent energy is no consumption")),
        (r"apparent power is no consumption", _("apparent power is no consumption")),
        (r"the lines above the header name it", _("the lines above the header name it")),
        (r"the last update counts", _("the last update counts")),
        (r"each read by itself", _("each read by itself")),
        (r"its first sheet that has rows", _("its first sheet that has rows")),
        (r"some bytes are no UTF-8", _("some bytes are no UTF-8")),
        (r"(?P<n>[\d,]+) of them", _("{n} of them")),
        (r"(?P<n>[\d,]+) lines", _("{n} lines")),
        (r"(?P<n>[\d,]+) files", _("{n} files")),
        (r"line (?P<n>\d+)", _("line {n}")),
        (r"month, day", _("month before day")),
        (r"day, month", _("day before month")),
        (r"none", _("none")),
        (r"semicolon", _("semicolon")),
        (r"tab", _("tab")),
        (r"bar", _("bar")),
        (r"comma", _("comma")),
        (r"space", _("space")),
        (r"point", _("point")),
        (r"interval", _("energy of an interval")),
        (r"register", _("counter")),
        (
            r"(?P<text>'.*') may have a decimal (point|comma), or one that parts thousands",
            _("{text}: does its mark begin the decimals, or part thousands?"),
        ),
        (
            r"(?P<text>'.*'): is the day or the month first",
            _("{text}: is the day or the month first?"),
        ),
        (
            r"(?P<text>'.*'): is the year, the day or the month first",
            _("{text}: is the year, the day or the month first?"),
        ),
        (
            r"(?P<column>'.*') numbers the intervals of a day: has the first one the number 0 or 1",
            _("{column} numbers the intervals of a day: has the first one the number 0 or 1?"),
        ),
        (r"numbers from (?P<n>[01]) on, since midnight", _("numbered from {n} on, since midnight")),
        (r"(?P<n>\d+) min each", _("{n} min each")),
        (r"its times do not say their zone", _("In which time zone are its times?")),
        (
            r"(?P<column>'.*') is the end of an interval, and one line does not say how long it is",
            _("{column} is the end of an interval, and one line does not say how long it is"),
        ),
        (
            r"(?P<column>'.*') may be energy per interval or a counter that only grows",
            _("{column}: energy of each interval, or a counter that only grows?"),
        ),
        (
            r"no column says what it measures, and in which unit \((?P<columns>.*)\)",
            _("No column says what it measures, and in which unit ({columns})."),
        ),
        (
            r"the column (?P<column>'.*') has no unit",
            _("{column}: what does it measure, and in which unit?"),
        ),
        (r"(?P<column>'.*') has no unit", _("{column}: what does it measure, and in which unit?")),
        (
            r"nothing says in which unit the values are",
            _("In which unit are the values?"),
        ),
        (
            r"(?P<what>.*); (?P<column>'.*') may tell them apart",
            _("Several readings of the same time: does {column} tell them apart?"),
        ),
        (r"like a register", _("like a register")),
        (
            r"(?P<devices>.*): the energies only rise, as .*",
            _(
                "{devices}: the energies only rise, as what a meter's register shows, and count as "
                "what each interval used; a register is energy_register_kwh or energy_register_wh"
            ),
        ),
    )
)
"""What the reader of files writes, and what is said."""


def in_words(text: str) -> str:
    """A finding's value or reason, or a question, in the reader's language."""
    words = words_of(text, _SENTENCES)
    return text if words is None else words


def finding_words(finding: FileFinding) -> tuple[str, str]:
    """What was found out, and what it is, with why."""
    names = {
        "format": _("Format"),
        "delimiter": _("Between columns"),
        "header": _("Header"),
        "time": _("Time"),
        "times": _("Times"),
        "dates": _("Dates"),
        "zone": _("Time zone"),
        "the hour that comes twice": _("The hour that comes twice"),
        "decimal mark": _("Decimal mark"),
        "encoding": _("Encoding"),
        "without a value": _("Without a value"),
        "not read": _("Not read"),
        "values": _("Values"),
        "columns": _("Columns"),
        "device": _("Device"),
        "archive": _("Archive"),
        "workbook": _("Workbook"),
        "corrected": _("Corrected"),
        "page": _("Page"),
    }
    value, why = in_words(finding.value), in_words(finding.why)
    return names.get(finding.what, finding.what), f"{value} · {why}" if why else value


def role_words(role: str) -> str:
    """What a column is, as the menus have it."""
    words = {
        "time": _("Time, or start of the interval"),
        "end": _("End of the interval"),
        "date": _("Date"),
        "clock": _("Time of the day"),
        "dmy": _("Time, day before month"),
        "mdy": _("Time, month before day"),
        "ymd": _("Time, year before month"),
        "from_0": _("Number of the interval in its day, from 0"),
        "from_1": _("Number of the interval in its day, from 1"),
        "device": _("Device"),
        "channel": _("What is measured"),
        "value": _("Value"),
        "unit": _("Unit"),
        "sequence": _("Sequence"),
        "interval": _("Energy of the interval, in its unit"),
        "register": _("Counter, in its unit"),
        "ignore": _("not read"),
        "point": _("decimal point: 1.5"),
        "comma": _("decimal comma: 1,5"),
        "": _("please choose"),
    }
    if role in words:
        return words[role]
    if role not in VALUES and role not in FED_IN:
        return role  # a zone
    fed_in = role in FED_IN
    unit, counts = unit_of_role(role)
    channel = "energy_register_kwh" if counts == "register" else unit.channel
    name = _("Counter of what is fed in") if fed_in and counts == "register" else (
        _("Fed in") if fed_in else level_words(channel)
    )  # fmt: skip
    return f"{name}, {_unit(role, channel)}"


def _unit(role: str, channel: str) -> str:
    """The unit of a role: ``Wh``."""
    unit = CHANNELS[channel].unit
    last = role.rpartition("_")[2]
    return next((known for known in ("Wh", "W", "mA", "mV") if known.lower() == last), unit)


def role_options(
    doubt: FileDoubt | None = None, known: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """What may be chosen of a column; of a doubt, its answers.

    Args:
        doubt: a question; None: any column.
        known: the roles of a domain's tables, with their words; none: they are of readings.
    """
    roles = doubt.choices if doubt is not None else tuple(known or ROLES)
    return [(role, (known or {}).get(role) or role_words(role)) for role in roles]


def mark_options() -> list[tuple[str, str]]:
    """How decimals may be written."""
    return [(mark, role_words(mark)) for mark in MARKS]
