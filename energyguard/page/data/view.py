"""Data: can the numbers be trusted? What is missing, what was not taken, files, and the details."""

from __future__ import annotations

from energyguard.page.data.details import DataDetails
from energyguard.page.data.imports import ImportCard
from energyguard.page.data.missing import MissingCard
from energyguard.page.data.refused import RefusedCard
from energyguard.page.elements.components import Tag, Tile, button
from energyguard.page.elements.controls import Dropdown
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import count, day_moment
from energyguard.page.words.language import _, ngettext
from energyguard.service.consumption.missing_hours import MissingData, missing_data
from energyguard.service.views import Quality

DAYS = (1, 7, 30, 90)
KEEP_S = 30.0


class DataPage:
    """What is missing, of which device, in which hours?"""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.days = int(context.query.get("days", "7")) if self._is_days() else 7
        with Tag("div", "", "acts data-acts"):
            Dropdown(
                _("How far back"),
                [(str(n), self._back(n)) for n in DAYS],
                str(self.days),
                self._choose,
            ).mark("days")
            button(_("List as CSV"), lambda: self.missing.download(), mark="csv")
            if context.may("write"):
                Tag("a", _("Upload a file"), "btn main-act", href="#files")
        with Tag("div", "", "grid"):
            with Tag("div", "", "tiles four data-tiles"):
                self.fresh = Tile(_("Up to date"), "#missing")
                self.hours = Tile(_("Hours missing"), "#missing")
                self.late = Tile(_("Came too late"), "#details")
                self.refused = Tile(_("Not taken"), "#letters")
            self.missing = MissingCard(context)
            self.letters = RefusedCard(context)
            self.files = ImportCard(context)
            self._ways()
            self.details = DataDetails(context)
        context.every(2.0, self.counts)
        context.every(5.0, self.letters.show)
        context.every(KEEP_S, self.past)

    def _is_days(self) -> bool:
        return self.context.query.get("days", "") in map(str, DAYS)

    @staticmethod
    def _back(days: int) -> str:
        return ngettext("Last {n} day", "Last {n} days", days).format(n=days)

    async def _choose(self, days: str) -> None:
        self.days = int(days)
        await self.past()

    def _ways(self) -> None:
        """Where more is known of lines, nodes and copies."""
        there = {view.path: view for view in self.context.views}
        names = {
            "/edges": _("Edges and their lines"),
            "/cluster": _("The store's nodes"),
            "/backups": _("Copies of all data"),
        }
        found = [path for path in names if path in there]
        if found:
            with Tag("p", "", "links c12"):
                for path in found:
                    Tag("a", names[path], "link", href=self.context.href(path))

    async def counts(self) -> None:
        """What came too late, and what was not taken."""
        found = await self.cache.shared("quality", 1.5, self.cache.service.quality)
        self._late(found)
        self.details.counts(found)

    def _late(self, found: Quality) -> None:
        words = ngettext("reading", "readings", found.late)
        self.late.show(count(found.late), words, _("kept, and in the totals"))
        refused = found.malformed + found.out_of_range
        words = ngettext("row", "rows", refused)
        self.refused.show(count(refused), words, _("each with its reason, to be tried again"))

    async def past(self) -> None:
        """What is missing, and the details of the past."""
        service, days = self.cache.service, self.days
        found = await self.cache.shared(
            ("missing", days), KEEP_S - 1, lambda: missing_data(service, days)
        )
        self._say(found)
        self.missing.show(found)
        await self.details.past()

    def _say(self, found: MissingData) -> None:
        devices = ngettext("{n} device", "{n} devices", len(found.rows))
        devices = devices.format(n=count(len(found.rows)))
        if found.hours:
            hours = ngettext(
                "{n} hour is missing, at {devices}", "{n} hours are missing, at {devices}",
                found.hours,
            )  # fmt: skip
            title = hours.format(n=count(found.hours), devices=devices)
        else:
            title = (
                _("Nothing came for over a month") if found.long_silent else (_("No readings yet"))
            )
            title = _("Nothing is missing") if found.devices else title
        self.context.say(title, _("Data · can the numbers be trusted?"))
        total = ngettext("of {n} device", "of {n} devices", found.devices)
        silent = [gaps for gaps in found.rows if gaps.silent]
        words = _("all of them send") if found.devices else ""
        if silent:
            first = min(silent, key=lambda gaps: -gaps.last_ms)
            place = place_of(self.cache.service.catalogue, first.device)
            time = day_moment(first.last_ms, place.zone)
            words = _("{name} is silent since {time}").format(name=place.name, time=time)
        self.fresh.show(count(found.up_to_date), total.format(n=count(found.devices)), words)
        share = found.hours / max(1, found.expected)
        of = _("of {n}").format(n=count(found.expected))
        days = ngettext("last {n} day", "last {n} days", found.days).format(n=found.days)
        self.hours.show(count(found.hours), of, f"{days} · {share:.2%}")
