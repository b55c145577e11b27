"""That readings of a device count nothing, or more than they say: they are of another kind."""

from __future__ import annotations

from energyguard.page.elements.components import Tag
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.beyond import beyond_of, is_like_register
from energyguard.page.words.formatting import count, measured
from energyguard.page.words.language import _


class BeyondNote:
    """A sentence where that is so, with what to do; else nothing."""

    def __init__(self, context: PageContext, device: str) -> None:
        self.context, self.device = context, device
        self.line = Tag("p", "", "sub beyond-plausible")

    async def draw(self, last_ms: int) -> None:
        """By the day that ends with the newest reading."""
        if (found := await beyond_of(self.context.cache, self.device, last_ms)) is None:
            looks_wrong = await is_like_register(self.context.cache, self.device, last_ms)
            self.line.text = self._as_register() if looks_wrong else ""
            return
        self.line.text = _(
            "Readings of the last day that were set apart, and count nothing: {n}. They need about "
            "{kw}, more than is plausible here. If it is so large, say so: Edit, What it sends, "
            "Greatest plausible power, such as {proposed}."
        ).format(
            n=count(found.readings), kw=measured(found.needed_kw, "kW"),
            proposed=measured(float(found.proposed_kw), "kW"),
        )  # fmt: skip

    def _as_register(self) -> str:
        return _(
            "Its energies only rise, as what a meter's register shows, and count as what each "
            "interval used. If it is a register, send it as energy_register_kwh or "
            "energy_register_wh."
        )
