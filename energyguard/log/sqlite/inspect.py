"""Look through the whole file of a log, whoever else uses it."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import apsw

from energyguard.durable.connections import our_errors, read_only
from energyguard.errors import Corrupt
from energyguard.log.sqlite.segments import Head, decoded, first_id, last_id
from energyguard.log.sqlite.walk import Gap, segments

_TOPICS = "SELECT id, name FROM topic"
_PAGES = "PRAGMA quick_check(1)"


def damaged(path: Path) -> str:
    """What is damaged, in a sentence; empty: every page and every checksum is as it should be.

    Raises:
        Corrupt: the file cannot be read at all.
    """
    found: Counter[str] = Counter()
    with (
        our_errors(path),
        closing(read_only(path)) as connection,
    ):
        for number, name in connection.execute(_TOPICS).fetchall():
            for row in segments(connection, first_id(number), last_id(number)):
                if isinstance(row, Gap) or not _holds(*row):
                    found[name] += 1
        try:
            ((pages,),) = connection.execute(_PAGES)
        except apsw.Error as error:
            pages = str(error)
    places = [f"{name}: {many} damaged appends" for name, many in found.items()]
    return "; ".join(places + ([] if pages == "ok" else [str(pages).splitlines()[0]]))


def _holds(head: Head, body: bytes) -> bool:
    """Whether both checksums of a segment hold."""
    try:
        decoded("", head.segment_id, head.crc, body)
    except Corrupt:
        return False
    return head.holds()
