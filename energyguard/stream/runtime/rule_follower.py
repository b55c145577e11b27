"""The rules as others change them while a worker runs."""

from __future__ import annotations

from energyguard.log import EARLIEST, Log
from energyguard.model.topics import RULES
from energyguard.rules.registry import RuleBook

READ_RECORDS = 1000


class RuleFollower:
    """Keeps a book of rules as ``energyguard.rules`` has it.

    Args:
        log: has the topic.
        book: gets its records.
    """

    def __init__(self, log: Log, book: RuleBook) -> None:
        self._log, self._book = log, book
        self._at = dict(log.positions(RULES.name, EARLIEST))

    def refresh(self) -> bool:
        """Take what was written since; true if something changed by it."""
        changed = False
        for part in self._log.read(self._at, READ_RECORDS, 0):
            for key, value in zip(part.keys, part.values, strict=True):
                changed |= self._book.apply((key or b"").decode("utf-8", "replace"), value)
            self._at[part.at] = part.next_offset
        return changed
