"""Corrections of readings: who says what of which, kept in the log for ever, and audited."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection

import pyarrow as pa

from energyguard.audit import AuditTrail
from energyguard.catalogue import Catalogue
from energyguard.clock import Clock
from energyguard.errors import BehindRetention, Conflict, Malformed, NotFound
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.log import EARLIEST, Log, Records, TopicPartition
from energyguard.log.records import matches
from energyguard.model.channels import CHANNELS
from energyguard.model.days import midnight_ms, ms_of
from energyguard.model.topics import CORRECTIONS, DAY_MS
from energyguard.pipeline import READINGS
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.service.corrections.checks import CorrectionChecks
from energyguard.service.corrections.contract import (
    CorrectionPreview,
    CorrectionView,
    ImportView,
    WantedCorrection,
)
from energyguard.service.corrections.preview import preview_of

MAX_WHY = 1_000


class CorrectionVerbs:
    """Says of readings that they are wrong, or have another value. Thread-safe.

    Args:
        log: where corrections are kept.
        book: those that there are.
        query: asks the history, of readings and imports.
        catalogue: in which zone a device has its days.
        clock: the wall clock.
        settle: lets of the rows of an import that are no readings those count that an import
            brought that is none of the given ones, which are undone.
    """

    def __init__(
        self,
        log: Log,
        book: CorrectionBook,
        query: Callable[..., pa.Table],
        catalogue: Catalogue,
        clock: Clock,
        settle: Callable[[str, Collection[str]], None],
    ) -> None:
        self._log, self._book, self._query = log, book, query
        self._catalogue, self._clock = catalogue, clock
        self._settle = settle
        self._audit = AuditTrail(log, clock)
        self._checks = CorrectionChecks(book, query, clock)

    def all(self, device: str = "", limit: int = 1000) -> list[CorrectionView]:
        """Those of a device, or of all; the newest first."""
        views = map(self._view, reversed(self._book.all()))
        return [view for view in views if not device or view.device == device][:limit]

    def get(self, correction_id: str) -> CorrectionView:
        """One of them.

        Raises:
            NotFound: there is none.
        """
        return self._view(self._found(correction_id))

    def preview(self, wanted: WantedCorrection) -> CorrectionPreview:
        """What a correction would make of the days of its readings; nothing is changed.

        Raises:
            Malformed, OutOfRange, NotFound: it cannot be made.
            Unavailable: the history is not there now.
        """
        wanted, channel = self._checks.checked(wanted)
        zone = self._catalogue.zone_of_device(wanted.device)
        start_ms = midnight_ms(wanted.start_ms, zone)
        end_ms = midnight_ms(midnight_ms(wanted.until_ms - 1, zone) + DAY_MS * 3 // 2, zone)
        if CHANNELS[channel].is_level:
            found = self._checks.readings(wanted, channel)
            value = float(found["value"][0].as_py()) if found.num_rows == 1 else None
            return CorrectionPreview(start_ms, end_ms, channel, found.num_rows, value, None, None)
        rows = self._query("fold_rows", device=wanted.device, start_ms=start_ms, end_ms=end_ms)
        return preview_of(rows, wanted, channel, start_ms, end_ms)

    def put(self, wanted: WantedCorrection, by: str, why: str = "") -> CorrectionView:
        """Correct readings; durable when it returns.

        Args:
            wanted: which, and what is so of them.
            by: who says so.
            why: for the others.

        Raises:
            Malformed: it says too little, or what cannot be.
            OutOfRange: no channel has such a value, or the time is to come.
            NotFound: there is no such reading.
            Unavailable: the history is not there now, which knows the readings.
        """
        wanted, channel = self._checks.checked(wanted)
        return self._write(
            Correction(
                id=secrets.token_hex(4),
                at_ms=self._clock.now_ms(),
                by=by,
                why=_short(why),
                device=wanted.device,
                channel=channel,
                start_ms=wanted.start_ms,
                end_ms=wanted.until_ms,
                of_sequence=wanted.sequence,
                new_value=wanted.value,
            ),
            "correct",
        )

    def undo(self, correction_id: str, by: str, why: str = "") -> CorrectionView:
        """Take a correction back, or an undo of one.

        Raises:
            NotFound: there is none.
            Conflict: it is taken back already.
            BehindRetention: it is of an import, and the log has its sessions no longer.
            Unavailable: it is of an import, and the history is not there now.
        """
        about = self._found(correction_id)
        if undone_by := self._book.undone_by(about.id):
            raise Conflict(
                f"correction {about.id!r} is taken back already, by {undone_by!r}: undo that to "
                "have it again"
            )
        undo, root = self._undo(about.id, by, why), self._book.root(about)
        if root.import_id:
            self._count(root.import_id, {root.id} ^ self._holding(root.import_id))
        return self._write(undo, "undo of a correction")

    def _holding(self, import_id: str) -> set[str]:
        """The corrections by which an import is undone now."""
        return {held.id for held in self._book.imports() if held.import_id == import_id}

    def _count(self, import_id: str, undone_by: Collection[str]) -> None:
        """Let the rows of an import count, or not, before it is said: a crash between is mended.

        Raises:
            BehindRetention: the log has its rows no longer.
        """
        earliest: dict[str, dict[TopicPartition, int]] = {}
        for place in self._query("import_places", import_id=import_id).to_pylist():
            at = TopicPartition(place["topic"], place["partition"])
            if _has_rows(at.topic):
                if at.topic not in earliest:
                    earliest[at.topic] = dict(self._log.positions(at.topic, EARLIEST))
                if place["offset"] < (first := earliest[at.topic].get(at, 0)):
                    raise BehindRetention(at.topic, at.partition, place["offset"], first)
        others = {held.import_id for held in self._book.imports()} - {import_id}
        self._settle(import_id, others | ({import_id} if undone_by else set()))

    def _undo(self, correction_id: str, by: str, why: str) -> Correction:
        return Correction(
            id=secrets.token_hex(4),
            at_ms=self._clock.now_ms(),
            by=by,
            why=_short(why),
            undoes=correction_id,
        )

    def imports(self, limit: int = 100) -> list[ImportView]:
        """The imports of files, the newest first.

        Raises:
            Unavailable: the history is not there now.
        """
        return [
            ImportView(
                row["id"],
                row["file"],
                row["by"],
                ms_of(row["at"]),
                row["readings"],
                ms_of(row["first"]),
                ms_of(row["last"]),
                self.import_undone_by(row["id"]),
                is_table=_has_rows(row["topic"]),
            )
            for row in self._query("imports", limit=limit).to_pylist()
        ]

    def import_undone_by(self, import_id: str) -> str:
        """The correction by which an import's readings are wrong; empty: they count."""
        found = self._book.of_import(import_id)
        return found.id if found else ""

    def undo_import(self, import_id: str, by: str, why: str = "") -> CorrectionView:
        """Let all readings, or sessions, of an import count as never sent.

        Raises:
            NotFound: there is no such import in the history.
            Conflict: it is undone already.
            BehindRetention: the log has its sessions no longer.
            Unavailable: the history is not there now.
        """
        if undone_by := self.import_undone_by(import_id):
            raise Conflict(
                f"import {import_id!r} is undone already, by {undone_by!r}: undo that to have its "
                "readings again"
            )
        if not self._query("import_places", import_id=import_id).num_rows:
            raise NotFound(f"no import {import_id!r}; energyguard imports lists them")
        undone = Correction(
            id=secrets.token_hex(4),
            at_ms=self._clock.now_ms(),
            by=by,
            why=_short(why),
            import_id=import_id,
        )
        self._count(import_id, {undone.id})
        return self._write(undone, "undo of an import")

    def _found(self, correction_id: str) -> Correction:
        if (found := self._book.get(correction_id)) is None:
            raise NotFound(f"no correction {correction_id!r}; energyguard corrections lists them")
        return found

    def _write(self, correction: Correction, act: str) -> CorrectionView:
        about = correction.undoes or correction.import_id or correction.device
        self._log.append(
            CORRECTIONS.name, Records([about.encode()], [CORRECTION.encode(correction)])
        )
        self._book.put(correction)
        view = self._view(correction)
        says = f" = {view.value}" if view.value else ""
        self._audit.note(act, correction.by, f"{about}{says}", f"{view.id} {view.why}".strip())
        return view

    def _view(self, correction: Correction) -> CorrectionView:
        about = self._book.root(correction)
        return CorrectionView(
            id=correction.id,
            device=about.device,
            channel=about.channel,
            start_ms=about.start_ms,
            end_ms=about.end_ms,
            sequence=about.of_sequence,
            value=about.new_value,
            import_id=about.import_id,
            undoes=correction.undoes,
            by=correction.by,
            at_ms=correction.at_ms,
            why=correction.why,
            holds=self._book.holds(correction.id),
            undone_by=self._book.undone_by(correction.id),
        )


def _has_rows(topic: str) -> bool:
    """Whether what an import brought into a topic are rows of a domain's table, not readings."""
    return not any(matches(readings.name, topic) for readings in READINGS)


def _short(why: str) -> str:
    if len(why) > MAX_WHY:
        raise Malformed(f"why: is longer than {MAX_WHY:,} characters", "why")
    return why.strip()
