"""Keys from a file: a JSON object a line, ``{"key": …, "value": …}``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from energyguard.errors import Rejected
from energyguard.store import Store
from energyguard.store.keys import Key
from energyguard.store.row import OWN_KEY, Row, check
from energyguard.store.version import HybridClock

AT_ONCE = 500
MAX_FAULTS = 100


class Line(msgspec.Struct):
    """A line."""

    key: str
    value: msgspec.Raw


_decode = msgspec.json.Decoder(Line).decode


async def import_lines(store: Store, path: Path) -> tuple[int, list[str]]:
    """Put keys into a store.

    Args:
        store: where to.
        path: the file; blank lines are passed over.

    Gives:
        how many keys are in the store now, and what is wrong with the other lines (the first
        hundred), each with its place.

    Raises:
        Unavailable: too few nodes reply; the lines before are in the store.
    """
    versions, taken, faults = HybridClock(f"import-{path.name}"), 0, list[str]()
    batch: list[Row] = []
    for number, text in _lines(path):
        try:
            line = _decode(text)
            key = Key.parse(line.key)
            row = Row(key.series, key.at, versions.next(), bytes(line.value))
            check(row)
        except (msgspec.MsgspecError, UnicodeDecodeError, Rejected) as error:
            faults.append(f"{path}:{number}: {error}")
        else:
            if key.at == OWN_KEY:
                await store.change(key, row.value)
            else:
                batch.append(row)
            taken += 1
        if len(batch) >= AT_ONCE:
            await store.write(batch)
            batch = []
    await store.write(batch)
    more = len(faults) - MAX_FAULTS
    return taken, [*faults[:MAX_FAULTS], *([f"and {more} more"] if more > 0 else [])]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line
