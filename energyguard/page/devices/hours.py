"""Which hours of the last seven days have no readings of a device, on the clock of its site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import median

from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import local
from energyguard.page.elements.charts import HourCell, hours
from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import times_ms
from energyguard.page.words.formatting import count, moment, until
from energyguard.page.words.language import _

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
        channel: of which of its channels.
        zone: of its days.
    """

    def __init__(self, context: PageContext, device: str, channel: str, zone: str) -> None:
        self.context, self.device, self.channel, self.zone = context, device, channel, zone
        with card(_("Hours without readings"), "c12", _("last 7 days"), anchor="hours"):
            self.plot = Plot("hours", _("Hours with and without readings"), DAYS * 20 + 18)
            self.words = Tag("p", "", "sub")

    async def draw(self, first_ms: int | None, newest_ms: int) -> None:
        """Ask which hours lack, and draw them.

        Args:
            first_ms: its first reading; None: not known.
            newest_ms: the time that it is now, where the readings come from.
        """
        today = local(newest_ms, self.zone).date()
        days = [CalendarSpan.of("day", today - timedelta(days=n), self.zone) for n in range(DAYS)]
        days.reverse()
        start_ms, end_ms = days[0].start_ms, newest_ms // HOUR_MS * HOUR_MS
        found = await self.context.cache.ask(
            "series", KEEP_S, device=self.device, channel=self.channel, start_ms=start_ms,
            end_ms=end_ms, step_ms=HOUR_MS,
        )  # fmt: skip
        begins = max(start_ms, first_ms or start_ms)
        gone = silent_stretches(times_ms(found["time"]), begins, end_ms)
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


def silent_stretches(hours_ms: Sequence[int], begins_ms: int, end_ms: int) -> list[Stretch]:
    """The times without readings, by a device's own rhythm: what sends daily lacks no hour between.

    Args:
        hours_ms: the starts of the hours that have readings, rising.
        begins_ms: where its readings begin.
        end_ms: the end of the last whole hour.
    """
    begins = begins_ms // HOUR_MS * HOUR_MS
    seen = [begins - HOUR_MS, *(ms for ms in hours_ms if begins <= ms < end_ms), end_ms]
    steps = [after - before for before, after in pairwise(seen[1:-1])]
    rhythm = median(steps) if steps else HOUR_MS
    return [
        (before + HOUR_MS, after) for before, after in pairwise(seen) if after - before > rhythm
    ]
