"""How numbers, times and alerts read: few words, units always, the time of the data always.

All of it as the person in front of the page reads (``language.py``): ``1,234.5 kWh · Tue 24 Nov,
14:38`` or ``1.234,5 kWh · Di., 24.11., 14:38``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from math import floor, log10
from typing import Any, NamedTuple

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from energyguard.alerts.alert import Alert
from energyguard.alerts.silences import FOREVER_MS
from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import NANO
from energyguard.model.tariffs import legible
from energyguard.page.words.language import _, current, ngettext
from energyguard.page.words.moments import MAX_KNOWN, written_moment

SPACE = "\u00a0"
"""Between a number and its unit: no line break there."""
MINUS = "\u2212"
UNKNOWN = "–"
MAX_FIGURES = 4
AMOUNT_PLACES = 3
"""Decimals of an amount beside a limit."""
BRIEF_FROM = 1_000
"""From so much money on tiles have no cents."""

_AGES = (86_400_000, 3_600_000, 60_000)


def number(value: float | None, digits: int = 3) -> str:
    """A number for people: about ``digits`` figures, never more than four that matter."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    size = floor(log10(abs(value)))
    value = round(value, MAX_FIGURES - 1 - size)
    places = max(0, digits - 1 - max(size, -1))
    return _decimal(round(value, places) + 0.0, places)


def percent(share: float) -> str:
    """A share of a whole, 0 to 1: ``33.3 %``."""
    return f"{number(share * 100)}\u202f%"


def count(value: int) -> str:
    """A whole number, exact."""
    return _decimal(value, 0)


def money(value: float) -> str:
    """An amount of money to the cent, without its currency."""
    return _decimal(round(value, 2) + 0.0, 2)


def currency(value: float, places: int = 2, code: str = "EUR") -> str:
    """An amount of money with its currency where the reader has it: ``€9.70``, ``9,70 €``."""
    locale, value = current().locale, round(value, places) + 0.0
    pattern = locale.currency_formats["standard"].pattern
    pattern = pattern.replace("0.00", "0." + "0" * places if places else "0")
    text = format_currency(value, code, pattern, locale, currency_digits=False)
    return text.replace("-", MINUS).replace("\u202f", SPACE)


def exact(value: float, places: int) -> str:
    """A number with so many decimals: columns of it stand one below the other."""
    return _decimal(round(value, places) + 0.0, places)


def listed(names: Sequence[str]) -> str:
    """``Floor 1, Floor 2 and Floor 3``."""
    return format_list(names, locale=current().spoken)


def money_in(value: Decimal, currency: str, brief: bool = False) -> str:
    """An amount with its currency, as the reader writes it: ``€9.70``, ``9,70 €``.

    Args:
        value: in units of the currency.
        currency: ISO 4217.
        brief: without cents from a thousand on.
    """
    locale = current().locale
    if brief and abs(value) >= BRIEF_FROM:
        pattern = locale.currency_formats["standard"].pattern.replace(".00", "")
        text = format_currency(value, currency, pattern, locale, currency_digits=False)
    else:
        text = format_currency(value, currency, locale=locale)
    return text.replace("-", MINUS)


def price_in(value: Decimal, currency: str) -> str:
    """A price of a unit, with the decimals that people tell prices apart by."""
    locale, value = current().locale, legible(value)
    pattern = locale.currency_formats["standard"].pattern.replace(".00", ".00#######")
    text = format_currency(value, currency, pattern, locale, currency_digits=False)
    return text.replace("-", MINUS)


def _decimal(value: float, places: int) -> str:
    return _written(value, places, current().locale)


@lru_cache(MAX_KNOWN)
def _written(value: float, places: int, locale: Locale) -> str:
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(value, pattern, locale).replace("-", MINUS)


def measure(value: float | None, unit: str) -> tuple[str, str]:
    """An amount and its unit as people say it: W below 1 kW."""
    if unit == "kW" and value is not None and 0 < abs(value) < 1:
        return number(value * 1000), "W"
    return number(value), unit


def measured(value: float | None, unit: str) -> str:
    """An amount with its unit: ``88.3 kW``, ``310 W``; a dash if it is not known."""
    text, unit = measure(value, unit)
    return text if value is None else f"{text}{SPACE}{unit}"


def plural(n: int, one: str, many: str = "") -> str:
    """``1 home``, ``50 homes``."""
    return f"{count(n)} {ngettext(one, many or one + 's', n)}"


def amount(nano: int, unit: str, places: int = AMOUNT_PLACES) -> str:
    """A fixed-point amount with its unit; as many decimals as matter beside a limit."""
    text = format_decimal(round(nano / NANO, places), f"#,##0.{'#' * places}", current().locale)
    return f"{text.replace('-', MINUS)}{SPACE}{_short(unit)}"


