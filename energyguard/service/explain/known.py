"""What readings said by an earlier time: those that had come, as they had been corrected.

Entries are a pure function of readings, so that nothing has to be kept for it: the readings as they
were sent, less what the log did not hold yet, with the corrections of that time, are folded again.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import OutOfRange
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.history.corrections.effective import imported_records, offsets_of
from energyguard.history.corrections.entry_corrections import counted
from energyguard.history.energy.energy_spans import LEARNED, WARM_UP
from energyguard.history.query import query_named
from energyguard.log import Log
from energyguard.model.readings import EARLIEST_MS, Bools
from energyguard.service.explain.appended import AppendedBy
from energyguard.service.explain.bounds import Query
from energyguard.service.explain.counting import counting

MAX_READINGS = 300_000
"""Of more readings entries and bounds are not looked at: a day of a meter of 2 s has 43,200."""
LATEST_MS = 4_102_444_800_000


class KnownReadings:
    """The readings that counted by a wall time, and what the ledger makes of them.

    Calling it is asking one of the history's questions that fold the readings of a device
    (``bounds``, ``entries``, …) as it would have been answered then.

    Args:
        log: says when readings came.
        query: asks the history for what was sent.
        book: what people say of readings.
        limits: what is plausible in messages that others sent.
        ms: the time, ms since 1970 UTC.
    """

    def __init__(
        self, log: Log, query: Query, book: CorrectionBook, limits: PlausibilityLimits, ms: int
    ) -> None:
        self._query, self._book = query, book.at(ms)
        self._appended = AppendedBy(log, ms, limits)
        self._found: dict[tuple[str, int, int], pa.Table] = {}

    def __call__(self, name: str, **parameters: object) -> pa.Table:
        """Answer a question.

        Args:
            name: of a question that is made of ``to_fold``.
            parameters: its own: ``device``, ``start_ms``, ``end_ms``, ….

        Raises:
            OutOfRange: of too many readings.
            NotFound: the log keeps some no longer, so that nobody knows when they came.
            Unavailable: history or log are not there now.
        """
        query = query_named(name)
        _, bound = query.bind(parameters)
        device, *ends = (parameters[key] for key in ("device", "start_ms", "end_ms"))
        start_ms, end_ms = (int(str(ms)) for ms in ends)
        rows = self.of(str(device), start_ms, end_ms)
        if name != "entries":  # which alone lists what is wrong
            rows, _ = counted(rows)
        return query.answered(rows, bound)

    def of(self, device: str, start_ms: int, end_ms: int) -> pa.Table:
        """The readings of a device that the entries of a range are folded from.

        Returns:
            Rows as ``to_fold`` has them, with what ``entries`` wants to know of corrections.
        """
        key = device, start_ms, end_ms
        if key not in self._found:
            rows = self._had_come(device, start_ms, end_ms)
            self._found[key] = self._counting(rows, start_ms, end_ms)
        return self._found[key]

    def _had_come(self, device: str, start_ms: int, end_ms: int) -> pa.Table:
        """What had come by then, and enough before and after the range to fold it."""
        low, high, before = start_ms, end_ms, -1
        while True:
            ends = {"start_ms": low, "end_ms": high, "limit": MAX_READINGS + 1}
            rows = self._query("sent_rows", device=device, **ends)
            if rows.num_rows > MAX_READINGS:
                raise OutOfRange(
                    f"more than {MAX_READINGS:,} readings of {device!r} have to be looked at: ask "
                    "for less time",
                    "as_known",
                )
            there = self._is_there(device, rows)
            ms = rows["ms"].to_numpy()
            early = _lacks(rows, there, ms < start_ms, WARM_UP)
            late = _lacks(rows, there, ms > end_ms, LEARNED)
            if rows.num_rows == before or not (early or late):
                return rows.filter(pa.array(there))
            before = rows.num_rows
            if early:
                low = max(EARLIEST_MS, 2 * int(ms.min()) - start_ms - 1)
            if late:
                high = min(LATEST_MS, 2 * int(ms.max()) - end_ms + 1)

    def _is_there(self, device: str, rows: pa.Table) -> Bools:
        """Which of these the log held by then."""
        found = np.zeros(rows.num_rows, np.bool_)
        offsets = offsets_of(rows["version"].to_numpy())
        for topic in pc.unique(rows["topic"]).to_pylist():
            mine = pc.equal(rows["topic"], topic).to_numpy()
            found[mine] = self._appended.among(device, topic, offsets[mine])
        return found

    def _counting(self, rows: pa.Table, start_ms: int, end_ms: int) -> pa.Table:
        """What counts of readings by the corrections of then."""
        imports = [
            imported_records(wrong, self._query("import_places", import_id=wrong.import_id))
            for wrong in self._book.imports()
        ]
        return counting(rows, self._book, imports, start_ms, end_ms)


def _lacks(rows: pa.Table, there: Bools, beside: Bools, needed: int) -> bool:
    """Whether more readings beside the range have to be looked at: too many of these came later."""
    channels = np.array(rows["channel"].to_pylist(), object)
    return any(
        (mine := beside & (channels == channel)).sum() >= needed > (mine & there).sum()
        for channel in pc.unique(rows["channel"]).to_pylist()
    )
