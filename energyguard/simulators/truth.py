"""The ground truth of simulated faults that last: a CSV file, ``device,kind,from,to``.

Times are UTC, ISO 8601; ``from`` belongs to the fault, ``to`` does not any more. Rows are added
before the readings are sent, each once: after a kill -9 a fault may be in the file whose readings
are sent later, and none is missing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from energyguard.errors import Corrupt
from energyguard.model.days import ms_of

COLUMNS = ("device", "kind", "from", "to")


class FaultSpan(NamedTuple):
    """A fault of a device, ms since 1970 UTC: from ``from_ms`` on, until before ``to_ms``."""

    device: str
    kind: str
    from_ms: int
    to_ms: int


class TruthFile:
    """A ground-truth file that is added to."""

    def __init__(self, path: Path | None) -> None:
        """Look what is in it.

        Args:
            path: the file; None: spans go nowhere.

        Raises:
            Corrupt: what is there is no ground truth.
        """
        self._path = path
        self._written = set(read_truth(path)) if path is not None and path.exists() else set()

    def add(self, spans: Iterable[FaultSpan]) -> None:
        """Add the spans that are not in the file yet."""
        new = [span for span in spans if span not in self._written]
        if self._path is None or not new:
            return
        with self._path.open("a", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                rows.writerow(COLUMNS)
            rows.writerows((*span[:2], *map(_text, span[2:])) for span in new)
        self._written.update(new)


def read_truth(path: Path) -> list[FaultSpan]:
    """The faults in a ground-truth file, as they stand there.

    Raises:
        Corrupt: a line is no fault; the message names it.
    """
    spans: list[FaultSpan] = []
    with path.open(newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if number == 1 and tuple(row) == COLUMNS:
                continue
            try:
                device, kind, start, end = row
                spans.append(FaultSpan(device, kind, _ms(start), _ms(end)))
            except ValueError as error:
                raise Corrupt(f"{path}:{number}: not {','.join(COLUMNS)}: {error}") from error
    return spans


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ms(text: str) -> int:
    return ms_of(datetime.fromisoformat(text))