def value_and_limit(value: int, limit: int, unit: str, is_usual: bool = False) -> str:
    """``2.04 kWh, limit 2 kWh``, or ``1.75 kW, usual 0.4 kW``.

    Args:
        value: 1e-9 of the unit.
        limit: the same.
        unit: of both.
        is_usual: the limit is what is usual: nobody set it.
    """
    places = places_apart(value, limit)
    words = {"value": amount(value, unit, places), "limit": amount(limit, unit, places)}
    form = _("{value}, usual {limit}") if is_usual else _("{value}, limit {limit}")
    return form.format(**words)


def places_apart(value: int, limit: int) -> int:
    """With how many decimals two fixed-point amounts that differ do not look alike."""
    enough = (n for n in range(AMOUNT_PLACES, 9) if round(value, n - 9) != round(limit, n - 9))
    return AMOUNT_PLACES if value == limit else next(enough, 9)


def _short(unit: str) -> str:
    """A unit as it is written in every language: ``°C/h``, which rules call ``°C per hour``."""
    of, per, length = unit.partition(" per ")
    if not per:
        return unit
    for words, sign in (("minute", "min"), ("hour", "h"), ("second", "s"), ("day", "d")):
        length = length.replace(f"{words}s", sign).replace(words, sign)
    return f"{of}/{length}"


def moment(ms: int | None, zone: str, form: str = "%H:%M") -> str:
    """An event or wall time in a zone.

    Args:
        ms: since 1970 UTC; None: a dash.
        zone: of the page, or of the site.
        form: as ``strftime`` has it; its dates and times are written as the reader writes them.
    """
    return UNKNOWN if ms is None else written_moment(ms, zone, form, current())


def day_moment(ms: int | None, zone: str) -> str:
    """A time with its day, for what may be long ago."""
    return moment(ms, zone, "%a %-d %b, %H:%M")


def near_moment(ms: int | None, now_ms: int, zone: str, form: str = "%H:%M") -> str:
    """A time; with its day where that is not today's."""
    if moment(ms, zone, "%F") == moment(now_ms, zone, "%F"):
        return moment(ms, zone, form)
    return day_moment(ms, zone)


def until(start_ms: int, end_ms: int, zone: str) -> str:
    """From when to when: ``Tue 24 Nov, 14:10–14:35``."""
    same = moment(start_ms, zone, "%F") == moment(end_ms, zone, "%F")
    return f"{day_moment(start_ms, zone)}–{(moment if same else day_moment)(end_ms, zone)}"


def days(start_ms: int, end_ms: int, zone: str) -> str:
    """The days from one time to another, the end not in it: ``1–24 Oct``."""
    first, last = (moment(ms, zone, "%-d %b") for ms in (start_ms, end_ms - 1))
    if first == last:
        return first
    month = first.lstrip("0123456789")
    same = month == last.lstrip("0123456789") and first[0].isdigit()
    if not same:
        return f"{first}–{last}"
    dot = "." * (month.startswith(".") and current().language == "de")
    return f"{first.removesuffix(month)}{dot}–{last}"


def age(ms: int) -> tuple[str, str]:
    """How long ago, as a number and its unit: ``("26", "min")``."""
    for length in _AGES:
        if ms >= length:
            n = ms // length
            unit = {86_400_000: ngettext("day", "days", n), 3_600_000: "h"}.get(length, "min")
            return str(n), unit
    return (str(ms // 1000) if ms >= 1000 else "<1"), "s"


def needs_someone(alert: Alert) -> bool:
    """Whether it waits for a person: what the overview lists and the rail counts."""
    return alert.open and alert.condition is not State.PENDING and not alert.held


def mark(alert: Alert) -> tuple[str, str]:
    """The shape and the class that go with a state: never colour alone."""
    if alert.condition is State.UNKNOWN:
        return "?", "unknown"
    if alert.condition is State.RESOLVED:
        return "✓", "resolved"
    return severity_shape(alert.severity), str(alert.severity)


def severity_shape(severity: Severity) -> str:
    """The shape of a severity."""
    return {Severity.CRITICAL: "!", Severity.WARNING: "▲", Severity.INFO: "•"}[severity]


class Side(NamedTuple):
    """The words of an alert about too much, or too little."""

    passed: str
    allowed: str
    furthest: Callable[..., Any]


def side(alert: Alert) -> Side:
    """On which side of its level an alert is."""
    if alert.is_below:
        return Side(_("fell below"), _("less"), min)
    return Side(_("went over"), _("more"), max)


def silenced_until(alert: Alert, zone: str) -> str:
    """For how long nobody wants to hear of an alert."""
    if (alert.silenced_until_ms or 0) < FOREVER_MS:
        return _("silenced until {when}").format(when=day_moment(alert.silenced_until_ms, zone))
    return _("silenced until somebody ends it") if alert.standing else _("silenced until it ends")
