"""Words can be read on what they stand on, in both themes: WCAG AA, of ``static/tokens.css``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import energyguard.api.bare_pages.page as bare
from energyguard.page.mount import STATIC

LIGHT, DARK = 0, 1
THEMES = {LIGHT: "light", DARK: "dark"}
WORDS, LARGE = 4.5, 3.0
"""The least contrast of text; of large text, and of what has to be seen but not read."""

SURFACES = ("bg", "panel", "sunk")
"""What anything may stand on."""
TEXTS = ("text", "muted", "accent", "warn", "bad", "ok", "second", "faint")
GRAPHICS = ("edge", "accent", "second", "warn", "bad", "ok", "unknown")
"""Lines, marks and the borders of what is pressed."""
ON_BANDS = (
    ("text", "accent-weak"), ("text", "band"), ("text", "prev"), ("text", "warn-bg"),
    ("text", "bad-bg"), ("text", "ok-bg"), ("text", "h0"), ("text", "h1"),
    ("muted", "accent-weak"), ("accent", "accent-weak"), ("warn", "warn-bg"), ("bad", "bad-bg"),
    ("ok", "ok-bg"), ("on-accent", "accent"),
)  # fmt: skip
"""Text that stands on a surface of its own."""

_DEFINED = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
_SAME = re.compile(r"--([\w-]+): var\(--([\w-]+)\);")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COLOUR = re.compile(r"(?<![-\w])color: var\(--([\w-]+)")
_GROUND = re.compile(r"(?<![-\w])background: var\(--([\w-]+)")


def colours(theme: int) -> dict[str, str]:
    """The colours of a theme by the names of their tokens."""
    text = (STATIC / "tokens.css").read_text()
    found = {m[1]: m[2 + theme] for m in _DEFINED.finditer(text)}
    return found | {m[1]: found[m[2]] for m in _SAME.finditer(text) if m[2] in found}


def luminance(colour: str) -> float:
    """How bright a colour is, 0 to 1, as WCAG has it."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def in_style_sheets() -> Iterator[tuple[str, str]]:
    """Every pair of a text's colour and its ground that a rule of a style sheet names."""
    for path in sorted(STATIC.glob("*.css")):
        for _selector, body in _RULE.findall(path.read_text()):
            text, ground = _COLOUR.search(body), _GROUND.search(body)
            if text and ground:
                yield text[1], ground[1]


def too_pale(theme: int, pairs: Iterator[tuple[str, str]], least: float) -> list[str]:
    """The pairs of tokens that are not far enough apart."""
    known = colours(theme)
    return [
        f"{one} on {other}: {contrast(known[one], known[other]):.2f}"
        for one, other in sorted(set(pairs))
        if contrast(known[one], known[other]) < least
    ]


@pytest.mark.parametrize("theme", THEMES, ids=THEMES.get)
def test_words_can_be_read_on_what_they_stand_on(theme: int) -> None:
    everywhere = ((text, surface) for text in TEXTS for surface in SURFACES)
    assert too_pale(theme, everywhere, WORDS) == []
    assert too_pale(theme, iter(ON_BANDS), WORDS) == []
    assert too_pale(theme, in_style_sheets(), WORDS) == []


@pytest.mark.parametrize("theme", THEMES, ids=THEMES.get)
def test_lines_marks_and_borders_can_be_seen(theme: int) -> None:
    everywhere = ((mark, surface) for mark in GRAPHICS for surface in SURFACES)
    assert too_pale(theme, everywhere, LARGE) == []


def test_the_pages_without_the_control_room_can_be_read() -> None:
    """Log-in, invitation and fault have colours of their own."""
    text = Path(bare.__file__).with_suffix(".css").read_text()
    values = re.findall(r"--(\w+): (#[0-9a-f]{3,6})", text)
    half = len(values) // 2
    for theme in (dict(values[:half]), dict(values[half:])):
        known = {name: c if len(c) == 7 else "#" + "".join(x * 2 for x in c[1:])
                 for name, c in theme.items()}  # fmt: skip
        for one, other in (("ink", "card"), ("ink", "page"), ("accent", "card"), ("bad", "card")):
            assert contrast(known[one], known[other]) >= WORDS, (one, other)


def test_every_token_that_is_a_colour_is_known() -> None:
    assert colours(LIGHT).keys() == colours(DARK).keys() >= {*SURFACES, *TEXTS, *GRAPHICS}
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") < WORDS
