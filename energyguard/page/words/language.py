"""How the page speaks to the person in front of it: words, numbers, dates, the clock.

    from energyguard.page.words.language import _, ngettext

    Tag("h2", _("Energy by hour"))
    ngettext("{n} meter is silent", "{n} meters are silent", n).format(n=count(n))

English is what the code says; others are looked up by it in ``locale/<language>.po``. Which one
counts stands in the context, so that builders, timers and threads of one page speak the same; what
a click starts has no such context, and goes by the page that was clicked. Nothing here needs the
page's framework: what the log-in and a domain's own port say goes through here, too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from energyguard.records.preferences import Preferences

LOCALES = Path(__file__).parent / "locale"
LANGUAGES: Final = {"en": "English", "de": "Deutsch", "it": "Italiano", "pl": "Polski"}
"""What the page speaks, each in its own words."""
NUMBERS: Final = {
    "en_GB": "1,234.5",
    "en_US": "1,234.5",
    "de_DE": "1.234,5",
    "de_CH": "1’234.5",
    "it_IT": "1.234,5",
    "pl_PL": "1\u00a0234,5",
}
"""The locales of numbers and dates that can be chosen, and how a number reads there."""
_USUAL: Final = {"en": "en_GB", "de": "de_DE", "it": "it_IT", "pl": "pl_PL"}


@dataclass(frozen=True, slots=True)
class Reader:
    """How somebody reads.

    Attributes:
        language: of the words, a key of ``LANGUAGES``.
        words: the translations.
        locale: of numbers and dates.
        half_day: whether the clock goes to 12.
    """

    language: str
    words: NullTranslations
    locale: Locale
    half_day: bool

    @property
    def tag(self) -> str:
        """The locale of numbers as browsers write it: ``de-DE``."""
        return str(self.locale).replace("_", "-")

    @property
    def spoken(self) -> str:
        """The locale of lists and names, which go with the words."""
        return _USUAL[self.language]


@cache
def _words(language: str) -> NullTranslations:
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def reader(language: str = "en", numbers: str = "", clock: str = "") -> Reader:
    """Who reads in this way; what is empty or unknown is as usual in the language.

    Args:
        language: a key of ``LANGUAGES``.
        numbers: a key of ``NUMBERS``.
        clock: ``12`` or ``24``.
    """
    language = language if language in LANGUAGES else "en"
    locale = Locale.parse(numbers if numbers in NUMBERS else _USUAL[language])
    half_day = clock == "12" if clock in ("12", "24") else locale.territory == "US"
    return Reader(language, _words(language), locale, half_day)


def reader_of(preferences: Preferences, accepted: str = "") -> Reader:
    """Who reads: as he chose, else as his browser says.

    Args:
        preferences: the person's.
        accepted: the header ``Accept-Language``.
    """
    names = [part.partition(";")[0].strip() for part in accepted.split(",")]
    browser = next((name for name in names if name.partition("-")[0] in LANGUAGES), "en")
    language = preferences.language or browser.partition("-")[0]
    numbers = preferences.numbers
    if not numbers and browser.partition("-")[0] == language:
        numbers = browser.replace("-", "_")  # an American browser reads English as in America
    return reader(language, numbers, preferences.clock)


ENGLISH = reader()
speaking: ContextVar[Reader | None] = ContextVar("speaking", default=None)
"""Who reads the page that is built, or refreshed, now."""
_of_pages: WeakKeyDictionary[object, Reader] = WeakKeyDictionary()
_page_now: list[Callable[[], object | None]] = []


def pages_by(page_now: Callable[[], object | None]) -> None:
    """Know pages: ``page_now`` gives the one that was clicked, or None."""
    _page_now[:] = [page_now]


def speak(to: Reader, page: object | None = None) -> Token[Reader | None]:
    """Let all that follows in this context, and all that is clicked on a page, be for a reader."""
    if page is not None:
        _of_pages[page] = to
    return speaking.set(to)


def current() -> Reader:
    """Who reads what is written now."""
    known = speaking.get()
    if known is None and _page_now and (page := _page_now[0]()) is not None:
        known = _of_pages.get(page)
    return known or ENGLISH


def _(text: str) -> str:
    """A text in the page's language."""
    return current().words.gettext(text) if text else ""


def ngettext(one: str, many: str, n: int) -> str:
    """A text about ``n`` in the page's language."""
    return current().words.ngettext(one, many, n)
