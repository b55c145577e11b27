"""Days as people write them: in figures, or with the name of the month in eight languages.

Figures may have the day, the month or the year first; which of the first two it is, all of a file
shows together. A weekday may stand before any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from energyguard.errors import Malformed

FIGURES: Final = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"
_FIGURES: Final = re.compile(r"([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})")
_MONTH: Final = r"(?P<month>[^\W\d_]{3,11})\.?"
_GAP: Final = r"[-/. ]{0,3}"
_NAMED: Final = (
    re.compile(
        rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|er|º)?{_GAP}(?:de |of )?{_MONTH},?{_GAP}"
        r"(?:de |del )?(?P<year>[0-9]{4}|[0-9]{2})"
    ),
    re.compile(
        rf"{_MONTH}[-/ ]{{1,2}}(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,?[-/ ]{{1,2}}"
        r"(?P<year>[0-9]{4})"
    ),
    re.compile(rf"(?P<year>[0-9]{{4}})[-/ ]{_MONTH}[-/ ](?P<day>[0-9]{{1,2}})"),
)
_MONTHS: Final = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz apr mai jun jul aug sept okt nov dez",
    "jan feb mrz apr mai juni juli aug sep okt nov dez",
    "jan feb mär apr mai jun jul aug sept okt nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil aout sept oct nov déc",
    "jan fév mar avr mai jun jul aoû sep oct nov decembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada"
    " grudnia",
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad"
    " grudzień",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sept oct nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
)
_MONTH_NUMBERS: Final[Mapping[str, int]] = {
    name: number for year in _MONTHS for number, name in enumerate(year.split(), 1)
}
"""By the name of a month: English, German, French, Italian, Polish, Dutch, Spanish, Portuguese."""
_WEEKS: Final = (
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun tues",
    "montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so sonnabend",
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim",
    "lunedì martedì mercoledì giovedì venerdì sabato domenica gio sab dom",
    "poniedziałek wtorek środa czwartek piątek sobota niedziela pon pn wt śr czw cz pt sob nd",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo",
    "lunes martes miércoles jueves viernes sábado domingo lu ju vi sá mié jue vie",
)
_WEEKDAYS: Final = frozenset(day for week in _WEEKS for day in week.split())
YEAR_FIRST: Final = r"^\s*(\d{2})([-/](?:0?[1-9]|1[0-2])[-/](?:0?[1-9]|[12]\d|3[01]))"
"""A date that may begin with a year of two digits."""
_FIRST_WORD: Final = re.compile(r"([^\W\d_]{2,12})\.?,?\s+(?=\S)")
_EPOCH: Final = date(1970, 1, 1).toordinal()
PIVOT: Final = 70  # of a year of two digits: below it is of this century
MIN_SHORT: Final = 10
MAX_SHORT: Final = 99
MAX_MONTH: Final = 31
DAMAGED: Final = 0.2  # at most such a part of the dates is damaged


def without_weekday(text: str) -> str:
    """A text without the name of a weekday before it: ``Mo, 02.03.2026`` is ``02.03.2026``."""
    found = _FIRST_WORD.match(text)
    return text[found.end() :] if found is not None and found[1].lower() in _WEEKDAYS else text


def is_day(text: str) -> bool:
    """Whether a text is written as a day, whether or not there is such a day."""
    text = without_weekday(text)
    return _FIGURES.fullmatch(text) is not None or _named(text) is not None


def day_number(text: str, month_first: bool = False) -> int:
    """A date as days since 1970.

    Args:
        text: it, without blanks around it.
        month_first: whether the month stands first where figures leave it open.

    Raises:
        Malformed: it is none, or there is no such day.
    """
    plain = without_weekday(text)
    found = _FIGURES.fullmatch(plain)
    if found is None:
        named = _named(plain)
        if named is None:
            raise Malformed(f"{text!r} is no date", "date")
        year, month, day = (
            _year(named["year"]),
            _MONTH_NUMBERS[named["month"].lower()],
            named["day"],
        )
        return _number(year, month, int(day), text)
    first, second, third = found[1], int(found[2]), found[3]
    if len(first) > 2 or int(first) > MAX_MONTH:
        return _number(_year(first), second, int(third), text)
    day, month = (second, int(first)) if month_first else (int(first), second)
    return _number(_year(third), month, day, text)


def _named(text: str) -> re.Match[str] | None:
    """A date with the name of a month, taken apart; None: it is none."""
    for form in _NAMED:
        found = form.fullmatch(text)
        if found is not None and found["month"].lower() in _MONTH_NUMBERS:
            return found
    return None


def _number(year: int, month: int, day: int, text: str) -> int:
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError as error:
        raise Malformed(f"{text!r}: impossible date: {error}", "date") from error


def _year(digits: str) -> int:
    """A year; of two digits, also behind zeros (``0014``), that of 1970 to 2069.

    The year 1, as some programs write that there is no date, stays what it is.
    """
    year = int(digits)
    if len(digits) > 2 and not MIN_SHORT <= year <= MAX_SHORT:
        return year
    return year + (2000 if year < PIVOT else 1900)


def month_first(texts: Iterable[str], file: str) -> bool:
    """Whether the month stands before the day in dates such as ``03/11/2018``, as the data show.

    A few damaged dates decide nothing.

    Raises:
        Malformed: many dates can only be read one way, and many only the other.
    """
    day: list[str] = []
    month: list[str] = []
    for text in texts:
        found = _FIGURES.match(text)
        if found is None or len(found[1]) == 4:
            continue
        first, second = int(found[1]), int(found[2])
        if 12 < first <= MAX_MONTH and second <= 12:
            day.append(text)
        elif 12 < second <= MAX_MONTH and first <= 12:
            month.append(text)
    if min(len(day), len(month)) > DAMAGED * max(len(day), len(month)):
        raise Malformed(f"{file}: dates of two formats: {day[0]!r} and {month[0]!r}", "date")
    return len(month) > len(day)


def leaves_order_open(texts: Iterable[str]) -> bool:
    """Whether dates are there of which nothing in the file says if the day stands first."""
    is_open = False
    for text in texts:
        found = _FIGURES.match(text)
        if found is None or len(found[1]) == 4:
            continue
        year_first = len(found[3]) == 2 and re.match(YEAR_FIRST, found[0]) is not None
        if not year_first and (int(found[1]) > 12 or int(found[2]) > 12):
            return False
        is_open |= year_first or found[1] != found[2]
    return is_open


def year_first(texts: Iterable[str]) -> bool:
    """Whether dates begin with a year of two digits, as their last parts are more than their first.

    Those of any other order have a few years behind many days.
    """
    first, last = set[str](), set[str]()
    for text in texts:
        found = re.match(YEAR_FIRST, text)
        if found is None:
            return False
        first.add(found[1])
        last.add(re.split("[-/]", found[2])[-1])
    return len(last) > len(first)


def with_century(text: str) -> str:
    """A date that begins with a year of two digits, with four: ``26/03/01`` is ``2026/03/01``."""
    return re.sub(YEAR_FIRST, r"20\1\2", text)
