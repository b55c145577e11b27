"""A device's newest readings as they came, and what a counter moved on by."""

from __future__ import annotations

from itertools import pairwise

from energyguard.model.channels import CHANNELS, Kind
from energyguard.page.elements.components import card, cells, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import DAY_MS, times_ms
from energyguard.page.words.formatting import UNKNOWN, near_moment, number
from energyguard.page.words.language import _

KEEP_S = 10.0
SHOWN = 8


class ReadingsCard:
    """The newest readings of a channel.

    Args:
        context: the open page.
        device: whose.
        channel: which of its channels.
        zone: of the times.
    """

    def __init__(self, context: PageContext, device: str, channel: str, zone: str) -> None:
        self.context, self.device, self.channel, self.zone = context, device, channel, zone
        known = CHANNELS.get(channel)
        self._counts = known is not None and known.kind is Kind.REGISTER
        unit = known.unit if known else ""
        name = _("Counter readings") if self._counts else _("Newest readings")
        columns = (_("Time"), unit, _("Used, kWh")) if self._counts else (_("Time"), unit)
        with card(name, "c12", _("newest first"), anchor="readings"), table(name, columns):
            self.rows: ChangingList[tuple[str, ...]] = ChangingList(
                cells, _("No reading in the last day."), tag="tbody"
            )

    async def draw(self, newest_ms: int) -> None:
        """Ask for them."""
        seen = await self.context.cache.ask_as(
            (self.device, self.channel), KEEP_S, "readings", device=self.device,
            channel=self.channel, start_ms=newest_ms - DAY_MS, end_ms=newest_ms + 1,
            limit=SHOWN + 1,
        )  # fmt: skip
        times, values = times_ms(seen["time"]), seen["value"].to_pylist()
        steps = [None, *(after - before for before, after in pairwise(values))]
        rows = list(zip(times, values, steps, strict=True))[::-1][:SHOWN]
        self.rows.show([self._row(*row) for row in rows])

    def _row(self, ms: int, value: float, step: float | None) -> tuple[str, ...]:
        when = near_moment(ms, self.context.now_ms, self.zone, "%H:%M:%S")
        used = (UNKNOWN if step is None else number(step),) if self._counts else ()
        return (when, number(value, 6 if self._counts else 4), *used)
