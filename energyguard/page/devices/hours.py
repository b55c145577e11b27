"""Which hours of the last seven days have no readings of a device, on the clock of its site.

By the rule of *Data* (``service/consumption/missing_hours.py``).
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import local
from energyguard.page.elements.charts import HourCell, hours
from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import count, moment, until
from energyguard.page.words.language import _
from energyguard.service.consumption.missing_hours import gaps_of

DAYS = 7
KEEP_S = 60.0
HOUR_MS = 3_600_000
MAX_SHOWN = 2
Stretch = tuple[int, int]


class HoursCard:
    """The card.

    Args:
        context: the open page.
        device: whose.
        zone: of its days.
    """

    def __init__(self, context: PageContext, device: str, zone: str) -> None:
        self.context, self.device, self.zone = context, device, zone
        with card(_("Hours without readings"), "c12", _("last 7 days"), anchor="hours"):
            self.plot = Plot("hours", _("Hours with and without readings"), DAYS * 20 + 18)
            self.words = Tag("p", "", "sub")

    async def ask(self, newest_ms: int) -> list[Stretch]:
        """Which hours lack, up to the one that is not over."""
        start_ms, end_ms = self._days(newest_ms)[0].start_ms, newest_ms // HOUR_MS * HOUR_MS
        service, device = self.context.cache.service, self.device
        return await self.context.cache.shared(
            ("gaps", device, start_ms, end_ms), KEEP_S,
            lambda: gaps_of(service, device, start_ms, end_ms),
        )  # fmt: skip

    def _days(self, newest_ms: int) -> list[CalendarSpan]:
        """The days that are shown, oldest first."""
        today = local(newest_ms, self.zone).date()
        ago = range(DAYS - 1, -1, -1)
        return [CalendarSpan.of("day", today - timedelta(days=n), self.zone) for n in ago]

    async def draw(self, first_ms: int | None, newest_ms: int) -> None:
        """Draw which hours lack.

        Args:
            first_ms: its first reading; None: not known.
            newest_ms: the time that it is now, where the readings come from.
        """
        gone, days = await self.ask(newest_ms), self._days(newest_ms)
        start_ms, end_ms = days[0].start_ms, newest_ms // HOUR_MS * HOUR_MS
        begins = max(start_ms, first_ms or start_ms)
        cells = [(moment(day.start_ms, self.zone, "%a %-d"), self._cells(day, begins, end_ms, gone))
                 for day in days]  # fmt: skip
        self.plot.show(hours(cells))
        expected = max(0, (end_ms - begins) // HOUR_MS)
        self.words.text = self._sentence(gone, expected)
        self.plot.say(self.words.text)

    def _cells(
        self, day: CalendarSpan, begins_ms: int, end_ms: int, gone: list[Stretch]
    ) -> list[HourCell]:
        borders = day.borders("hour")
        cells = []
        for start, end in pairwise(borders):
            state, words = "there", _("has readings")
            if end <= begins_ms or start >= end_ms:
                state = "ahead"
                words = _("not over") if start >= end_ms else _("before its first reading")
            elif any(begin < end and start < stop for begin, stop in gone):
                state, words = "gone", _("no readings")
            cells.append(HourCell(state, f"{until(start, end, self.zone)}: {words}"))
        return cells

    def _sentence(self, gone: list[Stretch], expected: int) -> str:
        lacking = sum(end - start for start, end in gone) // HOUR_MS
        if not lacking:
            return _("No hour is missing.")
        shown = ", ".join(until(start, end, self.zone) for start, end in gone[-MAX_SHOWN:])
        more = " …" if len(gone) > MAX_SHOWN else ""
        return _("{n} of {all} hours missing: {when}").format(
            n=count(lacking), all=count(expected), when=shown + more
        )
