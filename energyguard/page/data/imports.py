"""Files: those that are brought now, and those that were taken."""

from __future__ import annotations

from energyguard.page.data.brought import BroughtFiles
from energyguard.page.data.import_rows import ImportList
from energyguard.page.elements.components import card
from energyguard.page.frame.context import PageContext
from energyguard.page.words.language import _


class ImportCard:
    """Files that are looked at, and those that were taken since this process began.

    Args:
        context: the open page; without the right to send readings it only shows.
    """

    def __init__(self, context: PageContext) -> None:
        with card(_("Files"), "c12 files", anchor="files") as self.remark:
            if context.may("write"):
                context.every(1.0, BroughtFiles(context).show)
            self.list = ImportList(context)
        context.every(1.0, self.list.show)
