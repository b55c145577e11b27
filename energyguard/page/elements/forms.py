"""Forms of the browser's own fields: one message brings all values, and each fault its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from energyguard.page.elements.components import Tag, button
from energyguard.page.words.language import _

Values = Mapping[str, str]
Options = Sequence[tuple[str, str]]
"""Values with their words."""
Choices = Sequence[tuple[str, Options]]
"""Options in groups, each with its name."""

_VALUES = "emit(Object.fromEntries(new FormData(e.target.closest('form'))))"
_SUBMIT = f"(e) => {{ e.preventDefault(); {_VALUES} }}"
_CHANGE = f"(e) => {{ {_VALUES} }}"
_ADD = """(e) => { const field = e.target.closest('form').elements[NAME];
if (e.target.value) field.value = (field.value.trim() + ' ' + e.target.value).trim();
e.target.value = ''; field.focus() }"""


class Form:
    """A form; its fields go inside ``with``.

    Args:
        name: of the form, for tests; ids of its fields begin with it.
        act: gets all values, as they were typed, when it is sent.
    """

    def __init__(self, name: str, act: Callable[[Values], Awaitable[object]]) -> None:
        self.name, self._act = name, act
        self._faults: dict[str, Tag] = {}
        self._fields: dict[str, Tag] = {}
        self._needed: list[str] = []
        self._box = Tag("form", "", "form", autocomplete="off").mark(name)
        self._box.on("submit", self._sent, js_handler=_SUBMIT)
        with self._box:
            self._general = Tag("p", "", "fault", role="alert")

    def __enter__(self) -> Form:
        self._box.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._box.__exit__(*error)

    def text(
        self, name: str, label: str, value: str = "", hint: str = "", **attributes: str
    ) -> None:
        """A line of text; ``hint`` says below it what to write."""
        if "required" in attributes:
            self._needed.append(name)
        with self._labelled(name, label, hint) as described:
            self._fields[name] = Tag(
                "input", "", "field", name=name, id=self._id(name),
                **{"^value": value, **described, **attributes},
            ).mark(f"{self.name}-{name}")  # fmt: skip

    def choose(
        self, name: str, label: str, options: Options, value: str = "", hint: str = ""
    ) -> None:
        """One of several."""
        with self._labelled(name, label, hint) as described:
            self._fields[name] = Tag(
                "select", "", "field", name=name, id=self._id(name), **described
            ).mark(f"{self.name}-{name}")
            with self._fields[name]:
                for key, words in options:
                    here = {"selected": "selected"} if key == value else {}
                    Tag("option", words, **{"^value": key}, **here)

    def check(self, name: str, label: str, *, checked: bool = False) -> None:
        """Something that is so or not: its value is ``on``, or missing."""
        here = {"checked": "checked"} if checked else {}
        with Tag("label", "", "check"):
            box = Tag("input", "", "", name=name, type="checkbox", id=self._id(name), **here)
            box.mark(f"{self.name}-{name}")
            Tag("span", label)

    def pick(self, into: str, label: str, choices: Choices) -> None:
        """What may be added to a text field, after what stands there."""
        name = self._id(f"{into}-pick")
        with Tag("div", "", "labelled"):
            Tag("label", label, "", for_=name)
            picked = Tag("select", "", "field", id=name).mark(name)
            picked.on("change", js_handler=_ADD.replace("NAME", f"'{into}'"))
            with picked:
                Tag("option", _("choose …"), **{"^value": ""})
                for group, options in choices:
                    with Tag("optgroup", "", label=group):
                        for value, words in options:
                            Tag("option", words, **{"^value": value})

    def on_change(self, act: Callable[[Values], Awaitable[object]]) -> None:
        """Let something be done with the values whenever one was entered."""

        async def changed(event: Any) -> None:
            await act(_values(event))

        self._box.on("change", changed, js_handler=_CHANGE)

    def acts(self, words: str, cancel: Callable[[], Any] | None = None) -> None:
        """What sends it, and what leaves it."""
        with Tag("div", "", "acts"):
            Tag("button", words, "btn main-act", type="submit").mark(f"{self.name}-send")
            if cancel is not None:
                button(_("Cancel"), cancel, mark=f"{self.name}-cancel")

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say at each field what is wrong with it; what is of none of them, above them all."""
        for name, tag in self._faults.items():
            tag.text = faults.get(name, "")
            self._fields[name].props(f"aria-invalid={'true' if name in faults else 'false'}")
        rest = [text for name, text in faults.items() if name not in self._faults]
        self._general.text = " ".join(rest)

    def _id(self, name: str) -> str:
        return f"{self.name}-{name}"

    def _labelled(self, name: str, label: str, hint: str) -> _Labelled:
        return _Labelled(self, name, label, hint)

    async def _sent(self, event: Any) -> None:
        values = _values(event)
        blank = {n: _("is missing") for n in self._needed if not values.get(n, "needed")}
        self.blame(blank)  # a browser takes blanks for a text
        if not blank:
            await self._act(values)


def _values(event: Any) -> Values:
    return {key: str(value).strip() for key, value in dict(event.args).items()}


class _Labelled:
    """A field with its label above it, and below what to write and what is wrong."""

    def __init__(self, form: Form, name: str, label: str, hint: str) -> None:
        self._form, self._name, self._hint = form, name, hint
        self._box = Tag("div", "", "labelled")
        self._id = f"{form.name}-{name}"
        with self._box:
            Tag("label", label, "", for_=self._id)

    def __enter__(self) -> dict[str, str]:
        self._box.__enter__()
        return {"aria-describedby": f"{self._id}-fault"}

    def __exit__(self, *error: object) -> None:
        if self._hint:
            Tag("span", self._hint, "sub small")
        fault = Tag("span", "", "fault", id=f"{self._id}-fault", role="alert")
        self._form._faults[self._name] = fault  # its part
        self._box.__exit__(*error)
