"""A language in which every translated text has marks around it: what has none was forgotten."""

from __future__ import annotations

import re
from collections.abc import Sequence
from gettext import NullTranslations

from babel import Locale

from energyguard.page.words.language import Reader

OPENING, CLOSING = "⟦", "⟧"
_MARKED = re.compile(f"{OPENING}[^{OPENING}{CLOSING}]*{CLOSING}")
_WORD = re.compile(r"[^\W\d_]{2,}")
NAMES = re.compile(
    r"EnergyGuard|Excel|API|CSV|XLSX|Parquet|PNG|JSON|TOML|UTC|Europe/\w+|[A-Z]?[a-z]*\d[\w.:/-]*"
    r"|\b(k?Wh?|MWh?|kW|min|°C|ms|km)\b"
)
GERMAN = Locale.parse("de_DE")
DATES = frozenset(
    name.rstrip(".")
    for names in (GERMAN.days, GERMAN.months)
    for width in ("abbreviated", "wide")
    for context in ("format", "stand-alone")
    for name in names[context][width].values()
)
"""The names of days and months, as the reader has them."""


class Marking(NullTranslations):
    """Translations that put marks around every text."""

    def gettext(self, message: str) -> str:
        return f"{OPENING}{message}{CLOSING}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"{OPENING}{msgid1 if n == 1 else msgid2}{CLOSING}"


def unmarked(text: str) -> str:
    """What is left of a text without what is marked."""
    before = None
    while before != text:
        before, text = text, _MARKED.sub("", text)
    return text


def words_left(text: str, data: Sequence[str]) -> set[str]:
    """The words of a text that nobody translated, and that are no data."""
    rest = unmarked(text)
    for name in data:
        rest = rest.replace(name, "")
    return set(_WORD.findall(NAMES.sub("", rest))) - DATES


GERMAN_MARKED = Reader("de", Marking(), GERMAN, half_day=False)
"""Reads marks, and numbers and dates as in Germany."""
