"""HTML that mail programs show: styles stand at each element, and colours fit light and dark.

Many programs drop style sheets, some turn colours around in the dark. So text has the program's own
colour, and what is coloured can be read on white and on black.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from energyguard.page.words.language import current

_PAGE: Final = (
    "font-family:-apple-system,'Segoe UI',Roboto,sans-serif;font-size:15px;line-height:1.5;"
    "max-width:640px;margin:0 auto;padding:16px"
)
_CARD: Final = (
    "border:1px solid #7f8a93;border-left:5px solid {edge};border-radius:6px;padding:10px 14px;"
    "margin:0 0 14px"
)
_BUTTON: Final = (
    "display:inline-block;padding:9px 14px;margin:8px 8px 0 0;border-radius:6px;"
    "border:1px solid {edge};text-decoration:none;"
)
_FILLED: Final = _BUTTON.format(edge="#0a6472") + "background-color:#0a6472;color:#ffffff"
_PLAIN: Final = _BUTTON.format(edge="#4b97a2") + "color:inherit"


def mail_page(title: str, body: str) -> str:
    """A whole page of a message; ``body`` is HTML."""
    return (
        f'<!doctype html><html lang="{current().language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark">'
        f'<title>{escape(title)}</title></head><body style="margin:0">'
        f'<div style="{_PAGE}">{body}</div></body></html>'
    )


def heading(text: str, link: str = "") -> str:
    """What a part of a message is about; it may lead to it."""
    words = escape(text)
    if link:
        words = f'<a href="{escape(link, quote=True)}" style="color:inherit">{words}</a>'
    return f'<h1 style="font-size:19px;line-height:1.3;margin:0 0 6px">{words}</h1>'


def card(text: str, lines: Iterable[str], links: Iterable[tuple[str, str]], edge: str) -> str:
    """A part of a message: what happened, lines below it, and buttons.

    Args:
        text: what happened.
        lines: what else is known.
        links: words and where they lead; what most people want is the first.
        edge: the colour of its edge, such as ``#a01c18``.
    """
    below = "<br>".join(escape(line) for line in lines)
    buttons = "".join(
        f'<a href="{escape(link, quote=True)}" style="{_PLAIN if n else _FILLED}">'
        f"{escape(words)}</a>"
        for n, (words, link) in enumerate(links)
    )
    return (
        f'<div style="{_CARD.format(edge=edge)}">{heading(text)}<div>{below}</div>{buttons}</div>'
    )
