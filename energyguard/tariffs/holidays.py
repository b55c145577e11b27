"""The days that count as holidays: those of countries and their parts, and days by their date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

_COUNTRY = re.compile(r"([A-Z]{2,3})(?:-([A-Za-z0-9]{1,12}))?", re.ASCII)
_DATE_CHARS = len("2026-12-24")


def holiday_dates(entries: Iterable[str], years: Iterable[int]) -> frozenset[date]:
    """The holidays of some years.

    Args:
        entries: countries (``DE``), their parts (``DE-BY``), dates (``2026-12-24``), as a site of
            the catalogue has them.
        years: which.
    """
    wanted = tuple(sorted(set(years)))
    found: set[date] = set()
    for entry in entries:
        if entry[:1].isdigit() and len(entry) == _DATE_CHARS:
            found.add(date.fromisoformat(entry))
        else:
            found |= _of_country(entry, wanted)
    return frozenset(day for day in found if day.year in wanted)


@lru_cache(maxsize=64)
def _of_country(entry: str, years: tuple[int, ...]) -> frozenset[date]:
    from holidays import country_holidays  # only who has such a tariff loads its tables

    country, _, part = entry.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=years))


def is_holiday_entry(text: str) -> bool:
    """Whether it is a country, with its part where it has parts, or a day."""
    found = _COUNTRY.fullmatch(text)
    if found is None:
        try:
            return len(text) == _DATE_CHARS and bool(date.fromisoformat(text))
        except ValueError:
            return False
    parts = _countries().get(found[1])
    return parts is not None and (found[2] is None or found[2] in parts)


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, frozenset[str]]:
    from holidays import list_supported_countries

    countries = list_supported_countries(include_aliases=True)
    return {country: frozenset(parts) for country, parts in countries.items()}
