"""The keys of the page, on a sheet: `?` shows them. ``static/keys.js`` is what they do."""

from __future__ import annotations

from energyguard.page.elements.components import Tag, button
from energyguard.page.elements.controls import sheet
from energyguard.page.words.language import _


class KeyHelp:
    """A small button, not there on a phone, and the sheet behind it."""

    def __init__(self) -> None:
        made = Tag("button", "?", "btn square key-help", type="button", data_key="?")
        made.props(f'aria-label="{_("Keys")}"').mark("keys")
        with sheet(_("Keys"), "keys-title") as self.dialog:
            with Tag("dl", "", "keys"):
                for keys, words in (
                    ("/", _("search")),
                    ("g h", _("to Home")),
                    ("g a", _("to Alerts")),
                    ("g e", _("to Explore")),
                    ("g s", _("to Sites")),
                    ("g d", _("to Data")),
                    ("j k", _("down and up a list")),
                    ("Enter", _("open")),
                    ("← → Enter", _("on a bar of a chart: how it was counted")),
                    ("a", _("acknowledge the alert that is shown")),
                    ("s", _("silence it: asks what, and until when")),
                    ("?", _("this list")),
                ):
                    with Tag("dt"):
                        for key in keys.split(" "):
                            Tag("kbd", key)
                    Tag("dd", words)
            with Tag("div", "", "acts"):
                button(_("Close"), self.dialog.close, mark="keys-close").props("data-close")
        made.on("click", self.dialog.open)
