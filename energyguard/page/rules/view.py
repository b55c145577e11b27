"""Rules: what is watched, at which limits; a change works within a second."""

from __future__ import annotations

from energyguard.page.elements.components import Tag
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.card import RulesCard
from energyguard.page.words.language import _, ngettext


class RulesPage:
    """What raises alerts?"""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        Tag("a", "‹ " + _("All alerts"), "link", href=context.href("/alerts"))
        with Tag("div", "", "grid"):
            self.rules = RulesCard(context)
        context.every(1.0, self.second)

    async def second(self) -> None:
        """The rules as they are."""
        self.rules.show()
        n = len(self.context.cache.service.rules.active())
        title = ngettext("{n} rule watches", "{n} rules watch", n).format(n=n)
        self.context.say(title, _("Alerts › Rules"))
