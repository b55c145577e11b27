"""The few components that all views are made of: tag, card, tile, button, table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from energyguard.page.elements.icons import icon
from energyguard.page.elements.plots import Plot
from energyguard.page.words.language import _


class Tag(ui.element):
    """An HTML element with a text, which is sent again only when it changes.

    A view has many hundred of them, so one costs as little as it can: what it is made with goes to
    the browser with the element, and is no change that anybody is told of.
    """

    def __init__(self, tag: str, text: str = "", classes: str = "", **attributes: str) -> None:
        """Make a ``tag``; attributes have ``_`` for ``-``, and one at the end for a keyword."""
        super().__init__(tag)
        self._text = text
        list.extend(self._classes, dict.fromkeys(classes.split()))
        named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        dict.update(self._props, named)

    @property
    def text(self) -> str:
        """What stands in it."""
        return self._text or ""

    @text.setter
    def text(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.update()

    def attribute(self, name: str, value: str | None) -> None:
        """Give an attribute this value, or take it away, if it has another."""
        if value == self._props.get(name):
            return
        if value is None:
            del self._props[name]
        else:
            self._props[name] = value
        self.update()

    def _displayed_contents(self, *, only_visible: bool) -> list[Any]:
        return [*super()._displayed_contents(only_visible=only_visible), self.text]


def restyle(tag: Tag, classes: str) -> None:
    """Give it these classes and no others, if it has not."""
    if " ".join(tag.classes) != classes:
        tag.classes(replace=classes)


def symbol(name: str) -> None:
    """An icon."""
    Tag("span", "", "icon", innerHTML=icon(name))


def button(
    text: str, act: Callable[[], Any], classes: str = "", about: str = "", mark: str = ""
) -> Tag:
    """A button that does something; ``about`` says to whom, for those who cannot see where."""
    made = Tag("button", text, f"btn {classes}", type="button").mark(mark)
    made.on("click", lambda _: act())
    if about:
        name_of_row(made, about)
    return made


def name_of_row(made: Tag, about: str) -> None:
    """Name a button or link of a row by what it does and to whom."""
    made.attribute("aria-label", f"{made.text} {about}")


@contextmanager
def card(title: str, span: str, aside: str = "", anchor: str = "") -> Iterator[Tag]:
    """A card with a title and a quiet remark at its right; yields the remark."""
    at = {"id": anchor, "tabindex": "-1"} if anchor else {}
    with Tag("section", "", f"card {span}", **at):
        with Tag("div", "", "title"):
            Tag("h2", title)
            remark = Tag("span", aside, "aside")
        yield remark


class Tile:
    """A big number that leads to what it shows; until it has one it is seen to be waiting.

    Args:
        name: what it is the number of.
        href: where it leads.
        has_course: with a small chart of its course below it (``spark``), which is to be shown.
    """

    def __init__(self, name: str, href: str, has_course: bool = False) -> None:
        with Tag("a", "", "card tile waiting", href=href) as self._box:
            with Tag("span", "", "name"):
                self._name = Tag("span", name)
                self._tag = Tag("span", "", "tag")
            with Tag("span", "", "big"):
                self._value = Tag("span", "–")
                self._unit = Tag("span", "", "unit")
                self._money = Tag("span", "", "money")
            self._sub = Tag("span", "", "sub")
            self._doubt = Tag("span", "", "sub doubt")
            self._has_course = has_course
            if has_course:
                self.spark = Plot("spark", _("{what} over time").format(what=name), 30)

    def show_money(self, words: str) -> None:
        """What it costs, beside the number; empty: nobody knows."""
        self._money.text = words

    def coming(self, sub: str) -> None:
        """Say that the number is on its way; the one that was shown, of the day before, is gone."""
        self._value.text, self._unit.text, self._sub.text = "–", "", sub
        self._money.text = self._doubt.text = ""
        restyle(self._box, "card tile coming")

    def show_doubt(self, words: str) -> None:
        """How sure it is, in one quiet line; empty: there is no doubt."""
        self._doubt.text = words

    def show(
        self, value: str, unit: str, sub: str, name: str = "", old: bool = False, tag: str = ""
    ) -> None:
        """Change the number in place; ``old`` greys what is not of now, a tag says what is odd."""
        self._value.text, self._unit.text, self._sub.text = value, unit, sub
        if name and name != self._name.text:
            self._name.text = name
            if self._has_course:
                self.spark.say(_("{what} over time").format(what=name))
        self._tag.text = tag
        restyle(self._box, "card tile old" if old else "card tile")


class Rest:
    """What a view shows; while there is nothing yet, a card says how to fill it instead.

    Args:
        title: what there is not.
        lines: how to fill it; one that begins with ``$ `` is a command.
    """

    def __init__(self, title: str, *lines: str) -> None:
        self._empty = Tag("section", "", "card")
        with self._empty, Tag("div", "", "empty wide") as self.empty:
            Tag("strong", title)
            for line in lines:
                Tag("code" if line.startswith("$ ") else "p", line.removeprefix("$ "))
        self._rest = Tag("div", "", "grid")

    def __enter__(self) -> None:
        self._rest.__enter__()

    def __exit__(self, *error: object) -> None:
        self._rest.__exit__(*error)

    def show(self, there: bool) -> None:
        """Whether there is something."""
        self._empty.set_visibility(not there)
        self._rest.set_visibility(there)


class Figures:
    """A strip of small figures with their words."""

    def __init__(self, words: Sequence[str]) -> None:
        self._figures: dict[str, tuple[Tag, Tag]] = {}
        with Tag("div", "", "figures"):
            for name in words:
                with Tag("div", "", "figure") as box:
                    self._figures[name] = (box, Tag("b", "–"))
                    Tag("small", name)

    def show(self, name: str, text: str, matters: bool = False) -> None:
        """Change a figure; ``matters`` colours it."""
        box, figure = self._figures[name]
        figure.text = text
        restyle(box, "figure matters" if matters else "figure")


@contextmanager
def table(label: str, columns: Sequence[str], classes: str = "") -> Iterator[None]:
    """A table that scrolls by itself: names left, numbers right; its body goes inside."""
    scroll = Tag("div", "", "scroll", tabindex="0", role="region", aria_label=label)
    with scroll, Tag("table", "", classes):
        with Tag("thead"), Tag("tr"):
            for i, name in enumerate(columns):
                align = "num" if i else ""
                Tag("th", name, align, scope="col") if name else Tag("td", "", align)
        yield


def cells(row: Sequence[str], href: str = "") -> None:
    """A row of a table; its first cell leads somewhere, if that is given."""
    with Tag("tr"):
        with Tag("td", "" if href else row[0]):
            if href:
                Tag("a", row[0], href=href)
        for text in row[1:]:
            Tag("td", text, "num")


def choice(name: str, options: Sequence[tuple[str, str, bool]], small: bool = False) -> None:
    """A choice between addresses: (words, address, chosen)."""
    with Tag("nav", "", f"choice{' small' if small else ''}", aria_label=name):
        for words, href, chosen in options:
            Tag("a", words, href=href, **({"aria_current": "true"} if chosen else {}))


class ConfirmDialog:
    """A dialog that asks before something is done that somebody may regret."""

    def __init__(self) -> None:
        self._act: Callable[[], Awaitable[object]] | None = None
        self._dialog = ui.dialog().props('aria-labelledby="question"')
        with self._dialog, Tag("div", "", "card question"):
            self._title = Tag("h2", "", id="question")
            self._consequence = Tag("p", "", "sub")
            with Tag("div", "", "acts"):
                self._sure = button("", self._do, "main-act", mark="sure")
                button(_("Cancel"), self._dialog.close, mark="cancel")

    def ask(
        self, title: str, consequence: str, sure: str, act: Callable[[], Awaitable[object]]
    ) -> None:
        """Ask; ``act`` is done when ``sure`` is pressed."""
        self._title.text, self._consequence.text, self._sure.text = title, consequence, sure
        self._act = act
        self._dialog.open()

    async def _do(self) -> None:
        self._dialog.close()
        if self._act is not None:
            await self._act()


def tell(text: str, bad: bool = False) -> None:
    """Say that something was done, or why it was not."""
    ui.notify(text, position="bottom", color="negative" if bad else "dark", timeout=4000)
