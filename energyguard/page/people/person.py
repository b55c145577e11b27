"""Settings of the person: language, numbers, clock, theme."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from nicegui import ui

from energyguard.page.elements.components import Tag, card
from energyguard.page.frame.context import PageContext
from energyguard.page.people.own_account import OwnAccount
from energyguard.page.words.formatting import amount, moment
from energyguard.page.words.language import LANGUAGES, NUMBERS, _, reader

_THEME = """(event) => {
  const root = document.documentElement;
  localStorage.setItem("theme", root.dataset.theme = event.target.value);
}"""
EXAMPLE_NANO = 1_234_500_000_000


class PersonPage:
    """How the person reads; what is chosen holds on every device on which he is known."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.preferences = context, context.cache.service.preferences
        chosen = self.preferences.of(context.user)
        context.say(_("How you read this page"), context.user)
        with Tag("div", "", "grid"), card(_("Language and numbers"), "c6"):
            with Tag("div", "", "fields"):
                browser = _("as the browser says")
                self._choice("language", _("Language"), {"": browser, **LANGUAGES}, chosen.language)
                formats = {name: f"{text} · {_names(name)}" for name, text in NUMBERS.items()}
                usual = _("as usual in the language")
                self._choice(
                    "numbers", _("Numbers and dates"), {"": usual, **formats}, chosen.numbers
                )
                clock = {"": usual, "24": "14:38", "12": "2:38 pm"}
                self._choice("clock", _("Clock"), clock, chosen.clock)
                themes = {"": _("as the device"), "light": _("light"), "dark": _("dark")}
                theme = self._select("theme", _("Look"), themes, "")
                theme.on("change", js_handler=_THEME)
            self._example()
        with Tag("div", "", "grid"):
            OwnAccount(context)

    def _select(self, name: str, label: str, options: Mapping[str, str], chosen: str) -> Tag:
        with Tag("div", "", "choose"):
            Tag("label", label, "name", for_=f"reads-{name}")
            with Tag("select", "", "field", name=name, id=f"reads-{name}").mark(name) as made:
                for value, words in options.items():
                    here = {"selected": "selected"} if value == chosen else {}
                    Tag("option", words, **{"^value": value}, **here)
        return made

    def _choice(self, name: str, label: str, options: Mapping[str, str], chosen: str) -> None:
        made = self._select(name, label, options, chosen)

        async def change(value: str) -> None:
            now = self.preferences.of(self.context.user)
            new = msgspec.structs.replace(now, **{name: value})
            await asyncio.to_thread(self.preferences.put, self.context.user, new)
            ui.navigate.reload()

        made.on(
            "change",
            lambda event: change(str(event.args)),
            js_handler="(e) => emit(e.target.value)",
        )

    def _example(self) -> None:
        now = moment(
            self.context.cache.service.clock.now_ms(), self.context.zone, "%a %-d %b %Y, %H:%M"
        )
        Tag(
            "p",
            _("It reads so: {example}").format(example=f"{amount(EXAMPLE_NANO, 'kWh')} · {now}"),
            "sub",
        )


def _names(numbers: str) -> str:
    """What a locale is called, in its own words."""
    locale = reader(numbers=numbers).locale
    return str(locale.get_display_name(locale))
