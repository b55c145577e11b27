"""Rules: what is watched, at which limits; a change works within a second."""

from __future__ import annotations

from energyguard.model.selector import Selector
from energyguard.page.elements.components import Tag
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.card import RulesCard
from energyguard.page.rules.new import NewRuleCard
from energyguard.page.words.language import _, ngettext


class RulesPage:
    """What raises alerts?"""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        Tag("a", "‹ " + _("All alerts"), "link", href=context.href("/alerts"))
        with Tag("div", "", "grid"):
            self.new = NewRuleCard(context, self.shown)
            self.rules = RulesCard(context, self.begin)
        self._device = context.query.get("device", "")
        context.every(1.0, self.second)
        context.every(60.0, self.rules.ask, is_first=False)

    async def begin(self) -> None:
        """Show the form of a new rule."""
        await self.new.open({})

    def shown(self) -> None:
        """The rules as they are now."""
        self.rules.show()

    async def second(self) -> None:
        """The rules as they are; a link from a device begins with a rule about it."""
        if self._device:
            device, self._device = self._device, ""
            await self.new.open({"selector": str(Selector((("id", device),)))})
        self.rules.show()
        n = len(self.context.cache.service.rules.active())
        title = ngettext("{n} rule watches", "{n} rules watch", n).format(n=n)
        self.context.say(title, _("Alerts › Rules"))
