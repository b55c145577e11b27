"""The order of day, month and year in the dates of a file, as all of them show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from energyguard.errors import Malformed
from energyguard.files.found import FileDoubt, FileFinding
from energyguard.files.values.dates import (
    YEAR_FIRST,
    day_number,
    leaves_order_open,
    month_first,
    with_century,
)

_MONTHS: Final = 12
_YEARS: Final = 5 * 365
_TIMES: Final = 20
_NEVER: Final = 1_000_000
_FOLLOW: Final = "so its days follow one another"


class DateOrder(NamedTuple):
    """How dates in figures are read.

    Attributes:
        month_first: whether the month stands before the day.
        year_first: whether they begin with a year of two digits.
        findings, doubts: what shows it, or that it is open.
    """

    month_first: bool = False
    year_first: bool = False
    findings: tuple[FileFinding, ...] = ()
    doubts: tuple[FileDoubt, ...] = ()


def date_order(
    texts: Sequence[str], column: str, *, has_clocks: bool = True, name: str = "the file"
) -> DateOrder:
    """The order of dates.

    Args:
        texts: days as they stand there, each once, in the order of the lines.
        column: in which they stand.
        has_clocks: whether more times of the day than days are there, so that the days are not
            the first ones of months.
        name: the file's.

    Raises:
        Malformed: many dates can only be read one way, and many only the other.
    """
    by_data = month_first(texts, name)
    may_begin = all(re.fullmatch(YEAR_FIRST, text) for text in texts)
    whole = [with_century(text) for text in texts]
    if may_begin and _is_far_apart(whole, texts):
        may_begin = False
        if any(int(re.split("[-/]", text)[0]) > _MONTHS for text in texts):
            return _found(False, "else they are of many years")
    if not leaves_order_open(text for text in texts if "." not in text):
        if any("/" in text and not re.match(r"\d{4}", text) for text in texts):
            return _found(by_data, "a number above 12 shows it")
        return DateOrder(by_data)
    day_steps, month_steps = (_day_steps(texts, order) for order in (False, True))
    if may_begin and _day_steps(whole, False) > max(day_steps, month_steps):
        finding = FileFinding("dates", "year, month, day", _FOLLOW)
        return DateOrder(year_first=True, findings=(finding,))
    if day_steps != month_steps and (has_clocks or not _may_be_months(texts)):
        return _found(month_steps > day_steps, _FOLLOW)
    orders: tuple[str, ...] = ("dmy", "mdy")
    which = "the day or the month"
    if may_begin:
        orders, which = ("ymd", "dmy", "mdy"), "the year, the day or the month"
    question = f"{texts[0]!r}: is {which} first"
    return DateOrder(doubts=(FileDoubt(question, "--map", orders, column),))


def _found(is_month_first: bool, why: str) -> DateOrder:
    order = "month, day" if is_month_first else "day, month"
    return DateOrder(is_month_first, findings=(FileFinding("dates", order, why),))


def _is_far_apart(whole: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether dates that begin with years would be of several, and else are of days near by."""
    spans = [_span(whole, False), *(_span(texts, order) for order in (False, True))]
    return spans[0] > _YEARS and spans[0] > _TIMES * min(spans[1:])


def _span(texts: Sequence[str], is_month_first: bool) -> int:
    """Days from the first date to the last; those of which there is none are left out."""
    days = _days(texts, is_month_first)
    return max(days) - min(days) if len(days) > len(texts) // 2 else _NEVER


def _may_be_months(texts: Sequence[str]) -> bool:
    """Whether dates may be the first of each month as well: ``01/02/2026``, ``01/03/2026``."""
    return any(all(re.split("[-/]", text)[at] in ("1", "01") for text in texts) for at in (0, 1))


def _day_steps(texts: Sequence[str], is_month_first: bool) -> int:
    """How often the next date is the next day."""
    return sum(abs(b - a) == 1 for a, b in pairwise(_days(texts, is_month_first)))


def _days(texts: Sequence[str], is_month_first: bool) -> list[int]:
    days = []
    for text in texts:
        try:
            days.append(day_number(text, is_month_first))
        except Malformed:
            continue
    return days
