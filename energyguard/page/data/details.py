"""How every reading ended, and how far along the counting is: for whoever runs the system."""

from __future__ import annotations

from itertools import groupby

from energyguard.page.elements.components import Figures, Tag, card, cells, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.plots import Plot, line
from energyguard.page.elements.ranking import Ranking
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import MAX_POINTS, times_ms
from energyguard.page.words.formatting import age, count, moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.readings import ending_words
from energyguard.service.views import PartitionView, Quality

ENDINGS = ("accepted", "late", "duplicate", "conflicting", "ahead", "malformed", "out of range")
Cells = tuple[str, ...]


class DataDetails:
    """The words of the engine, behind one heading.

    Args:
        context: the open page.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        known = ending_words()
        self.words = {name: known[name] for name in ENDINGS}
        opened = {"open": "open"} if context.query.get("details") else {}
        with Tag("details", "", "engine c12", id="details", **opened):
            Tag("summary", _("Details: how readings ended, how far along everything is"))
            with Tag("div", "", "grid"):
                self._cards()

    def _cards(self) -> None:
        with card(_("How readings ended"), "c12", _("since the beginning")):
            self.endings = Figures(list(self.words.values()))
            meaning = _(
                "Late: its windows were closed. Duplicate: the same reading again. Conflicting: "
                "the same time with another value, the first counts. Ahead: a clock that runs "
                "ahead. All are kept."
            )
            Tag("p", meaning, "sub").style("margin-top:12px")
        aside = _("{span}, by their own time").format(span=self.context.lasting)
        with card(_("Readings by minute"), "c8", aside):
            self.minutes = Plot("line", _("Readings by minute"), 170)
        with card(_("Refused, by reason"), "c4") as self.refused_note:
            self.refused = Ranking(_("Nothing was refused."), lambda _name: "#letters", "wide")
        columns = (
            _("Topic"), _("Accepted"), _("Late"), _("Duplicate"), _("Conflicting"), _("Ahead"),
            _("Newest reading"), _("Watermark behind"), _("Not read yet"),
        )  # fmt: skip
        by_topic = card(_("How far along"), "c12", _("by topic; the worker's word"))
        with by_topic, table(_("Topics"), columns):
            self.topics: ChangingList[Cells] = ChangingList(
                cells, _("No worker has said a word yet."), tag="tbody"
            )

    def counts(self, found: Quality) -> None:
        """Figures, topics, reasons."""
        for name, words in self.words.items():
            n: int = getattr(found, name.replace(" ", "_"))
            matters = n > 0 and name in ("conflicting", "malformed", "out of range")
            self.endings.show(words, count(n), matters)
        self._table(found.partitions)
        self.refused.show((self._why(why), n, count(n)) for why, n in found.refused_by.items())
        rows = found.malformed + found.out_of_range
        self.refused_note.text = ngettext("{n} row", "{n} rows", rows).format(n=count(rows))

    def _why(self, why: str) -> str:
        """An ending and its field, in words."""
        verdict, _space, field = why.partition(" ")
        return f"{self.words.get(verdict.replace('-', ' '), verdict)}: {field}"

    def _table(self, partitions: tuple[PartitionView, ...]) -> None:
        by_topic = groupby(sorted(partitions, key=lambda p: p.topic), key=lambda p: p.topic)
        self.topics.show([self._cells(topic, list(parts)) for topic, parts in by_topic])

    def _cells(self, topic: str, parts: list[PartitionView]) -> Cells:
        counted = [
            count(sum(getattr(p, name) for p in parts))
            for name in ("accepted", "late", "duplicate", "conflicting", "ahead")
        ]
        newest = max((p.newest_ms for p in parts if p.newest_ms is not None), default=None)
        behind = [p.newest_ms - p.watermark_ms for p in parts
                  if p.newest_ms is not None and p.watermark_ms is not None]  # fmt: skip
        many = ngettext("{n} partition", "{n} partitions", len(parts)).format(n=len(parts))
        return (
            f"{topic} ({many})",
            *counted,
            moment(newest, self.context.zone, "%a %H:%M:%S"),
            " ".join(age(max(behind))) if behind else "–",
            count(sum(p.lag for p in parts)),
        )

    async def past(self) -> None:
        """How many readings there are of each minute."""
        span = self.context.span
        start, end = self.cache.borders(span)
        seen = await self.cache.ask("readings_per_minute", span.keep_s, start_ms=start, end_ms=end)
        every = max(1, seen.num_rows // MAX_POINTS)
        xs, ys = times_ms(seen["minute"])[::every], seen["readings"].to_pylist()[::every]
        self.minutes.show(line(start, end, xs, ys, "", self.context.zone))
