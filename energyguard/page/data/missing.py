"""What is missing: of which device, in which hours, what is known of it, and what can be done."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

from nicegui import ui

from energyguard.model.days import ms_of
from energyguard.page.elements.components import Tag, button, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import SPACE, count, day_moment, moment, until
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.refusals import why_refused
from energyguard.service.consumption.missing_hours import DeviceGaps, MissingData

PAGE = 25
MAX_DAYS_NAMED = 10
STRETCHES_NAMED = 3


@dataclass(frozen=True, slots=True)
class GapRow:
    """A device that lacks hours, as a row shows it."""

    device: str
    name: str
    where: str
    gone: tuple[tuple[float, float, str], ...]  # from and to as parts of the range, words
    days: tuple[float, ...]  # borders of days as parts of the range
    much: str
    known: str
    below: str
    fill: bool


class MissingCard:
    """The rows, the days above them, and the list as CSV.

    Args:
        context: the open page.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        self.found: MissingData | None = None
        self.shown = PAGE
        with card(_("What is missing"), "c12", anchor="missing") as self.remark:
            with Tag("div", "", "missing-row heads", aria_hidden="true") as self.heads:
                Tag("span", _("Device"))
                self.days: ChangingList[tuple[float, str]] = ChangingList(
                    self._day, "", "presence-days"
                )
                Tag("span", _("Missing"), "much")
                Tag("span", _("What is known"))
                Tag("span")
            self.rows: ChangingList[GapRow] = ChangingList(
                self._draw, _("Nothing is missing: each hour of each device has readings.")
            )
            self.more = button(_("Show more"), self._more, mark="more-missing")
            self.more.set_visibility(False)
            with Tag("p", "", "swatches") as self.key:
                with Tag("span"):
                    Tag("i")
                    Tag("span", _("readings"))
                with Tag("span"):
                    Tag("i", "", "gone")
                    Tag("span", _("missing"))
            self.rest = Tag("p", "", "sub")
            self.gone = Tag("p", "", "sub")

    def show(self, found: MissingData) -> None:
        """Show what was found."""
        self.found = found
        rows = found.rows[: self.shown]
        self.rows.show([self._row(gaps) for gaps in rows])
        self.heads.set_visibility(bool(rows))
        self.key.set_visibility(bool(rows))
        self.more.set_visibility(len(found.rows) > self.shown)
        words = ngettext("last {n} day, by hour", "last {n} days, by hour", found.days)
        self.remark.text = words.format(n=count(found.days))
        if rows:
            self.days.show(self._days(rows[0].start_ms, rows[0].end_ms, self.context.zone))
        self.rest.text = self._rest(found.devices - len(found.rows), bool(found.rows))
        self.rest.set_visibility(bool(self.rest.text))
        self.gone.set_visibility(bool(found.long_silent))
        self.gone.text = ngettext(
            "{n} device has sent nothing for over a month: {names}. It counts no more.",
            "{n} devices have sent nothing for over a month: {names}. They count no more.",
            len(found.long_silent),
        ).format(n=count(len(found.long_silent)), names=self._names(found.long_silent))

    @staticmethod
    def _rest(complete: int, are_others: bool) -> str:
        """What is said of the devices that lack nothing; empty: there is none."""
        if not complete:
            return ""
        if are_others:
            words = ngettext(
                "{n} other device lacks nothing. Each is judged by its own rhythm.",
                "{n} other devices lack nothing. Each is judged by its own rhythm.",
                complete,
            )
        else:
            words = ngettext(
                "{n} device is looked at, by its own rhythm.",
                "{n} devices are looked at, each by its own rhythm.",
                complete,
            )
        return words.format(n=count(complete))

    def _names(self, devices: Sequence[str]) -> str:
        named = [place_of(self.service.catalogue, name).name for name in devices[:5]]
        return ", ".join(named) + (", …" if len(devices) > 5 else "")

    @staticmethod
    def _days(start_ms: int, end_ms: int, zone: str) -> list[tuple[float, str]]:
        """Where days begin, as parts of the range, with their names."""
        borders = _midnights(start_ms, end_ms, zone)
        every = -(-len(borders) // MAX_DAYS_NAMED) or 1
        length = end_ms - start_ms
        return [((at - start_ms) / length, moment(at, zone, "%-d %b")) for at in borders[::every]]

    @staticmethod
    def _day(day: tuple[float, str]) -> None:
        Tag("span", day[1]).style(f"left:{day[0]:.2%}")

    def _row(self, gaps: DeviceGaps) -> GapRow:
        place = place_of(self.service.catalogue, gaps.device)
        length = gaps.end_ms - gaps.start_ms
        gone = tuple(
            (
                (begin - gaps.start_ms) / length,
                (to - gaps.start_ms) / length,
                until(begin, to, place.zone),
            )
            for begin, to in gaps.stretches
        )
        days = tuple(
            (at - gaps.start_ms) / length
            for at in _midnights(gaps.start_ms, gaps.end_ms, place.zone)
        )
        known, below = self._known(gaps, place.zone)
        fill = not gaps.silent and self.context.may("write")
        much = f"{count(gaps.hours)}{SPACE}h"
        return GapRow(gaps.device, place.name, place.where, gone, days, much, known, below, fill)

    def _known(self, gaps: DeviceGaps, zone: str) -> tuple[str, str]:
        """What is known of it, and what comes next."""
        if gaps.silent:
            known = _("silent since {time}").format(time=day_moment(gaps.last_ms, zone))
            if (fault := self._line(gaps.device)) is not None:
                return known, fault
            return known, _("Look at its power and its line.")
        named = [until(begin, to, zone) for begin, to in gaps.stretches[:STRETCHES_NAMED]]
        more = len(gaps.stretches) - len(named)
        known = ", ".join(named) + (f" +{count(more)}" if more else "")
        return known, _("It sends again. What is missing can be filled from a file.")

    def _line(self, device: str) -> str | None:
        """What the refused rows say of it, if any of the newest is its own."""
        for letter in self.service.dead_letters(50):
            if device in letter.original:
                return _("Its rows are refused: {reason}").format(reason=why_refused(letter.reason))
        return None

    def _draw(self, row: GapRow) -> None:
        with Tag("div", "", "missing-row"):
            with Tag("div", "", "who"):
                Tag("a", row.name, "", href=self.context.device_href(row.device))
                Tag("span", row.where, "sub")
            spoken = ", ".join(words for _from, _to, words in row.gone[:MAX_DAYS_NAMED])
            label = _("{name} lacks {much}: {when}").format(
                name=row.name, much=row.much, when=spoken
            )
            with Tag("div", "", "presence", role="img", aria_label=label):
                for at in row.days:
                    Tag("span", "", "day").style(f"left:{at:.2%}")
                for begin, to, words in row.gone:
                    Tag("span", "", "gone", title=words).style(
                        f"left:{begin:.2%};width:{to - begin:.2%}"
                    )
            Tag("span", row.much, "much")
            with Tag("div", "", "known"):
                Tag("span", row.known)
                Tag("span", row.below, "sub")
            with Tag("div", "", "act"):
                if row.fill:
                    Tag("a", _("Fill from a file"), "btn", href="#files")
                else:
                    href = self.context.device_href(row.device)
                    Tag("a", _("Look at it"), "btn", href=href)

    def _more(self) -> None:
        self.shown += PAGE
        if self.found is not None:
            self.show(self.found)

    def download(self) -> None:
        """All of it as CSV."""
        if self.found is not None:
            text = as_csv(self.found, self.context)
            ui.download.content(text.encode(), "missing.csv", "text/csv")


def as_csv(found: MissingData, context: PageContext) -> str:
    """What all devices lack."""
    return gaps_csv([(gaps.device, gaps.stretches) for gaps in found.rows], context)


def gaps_csv(found: Iterable[tuple[str, Sequence[tuple[int, int]]]], context: PageContext) -> str:
    """A line per stretch: device, name, where it stands, from, to (both with offset), hours."""
    out = StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("device", "name", "site", "from", "to", "hours"))
    for device, stretches in found:
        place = place_of(context.cache.service.catalogue, device)
        zone = ZoneInfo(place.zone)
        for begin, to in stretches:
            times = (datetime.fromtimestamp(ms / 1000, zone).isoformat() for ms in (begin, to))
            hours = (to - begin) // 3_600_000
            lines.writerow((device, place.name, place.where, *times, hours))
    return out.getvalue()


def _midnights(start_ms: int, end_ms: int, zone: str) -> list[int]:
    """Where days of a zone begin in a range."""
    day = datetime.fromtimestamp(start_ms / 1000, ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    found = []
    while (at := ms_of(day)) < end_ms:
        if at >= start_ms:
            found.append(at)
        day += timedelta(days=1)
    return found
