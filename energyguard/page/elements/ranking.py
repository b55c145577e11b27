"""A ranking: names with bars and amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from energyguard.page.elements.components import Tag, restyle
from energyguard.page.elements.lists import SteadyRows


class Ranking:
    """Names with bars and amounts, each leading somewhere; what changes is changed in place.

    Args:
        empty: what is said of none.
        href: where a name leads.
        classes: of the list.
    """

    def __init__(self, empty: str, href: Callable[[str], str], classes: str = "") -> None:
        self._href = href
        self._rows: SteadyRows[_Ranked, _RankedRow] = SteadyRows(
            lambda ranked: ranked.place,
            lambda _ranked: _RankedRow(),
            empty,
            f"ranking {classes}".strip(),
        )

    def show(
        self, rows: Iterable[tuple[str, float, str]], name: Callable[[str], str] = str
    ) -> None:
        """Show these: id, value, and the value in words; ``name`` says what an id is called.

        A bar of less than zero goes to the left of where the others begin.
        """
        rows = list(rows)
        values = [0.0, *(value for _who, value, _words in rows)]
        low, wide = min(values), (max(values) - min(values)) or 1
        ranked = []
        for place, (who, value, words) in enumerate(rows):
            bar = _Bar(
                f"{(min(value, 0.0) - low) / wide:.0%}", f"{abs(value) / wide:.0%}", value < 0
            )
            ranked.append(_Ranked(place, self._href(who), name(who), bar, words))
        self._rows.show(ranked)


class _Bar(NamedTuple):
    """Where a bar begins and how long it is, of the width there is."""

    begin: str
    length: str
    is_below: bool


class _Ranked(NamedTuple):
    """What a row shows: where its name leads, and an amount as a bar and in words."""

    place: int
    href: str
    name: str
    bar: _Bar
    words: str


class _RankedRow:
    """A row of a ranking."""

    def __init__(self) -> None:
        self._bar_shown: _Bar | None = None
        self._box = Tag("a", "", "bar-row", href="")
        with self._box:
            self._who = Tag("span", "", "who")
            with Tag("span", "", "track"):
                self._bar = Tag("span", "", "bar")
            self._much = Tag("span", "", "much")

    def show(self, ranked: _Ranked) -> None:
        """Say who has this place now, and how much."""
        self._who.text, self._much.text, bar = ranked.name, ranked.words, ranked.bar
        self._box.attribute("href", ranked.href)
        if self._bar_shown != bar:
            self._bar_shown = bar
            begins = f";margin-left:{bar.begin}" if bar.begin != "0%" else ""
            self._bar.style(replace=f"display:block;width:{bar.length}{begins}")
            restyle(self._bar, "bar below" if bar.is_below else "bar")
