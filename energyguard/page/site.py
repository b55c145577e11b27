"""A site: its sites and devices."""

from __future__ import annotations

from energyguard.page.components import Tag, card
from energyguard.page.context import PageContext
from energyguard.page.language import _


class SitePage:
    """One site."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        with Tag("div", "", "grid"), card(_("Devices"), "c12"):
            pass
