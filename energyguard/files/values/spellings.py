"""Columns of times that look like numbers or hold two times: how each is spelled, and plainly.

Nothing in such a cell says by itself that it is a time. A column is spelled so where its header is
one of times, and all of its cells are of the form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from energyguard.files.values.dates import is_day
from energyguard.files.values.times import is_clock, since_or_written

_CLOCK: Final = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
_CLOCKS: Final = re.compile(rf"(?P<first>(?:.*\D)?{_CLOCK})\s?[-–—]\s?(?P<second>{_CLOCK})")
_BETWEEN: Final = re.compile(
    r"\s+(?:[-–—]|bis|to|till|until|à|au|do|tot|al)\s+|(?<=[0-9Zz])[-–—/](?=[0-9])"
)
_DAY_NUMBER: Final = re.compile(r"((?:19|20)[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_SHEET_DAY: Final = re.compile(r"(3[6-9]|[4-6][0-9]|7[0-2])([0-9]{3})(?:[.,]([0-9]{1,15}))?")
_CLOCK_NUMBER: Final = re.compile(r"([01]?[0-9]|2[0-4])([0-5][0-9])")
_CLOCK_POINTS: Final = re.compile(r"([01]?[0-9]|2[0-4])[.h]([0-5][0-9])(?:[.]([0-5][0-9]))?")
_SHEET_EPOCH: Final = datetime(1899, 12, 30)
_MAX_OFFSETS: Final = 2
"""Of one zone: standard and summer time. What stands behind a clock and is another one each time
is no offset.
"""
DATES: Final = re.compile(
    r"\b(date|day|datum|tag|jour|dag|giorno|data|dzień|dzien|fecha|dia|día|dato|den|päivä|pvm)\b"
)
CLOCKS: Final = re.compile(
    r"\b(time|clock|zeit|uhrzeit|heure|hour|tijd|ora|orario|godzina|hora|von|bis|from|to|start|end"
    r"|timestamp|datetime|tid|tidpunkt|klokken|klokkeslæt|klokkeslett|kl|aika|kello|čas|cas)\b"
)
ANY_TIME: Final = re.compile(f"{DATES.pattern}|{CLOCKS.pattern}")


class Spelling(NamedTuple):
    """A way in which times are written.

    Attributes:
        name: as people say it.
        words: what a header of such a column has; None: any header.
        fits: whether the cells of a column are written so.
        plain: a cell as it is written elsewhere; another text as it is.
    """

    name: str
    words: re.Pattern[str] | None
    fits: Callable[[Sequence[str]], bool]
    plain: Callable[[str], str]


def spelling_of(header: str, cells: Iterable[str]) -> Spelling | None:
    """How the times of a column are spelled; None: as everywhere, or it has none.

    Args:
        header: of it, in small letters.
        cells: some of it.
    """
    texts = [text for cell in cells if (text := cell.strip())]
    if not texts or len(texts[0]) > _LONGEST:
        return None
    for spelling in SPELLINGS:
        if spelling.words is not None and not spelling.words.search(header):
            continue
        if spelling.fits(texts):
            return spelling
    return None


_LONGEST: Final = 60


def _all(form: re.Pattern[str]) -> Callable[[Sequence[str]], bool]:
    return lambda texts: all(form.fullmatch(text) for text in texts)


def _are_spans(texts: Sequence[str]) -> bool:
    """Whether all are two times; a clock behind another one may be an offset."""
    found = [_CLOCKS.fullmatch(text) for text in texts]
    if all(found):
        ends = [match["second"] for match in found if match is not None]
        starts = [match["first"][-len(end) :] for match, end in zip(found, ends, strict=True)
                  if match is not None]  # fmt: skip
        follow = any(start == end for start, end in zip(starts[1:], ends, strict=False))
        return len(set(ends)) > _MAX_OFFSETS or follow or any(_no_offset(end) for end in ends)
    return all(_first_of_span(text) for text in texts)


def _no_offset(text: str) -> bool:
    hour, minute = (int(part) for part in text.split(":")[:2])
    return hour > 14 or minute not in (0, 30, 45) or (hour, minute) == (0, 0)


def _first_of_span(text: str) -> str:
    """The first of two times; empty: it is no span."""
    for between in _BETWEEN.finditer(text):
        first, second = text[: between.start()].strip(), text[between.end() :].strip()
        if _is_time(first) and _is_time(second):
            return first
    return ""


def is_span(text: str) -> bool:
    """Whether a text is two times, each with its day."""
    return len(text) <= _LONGEST and bool(_first_of_span(text.strip()))


def _is_time(text: str) -> bool:
    return is_clock(text) or is_day(text) or since_or_written(text)


def _plain_span(text: str) -> str:
    found = _CLOCKS.fullmatch(text)
    return found["first"] if found is not None else _first_of_span(text) or text


def _plain_day(text: str) -> str:
    return _DAY_NUMBER.sub(r"\1-\2-\3", text)


def _plain_sheet_day(text: str) -> str:
    """A day of a workbook, which counts them."""
    return _plain_sheet_time(text).partition(" ")[0] if text.isdigit() else text


def _plain_sheet_time(text: str) -> str:
    """A time of a workbook: the part of its day stands behind the mark."""
    found = _SHEET_DAY.fullmatch(text)
    if found is None:
        return text
    seconds = round(float(f"0.{found[3] or 0}") * 86_400)
    time = _SHEET_EPOCH + timedelta(days=int(found[1] + found[2]), seconds=seconds)
    return time.isoformat(" ")


def _plain_clock(text: str) -> str:
    found = _CLOCK_NUMBER.fullmatch(text) or _CLOCK_POINTS.fullmatch(text)
    return ":".join(part for part in found.groups() if part) if found is not None else text


def _are_sheet_days(texts: Sequence[str]) -> bool:
    return all(text.isdigit() for text in texts) and _all(_SHEET_DAY)(texts)


def _are_clock_numbers(texts: Sequence[str]) -> bool:
    """Whether all have four digits, or three where they have no zero before them."""
    lengths = {len(text) for text in texts}
    return max(lengths) == 4 and _all(_CLOCK_NUMBER)(texts)


SPELLINGS: Final = (
    Spelling("two times, of which the first is taken", None, _are_spans, _plain_span),
    Spelling("days in one number", DATES, _all(_DAY_NUMBER), _plain_day),
    Spelling("days as a workbook counts them", ANY_TIME, _are_sheet_days, _plain_sheet_day),
    Spelling("times as a workbook counts them", ANY_TIME, _all(_SHEET_DAY), _plain_sheet_time),
    Spelling("hours and minutes in one number", CLOCKS, _are_clock_numbers, _plain_clock),
    Spelling("hours and minutes with a point", CLOCKS, _all(_CLOCK_POINTS), _plain_clock),
)
