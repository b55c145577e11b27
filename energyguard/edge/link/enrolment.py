"""Which edges may send: records of ``energyguard.edges``, written by who lets them in."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import NotFound
from energyguard.log import Log, Records
from energyguard.log.compacted import CompactedTable
from energyguard.records.edges import EDGE_ENTRY, EdgeEntry


class Enrolment:
    """Lets edges in, and forgets them."""

    def __init__(self, log: Log, clock: Clock = SYSTEM) -> None:
        self._log, self._clock = log, clock
        self._table = CompactedTable(log, EDGE_ENTRY)

    def entries(self) -> Mapping[str, EdgeEntry]:
        """All edges that were ever let in, by name, those that are forgotten too."""
        self._table.refresh()
        return dict(self._table.rows)

    def admit(self, edge: str, identity: str, by: str) -> EdgeEntry:
        """Let the certificate of a common name count for an edge; an older one no longer does.

        Args:
            edge: its name.
            identity: the common name, ``NAME#SERIAL``.
            by: who lets it in.
        """
        return self._write(edge, EdgeEntry(identity=identity, by=by, at_ms=self._clock.now_ms()))

    def forget(self, edge: str, by: str) -> EdgeEntry:
        """Refuse an edge from now on, and let others send its devices. What it sent stays.

        Who is forgotten already stays so, since when and by whom it was.

        Raises:
            NotFound: none of this name was ever let in.
        """
        entry = self.entries().get(edge)
        if entry is None:
            known = ", ".join(n for n, e in self.entries().items() if e.forgotten_ms is None)
            raise NotFound(f"no edge {edge!r} may send here; those that may: {known or 'none'}")
        if entry.forgotten_ms is not None:
            return entry
        now_ms = self._clock.now_ms()
        return self._write(
            edge, msgspec.structs.replace(entry, forgotten_ms=now_ms, forgotten_by=by)
        )

    def _write(self, edge: str, entry: EdgeEntry) -> EdgeEntry:
        value = EDGE_ENTRY.encode(entry)
        self._log.append(EDGE_ENTRY.name, Records([edge.encode()], [value]))
        return entry
