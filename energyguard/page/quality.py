"""Data quality: how every reading ended, how far along the counting is, what was refused."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from energyguard.page.components import (
    ChangingList,
    Figures,
    Ranking,
    Tag,
    button,
    card,
    cells,
    table,
)
from energyguard.page.context import PageContext
from energyguard.page.formatting import age, count, day_moment, moment, plural
from energyguard.page.page_cache import MAX_POINTS, times_ms
from energyguard.page.plots import Plot, line
from energyguard.service.views import DeadLetter, PartitionView, Receipt

MAX_LETTERS = 30

ENDINGS = ("accepted", "late", "duplicate", "conflicting", "ahead", "malformed", "out of range")
_MEANING = (
    "Late: its windows were closed. Duplicate: the same reading again. Conflicting: the same time "
    "with another value, the first counts. Ahead: a clock that runs ahead. All are kept."
)
_COLUMNS = ("Topic", "Accepted", "Late", "Duplicate", "Conflicting", "Ahead", "Newest reading",
            "Watermark behind", "Not read yet")  # fmt: skip
Cells = tuple[str, ...]


class QualityPage:
    """Can the numbers be trusted?"""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        with Tag("div", "", "grid"):
            with card("How readings ended", "c12", "since the beginning"):
                self.endings = Figures(ENDINGS)
                Tag("p", _MEANING, "sub").style("margin-top:12px")
            with card("Readings by minute", "c8", f"{context.lasting}, by their own time"):
                self.minutes = Plot("line", "Readings by minute", 170)
            with card("Refused, by reason", "c4") as self.refused_note:
                self.refused = Ranking("Nothing was refused.", lambda _: "#letters", "wide")
            by_topic = card("How far along", "c12", "by topic; the worker's word")
            with by_topic, table("Topics", _COLUMNS):
                self.topics: ChangingList[Cells] = ChangingList(
                    cells, "No worker has said a word yet.", tag="tbody"
                )
            with card("Dead letters", "c12", anchor="letters") as remark:
                self.letters: ChangingList[DeadLetter] = ChangingList(
                    self._letter, "No dead letters: every row that came could be read."
                )
            with remark:
                self.kept = Tag("span")
                self.all = button("Replay all", lambda: self._replay(None))
        context.every(2.0, self.counts)
        context.every(5.0, self.dead_letters)
        context.every(context.span.keep_s, self.past)

    async def counts(self) -> None:
        """Figures, topics, reasons."""
        q = await self.cache.shared("quality", 1.5, self.cache.service.quality)
        for name in ENDINGS:
            n: int = getattr(q, name.replace(" ", "_"))
            self.endings.show(
                name, count(n), n > 0 and name in ("conflicting", "malformed", "out of range")
            )
        self._table(q.partitions)
        self.refused.show((why, n, count(n)) for why, n in q.refused_by.items())
        self.refused_note.text = plural(q.malformed + q.out_of_range, "row")
        self.kept.text = f"{count(q.dead_letters)} kept, newest first"
        self.all.set_visibility(q.dead_letters > 0)

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
        return (
            f"{topic} ({plural(len(parts), 'partition')})",
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

    async def dead_letters(self) -> None:
        """The newest messages that were refused."""
        letters = await self.cache.shared(
            "letters", 4, lambda: self.cache.service.dead_letters(MAX_LETTERS)
        )
        self.letters.show(letters)

    def _letter(self, letter: DeadLetter) -> None:
        with Tag("div", "", "letter"):
            with Tag("div"):
                Tag("span", letter.reason, "reason")
                where = f"{letter.source}, row {letter.row}, for {letter.topic} as {letter.shape}"
                when = day_moment(letter.at_ms, self.context.zone)
                Tag("div", f"{letter.verdict} · {letter.field} · {when} · {where}", "detail")
            with Tag("div", "", "acts"):
                replay = partial(self._replay, [letter.offset])
                name = f"dead letter {letter.offset}"
                button("Replay", replay, about=name, mark=f"replay-{letter.offset}")
            Tag("pre", letter.original, tabindex="0", aria_label="Original bytes")

    async def _replay(self, offsets: list[int] | None) -> None:
        await self.context.do(lambda: self.cache.service.replay_dead_letters(offsets), _outcome)


def _outcome(receipt: Receipt) -> str:
    refused = receipt.malformed + receipt.out_of_range
    return f"{count(receipt.accepted)} taken, {count(refused)} refused again"
