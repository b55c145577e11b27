"""The language in which a page speaks: that of the person in front of it.

    from energyguard.page.language import _

    Tag("h2", _("Energy by hour"))

English is what the code says; other languages are looked up by it. Which one counts stands in the
context, so that builders, timers and threads of one page speak the same.
"""

from __future__ import annotations

from contextvars import ContextVar
from gettext import NullTranslations

ENGLISH = NullTranslations()
speaking: ContextVar[NullTranslations] = ContextVar("speaking", default=ENGLISH)
"""The words of the page that is built, or refreshed, now."""


def _(text: str) -> str:
    """A text in the page's language."""
    return speaking.get().gettext(text)
