"""The dead letters: read backwards, one by one, and taken in again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from energyguard.errors import NotFound
from energyguard.log import EARLIEST, LATEST, Log, TopicPartition
from energyguard.model.topics import DEAD_LETTERS
from energyguard.service.live.reports import dead_letters
from energyguard.service.views import DeadLetter

_AT = TopicPartition(DEAD_LETTERS.name, 0)
BLOCK = 1_000
_SMALLEST_STEP = 50

Letter = tuple[DeadLetter, bytes]
"""A letter, and its bytes, all of them."""


class Letters:
    """The dead letters of a log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._counted: tuple[int, int, int] | None = None  # first, until, how many

    def count(self) -> int:
        """How many are kept; what was counted once is not counted again."""
        first, end = self._range()
        if self._log.gapless:
            return end - first
        if self._counted is None or self._counted[0] != first:
            self._counted = first, first, 0
        _, until, count = self._counted
        for _ in self._between(until, end):
            count += 1
        self._counted = first, max(until, end), count
        return count

    def newest(self, limit: int, before: int | None = None) -> list[DeadLetter]:
        """Up to ``limit`` letters below an offset, newest first."""
        first, end = self._range()
        end = end if before is None else min(end, before)
        found: list[DeadLetter] = []
        while len(found) < limit and first < end:  # offsets of a broker have gaps
            start = max(first, end - max(limit - len(found), _SMALLEST_STEP))
            found += [letter for letter, _ in self._between(start, end)][::-1]
            end = start
        return found[:limit]

    def one(self, offset: int) -> Letter:
        """One letter.

        Raises:
            NotFound: there is none at this offset (any more).
        """
        first, end = self._range()
        if first <= offset < end:
            for letter in self._between(offset, offset + 1):
                return letter
        raise NotFound(f"no dead letter {offset}; kept are {first} to {end - 1}")

    def chosen(self, offsets: Sequence[int] | None, containing: str | None) -> Iterator[Letter]:
        """The letters at these offsets, or all, that say this text in verdict, field or reason."""
        first, end = self._range()
        letters = self._between(first, end) if offsets is None else map(self.one, offsets)
        for letter in letters:
            reason_words = f"{letter[0].verdict} {letter[0].field} {letter[0].reason}"
            if containing is None or containing in reason_words:
                yield letter

    def _range(self) -> tuple[int, int]:
        first, end = (self._log.positions(_AT.topic, of).get(_AT, 0) for of in (EARLIEST, LATEST))
        return first, end

    def _between(self, start: int, end: int) -> Iterator[Letter]:
        while start < end:
            fetched = self._log.read({_AT: start}, min(BLOCK, end - start), wait=0.0)
            if not fetched:
                return
            for part in fetched:
                for (offset, letter), value in zip(dead_letters(part), part.values, strict=True):
                    if offset < end:
                        yield letter, value or b""
                start = part.next_offset
