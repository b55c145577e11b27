"""A ranking: names with bars and amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from energyguard.page.elements.components import ChangingList, Tag


class Ranking:
    """Names with bars and amounts, each leading somewhere; the longest bar is the first's.

    What changes is changed in place, so that a live ranking sends a few words and no more.

    Args:
        empty: what is said of none.
        href: where a name leads.
        classes: of the list.
    """

    def __init__(self, empty: str, href: Callable[[str], str], classes: str = "") -> None:
        self._href = href
        self._rows: list[_RankedRow] = []
        self._list: ChangingList[int] = ChangingList(
            lambda place: self._rows.append(_RankedRow()), empty, f"ranking {classes}".strip()
        )

    def show(
        self, rows: Iterable[tuple[str, float, str]], name: Callable[[str], str] = str
    ) -> None:
        """Show these: id, value, and the value in words; ``name`` says what an id is called."""
        rows = list(rows)
        largest = max((row[1] for row in rows), default=0) or 1
        if len(rows) != len(self._rows):
            self._rows.clear()
        self._list.show(range(len(rows)))
        for row, (who, value, words) in zip(self._rows, rows, strict=True):
            row.show(self._href(who), name(who), value / largest, words)


class _RankedRow:
    """A row of a ranking."""

    def __init__(self) -> None:
        self._width = ""
        self._box = Tag("a", "", "bar-row", href="")
        with self._box:
            self._who = Tag("span", "", "who")
            with Tag("span", "", "track"):
                self._bar = Tag("span", "", "bar")
            self._much = Tag("span", "", "much")

    def show(self, href: str, name: str, share: float, words: str) -> None:
        self._who.text, self._much.text = name, words
        if self._box.props["href"] != href:
            self._box.props["href"] = href
            self._box.update()
        width = f"{max(0.0, min(1.0, share)):.0%}"
        if self._width != width:
            self._width = width
            self._bar.style(replace=f"display:block;width:{width}")
