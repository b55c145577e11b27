"""What devices say of themselves, written for the catalogue (``energyguard.senders``)."""

from __future__ import annotations

from collections.abc import Mapping

from energyguard.log import Log, Records
from energyguard.log.compacted import CompactedTable
from energyguard.records.senders import SENDER, Sender


class SenderList:
    """The names of devices; one process at a time writes them.

    Args:
        log: where they are.
    """

    def __init__(self, log: Log) -> None:
        self._log, self._table = log, CompactedTable(log, SENDER)

    def put(self, senders: Mapping[str, Sender]) -> None:
        """Write those that are new or say something else now. Durable on return.

        Raises:
            Unavailable: the log takes nothing now.
        """
        self._table.refresh()
        known = self._table.rows
        news = {name: sender for name, sender in senders.items() if known.get(name) != sender}
        if news:
            keys = [name.encode() for name in news]
            self._log.append(SENDER.name, Records(keys, [*map(SENDER.encode, news.values())]))
