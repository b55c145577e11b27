"""Lists of a view that follow what they show without being drawn again as a whole."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from nicegui.element import Element

from energyguard.page.elements.components import Tag, restyle

T = TypeVar("T", bound=Hashable)
V = TypeVar("V")
V_contra = TypeVar("V_contra", contravariant=True)
R = TypeVar("R", bound="SteadyRow[Any]")


class ChangingList(Generic[T]):
    """A list whose rows stay while their items do: what has come is drawn, what has gone is not.

    A row that stays is the same element in the browser, wherever it moves to: nothing of it is
    sent, and a button that somebody is about to press is not drawn again under the finger.

    Args:
        draw: draws the row of an item.
        empty: the sentence when there is none; nothing is said without one.
        classes: of the list.
        tag: the element of the list; ``tbody`` for the rows of a table.
    """

    def __init__(
        self, draw: Callable[[T], Any], empty: str, classes: str = "", tag: str = "div"
    ) -> None:
        self._classes, self._in_table = classes, tag == "tbody"
        self._into = Tag(tag, "", f"{classes} waiting".strip())
        self._draw = draw
        self._empty = empty
        self._rows: list[tuple[T, list[Element]]] = []  # equal ones are rows of their own
        self._shown: list[T] | None = None

    def show(self, items: Iterable[T]) -> None:
        """Show these items in their order, or the sentence for none."""
        wanted = [*items]
        if wanted == self._shown:
            return
        restyle(self._into, self._classes)
        left: defaultdict[T, deque[list[Element]]] = defaultdict(deque)
        for item, parts in self._rows:
            left[item].append(parts)
        self._rows, self._shown = [], None
        for item in wanted:
            self._rows.append((item, left[item].popleft() if left[item] else self._drawn(item)))
        self._keep([part for _item, parts in self._rows for part in parts])
        if self._empty and not wanted:
            self._say_none()
        self._shown = wanted  # not if a row could not be drawn: the next look tries again

    def _drawn(self, item: T) -> list[Element]:
        children = self._into.default_slot.children
        before = len(children)
        with self._into:
            self._draw(item)
        return children[before:]

    def _keep(self, parts: list[Element]) -> None:
        """Have these elements in this order and no others."""
        children, stay = self._into.default_slot.children, set(parts)
        for gone in [child for child in children if child not in stay]:
            gone.delete()
        if children != parts:
            children[:] = parts
            self._into.update()

    def _say_none(self) -> None:
        with self._into:
            if self._in_table:
                with Tag("tr"):
                    Tag("td", self._empty, "sub", colspan="99")
            else:
                Tag("p", self._empty, "empty")


class SteadyRow(Protocol[V_contra]):
    """A row that is drawn once."""

    def show(self, item: V_contra, /) -> object:
        """Say what an item says, where it is other than before."""


class SteadyRows(Generic[V, R]):
    """Rows that stay where they are while their keys do: what they say is changed in place.

    So a live list sends a few words and no more.

    Args:
        key: what identifies the row of an item, with what a row cannot change in place.
        draw: draws the row of an item, which is then shown it.
        empty: the sentence when there is none.
        classes: of the list.
        tag: the element of the list.
    """

    def __init__(
        self,
        key: Callable[[V], Hashable],
        draw: Callable[[V], R],
        empty: str,
        classes: str = "",
        tag: str = "div",
    ) -> None:
        self._key, self._draw = key, draw
        self._rows: dict[Hashable, R] = {}  # by key, and how often it stood there before
        self._items: dict[Hashable, V] = {}
        self._list: ChangingList[Hashable] = ChangingList(self._add, empty, classes, tag)

    def __getitem__(self, key: Hashable) -> R | None:
        return self._rows.get((key, 0))

    def show(self, items: Sequence[V]) -> None:
        """Show these items in their order."""
        self._items = dict(zip(_numbered(map(self._key, items)), items, strict=True))
        self._list.show(self._items)
        self._rows = {key: self._rows[key] for key in self._items}
        for key, item in self._items.items():
            self._rows[key].show(item)

    def _add(self, key: Hashable) -> None:
        self._rows[key] = self._draw(self._items[key])


def _numbered(keys: Iterable[Hashable]) -> Iterator[tuple[Hashable, int]]:
    """Every key with how often it stood there before: no row is lost to another of its key."""
    seen: Counter[Hashable] = Counter()
    for key in keys:
        yield key, seen[key]
        seen[key] += 1
