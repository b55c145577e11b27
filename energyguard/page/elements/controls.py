"""Small controls that fill in: a choice of one in few, a native list, a sheet from below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from nicegui import ui

from energyguard.page.elements.components import Tag
from energyguard.page.words.language import _

_COPY: Final = """(event) => {
  const shown = event.currentTarget.parentElement.querySelector("pre");
  getSelection().selectAllChildren(shown);
  navigator.clipboard?.writeText(shown.textContent);
}"""
Option = tuple[str, str]
"""A value and its words."""


class Dropdown:
    """A native list of options: the browser's own, so it works with keys and on a phone.

    Args:
        label: what is chosen, for those who cannot see it.
        options: values and words; the first is the one that means all.
        value: what is chosen now.
        act: called with what a person has chosen.
        name: the id of its element, for who comes back to it; empty: none.
    """

    def __init__(
        self,
        label: str,
        options: Sequence[Option],
        value: str,
        act: Callable[[str], Any],
        name: str = "",
    ) -> None:
        self.value = value
        self._act = act
        named = {"id": name} if name else {}
        self._box = Tag("select", "", "btn pick", aria_label=label, **named)
        self._box.on("change", self._chosen, js_handler="(e) => emit(e.target.value)")
        self._options: Sequence[Option] = ()
        self.offer(options)

    def offer(self, options: Sequence[Option]) -> None:
        """Offer these, if they are others than before."""
        if options == self._options:
            return
        self._options = options
        self._box.clear()
        with self._box:
            self._add(options)

    def offer_groups(self, groups: Sequence[tuple[str, Sequence[Option]]]) -> None:
        """Offer options in groups, each with its name."""
        self._box.clear()
        with self._box:
            for name, options in groups:
                with Tag("optgroup", "", label=name):
                    self._add(options)

    def _add(self, options: Sequence[Option]) -> None:
        for value, words in options:
            here = {"selected": "selected"} if value == self.value else {}
            Tag("option", words, value=value, **here)

    def mark(self, name: str) -> Dropdown:
        """Give it a name for tests."""
        self._box.mark(name)
        return self

    def _chosen(self, event: Any) -> Any:
        self.value = str(event.args)
        return self._act(self.value)


class Segments:
    """A choice of one in few, all of them in sight.

    Args:
        label: what is chosen.
        options: values and words.
        value: what is chosen at first.
        act: called when a person has chosen.
    """

    def __init__(
        self, label: str, options: Sequence[Option], value: str, act: Callable[[str], Any]
    ) -> None:
        self._act = act
        self.value = value
        self._buttons: dict[str, Tag] = {}
        with Tag("div", "", "choice segments", role="group", aria_label=label):
            for name, words in options:
                made = Tag("button", words, type="button").mark(f"pick-{name}")
                made.on("click", lambda _event, chosen=name: self._chosen(chosen))
                self._buttons[name] = made
        self._show()

    def choose(self, value: str) -> None:
        """Choose without a person."""
        self.value = value
        self._show()

    def say(self, value: str, words: str) -> None:
        """Change an option's words; without words it is not offered."""
        self._buttons[value].text = words
        self._buttons[value].set_visibility(bool(words))

    def _chosen(self, value: str) -> Any:
        self.choose(value)
        return self._act(value)

    def _show(self) -> None:
        for name, made in self._buttons.items():
            made.props(f'aria-pressed="{"true" if name == self.value else "false"}"')


def copy_row(words: str, text: str) -> Tag:
    """A text to copy, with a button; where the browser may not copy, it is selected.

    Args:
        words: what it is.
        text: as it is copied.
    """
    with Tag("div", "", "copy-row") as made:
        Tag("span", words, "sub small")
        Tag("pre", text, "copy-text", tabindex="0", role="region", aria_label=words)
        button = Tag("button", _("Copy"), "btn", type="button", aria_label=f"{_('Copy')}: {words}")
        button.on("click", js_handler=_COPY)
    return made


@contextmanager
def sheet(title: str, name: str) -> Iterator[ui.dialog]:
    """A dialog; on a phone it comes from below. Escape closes it, and so does a swipe down."""
    made = ui.dialog().props(f'aria-labelledby="{name}"').classes("sheet-dialog")
    with made, Tag("div", "", "card sheet-card"):
        Tag("span", "", "grip", aria_hidden="true")
        Tag("h2", title, id=name)
        yield made
