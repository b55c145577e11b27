"""Which part the alerts about a sum wait for, in a sentence; nothing where none is late."""

from __future__ import annotations

from energyguard.page.elements.components import Tag
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import near_moment
from energyguard.page.words.language import _
from energyguard.page.words.lengths import length
from energyguard.page.words.names import device_name
from energyguard.service.late_sums import KEEP_S, LateSum


class LateSumLine:
    """The sentence, of the part that is the latest.

    Args:
        context: the open page.
        key: of the sum: a virtual device, a site or a group.
    """

    def __init__(self, context: PageContext, key: str) -> None:
        self._context, self._key = context, key
        self._text = Tag("p", "", "doubt late-sum")

    async def show(self, zone: str) -> None:
        """Say it as it is now; times are of a zone."""
        cache, key = self._context.cache, self._key
        late = cache.service.late_sums
        found = await cache.shared(("late-sum", key), KEEP_S, lambda: late.of(key))
        self._text.text = self._words(found[0], zone) if found else ""

    def _words(self, late: LateSum, zone: str) -> str:
        now_ms = self._context.now_ms
        device = device_name(self._context.cache.service.catalogue, late.waits_for)
        until = near_moment(late.until_ms, now_ms, zone)
        if late.until_ms is None:
            text = _("Alerts about this sum go on without {device}, which has sent nothing yet.")
            return text.format(device=device)
        if late.behind_ms is None:
            text = _(
                "Alerts about this sum wait for {device}, which has sent nothing yet, until "
                "{until} at the latest."
            )
            return text.format(device=device, until=until)
        text = _(
            "Alerts about this sum wait for {device}, whose readings are complete {length} later "
            "than those of its other parts: what these have sent is known by {until}."
        )
        return text.format(device=device, length=length(late.behind_ms), until=until)
