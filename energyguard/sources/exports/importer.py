"""Files of exports into the log: every row becomes a session, repeats one, or is refused.

Sessions go to ``energyguard.sessions`` and their chargers to ``energyguard.chargers``; refused rows
are dead letters with their original bytes. The same file again gives the same records, and the
history has each of them once.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec

from energyguard.errors import Malformed, NotFound
from energyguard.log import Log, Records
from energyguard.log.letters import dead_letters
from energyguard.model.readings import Verdict
from energyguard.model.stations import Charger, Imported
from energyguard.model.topics import CHARGERS, DEAD_LETTERS, IMPORTED
from energyguard.sources.exports.checks import check, check_overlaps
from energyguard.sources.exports.layout import layout_of
from energyguard.sources.exports.rows import REFUSED, Defect, Found, Rows, Session
from energyguard.sources.exports.times import Reader, month_first, zone_named
from energyguard.wire import Refused

SHAPE = "charging-session"
_AT_ONCE = 5_000
_GZIP = b"\x1f\x8b"
OnRows = Callable[[int], None]


@dataclass
class Export:
    """All rows of some files, each accounted for.

    Attributes:
        sessions: rows that become a session.
        refused: rows of which no session can be made.
        repeated: rows that say again what another one says.
        rows: how many there were.
    """

    sessions: list[Session] = field(default_factory=list)
    refused: list[Session] = field(default_factory=list)
    repeated: list[Session] = field(default_factory=list)
    rows: int = 0

    @property
    def every(self) -> list[Session]:
        """All rows, as they came."""
        every = [*self.sessions, *self.refused, *self.repeated]
        return sorted(every, key=lambda one: (one.file, one.row))

    def counted(self) -> Counter[Defect]:
        """How many rows have each defect."""
        return Counter(found.defect for one in self.every for found in one.defects)

    def sort_out(self) -> None:
        """Sessions and refused rows, by what is wrong with them now."""
        both = [*self.sessions, *self.refused]
        self.sessions = [one for one in both if not one.is_refused]
        self.refused = [one for one in both if one.is_refused]


def read_exports(
    paths: Sequence[Path], zone: str = "", on_rows: OnRows = lambda _rows: None
) -> Export:
    """Read files of any network whose columns are known.

    Args:
        paths: CSV, plain or gzipped.
        zone: of their local times; empty: as the network's are.
        on_rows: is told how many rows have been read.

    Raises:
        NotFound: there is no such file.
        Malformed: its header or its dates cannot be understood; nothing was taken.
        ConfigError: there is no such zone.
    """
    export, seen = Export(), set[str]()
    for path in paths:
        for session in _sessions(path, zone):
            export.rows += 1
            if session.id in seen:
                session.says(Defect.REPEATED, f"{session.id} was there before")
                export.repeated.append(session)
            else:
                seen.add(session.id)
                check(session)
                (export.refused if session.is_refused else export.sessions).append(session)
            if export.rows % 1_000 == 0:
                on_rows(export.rows)
    check_overlaps([*export.sessions, *export.refused])
    return export


def _sessions(path: Path, zone: str) -> Iterator[Session]:
    lines = _Lines(path)
    header = next(iter(csv.reader([lines.text[0]], delimiter=lines.delimiter)), []) if lines else []
    layout = layout_of(header, path.name)
    if not (zone or layout.zone):
        raise Malformed(
            f"{path.name}: say in which zone its times are: --zone Europe/London", "zone"
        )
    places = [
        layout.at[one] for one in ("start", "start_date", "end", "end_date") if one in layout.at
    ]
    cells = list(csv.reader(lines, delimiter=lines.delimiter))
    shown = (row[place] for row in cells[1:] for place in places if place < len(row))
    reader = Reader(zone_named(zone or layout.zone), month_first(shown, path.name))
    rows = Rows(path.name, layout, reader, layout.network)
    for (number, original), row in zip(lines.rows[1:], cells[1:], strict=True):
        if any(cell.strip() for cell in row):
            yield rows.session(number, original, row)


class _Lines:
    """The lines of a file, and which of them make a row."""

    def __init__(self, path: Path) -> None:
        try:
            data = path.read_bytes()
            data = gzip.decompress(data) if data.startswith(_GZIP) else data
        except OSError as error:
            raise NotFound(f"{path}: {error.strerror or error}") from error
        text = data.decode("utf-8-sig", "surrogateescape")
        self.text = text.splitlines(keepends=True) or [""]
        self.delimiter = max(",;\t", key=self.text[0].count)
        self.rows: list[tuple[int, str]] = []  # the first line's number, and all of it

    def __bool__(self) -> bool:
        return bool(self.text[0].strip())

    def __iter__(self) -> Iterator[str]:
        quoted = False
        for number, line in enumerate(self.text, 1):
            if quoted:
                self.rows[-1] = (self.rows[-1][0], self.rows[-1][1] + line)
            elif line.strip("\r\n"):
                self.rows.append((number, line))
            quoted ^= line.count('"') % 2 == 1
            if quoted or line.strip("\r\n"):
                yield line


def imported(one: Session) -> Imported:
    """The record of a session."""
    assert one.start is not None and one.end is not None
    charge = one.charge_s if one.charge_s is not None and one.charge_s >= 0 else None
    charged = bool(one.energy)
    end = one.end if charge is None else min(one.end, one.start + charge)
    return Imported(
        id=one.id,
        source=one.id.partition("/")[0],
        charger=one.charger,
        station=one.station,
        start_parking=one.start,
        end_parking=one.end,
        start_recharging=one.start if charged else None,
        end_recharging=end if charged else None,
        energy=one.energy or 0,
        cents=one.cents,
        quality="; ".join(_said(found) for found in one.defects) or "complete",
    )


def _said(found: Found) -> str:
    return found.detail if found.defect is Defect.RECONCILED else found.defect.value


class Importer:
    """Puts an export into a log."""

    def __init__(self, log: Log, on_rows: OnRows = lambda _rows: None) -> None:
        self._log, self._on_rows = log, on_rows

    def put(self, export: Export) -> None:
        """Append chargers, sessions and dead letters; durable on return.

        Raises:
            Unavailable: the log takes nothing now; what was taken may be taken again.
        """
        self._chargers(export.sessions)
        done = 0
        for some in _lots(export.sessions):
            records = [imported(one) for one in some]
            keys = [one.charger.encode() for one in records]
            self._log.append(IMPORTED.name, Records(keys, [_encode(one) for one in records]))
            done += len(some)
            self._on_rows(done)
        for some in _lots(export.refused):
            rows = [_letter(one) for one in some]
            sources = [f"file:{one.file}" for one in some]
            letters = dead_letters(rows, sources, IMPORTED.name, [SHAPE] * len(some))
            self._log.append(DEAD_LETTERS.name, letters)

    def _chargers(self, sessions: Iterable[Session]) -> None:
        known = {one.charger: one for one in sessions}
        for some in _lots(list(known.values())):
            listed = [
                Charger(charger=one.charger, station=one.station, rating_kw=one.rating_kw)
                for one in some
            ]
            keys = [one.charger.encode() for one in listed]
            self._log.append(CHARGERS.name, Records(keys, [_encode(one) for one in listed]))


def _letter(one: Session) -> Refused:
    found = next(found for found in one.defects if found.defect in REFUSED)
    original = one.original.rstrip("\r\n").encode("utf-8", "surrogateescape")
    reason = f"{found.defect}: {found.detail}"
    return Refused(one.row, Verdict.MALFORMED, found.defect.value, reason, original)


def _lots(sessions: Sequence[Session]) -> Iterator[list[Session]]:
    every = iter(sessions)
    while some := list(islice(every, _AT_ONCE)):
        yield some


_encode = msgspec.json.Encoder().encode
