"""What page, API and CLI may rely on of corrections of readings."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class WantedCorrection(NamedTuple):
    """What somebody says of readings.

    Attributes:
        device: whose they are.
        start_ms: of the readings, or the first of them: ms since 1970 UTC.
        end_ms: the first ms after them; None: it is one reading, that of ``start_ms``.
        value: in the channel's unit, a decimal; empty: they are wrong, and count as never sent.
        channel: what they measure; empty: the first that there is of interval, register, power.
        sequence: of several readings of a time this one; None: all.
    """

    device: str
    start_ms: int
    end_ms: int | None = None
    value: str = ""
    channel: str = ""
    sequence: int | None = None

    @property
    def until_ms(self) -> int:
        """The first ms after the readings."""
        return self.start_ms + 1 if self.end_ms is None else self.end_ms


class CorrectionView(NamedTuple):
    """A correction as it is now. Times of readings are event time, ``at_ms`` is wall time."""

    id: str
    device: str  # empty: it is of an import
    channel: str
    start_ms: int
    end_ms: int
    sequence: int | None
    value: str  # a decimal in the channel's unit; empty: the readings are wrong
    import_id: str  # all readings of this import are wrong
    undoes: str  # it takes this correction back, and has device and times of that
    by: str
    at_ms: int
    why: str
    holds: bool  # whether nobody took it back
    undone_by: str  # the id of the correction that takes it back; empty: none


class CorrectionPreview(NamedTuple):
    """The days of a correction, as they are and as they would be."""

    start_ms: int
    end_ms: int
    channel: str
    readings: int  # so many readings are meant
    value: float | None  # of the one reading now, in the channel's unit
    kwh: float | None  # of the days now; None: the channel counts no energy
    would_kwh: float | None


class ImportView(NamedTuple):
    """An import of a file, as far as the history has it."""

    id: str
    file: str
    by: str
    at_ms: int
    readings: int
    first_ms: int
    last_ms: int
    undone_by: str  # the correction by which its readings are wrong; empty: they count
    is_table: bool = False  # it has rows of a domain's table, and no readings


class Corrections(Protocol):
    """What people say of readings, with undo; what page, API and CLI show follows in a second."""

    def all(self, device: str = "", limit: int = 1000) -> list[CorrectionView]:
        """Those of a device, or of all; the newest first."""

    def get(self, correction_id: str) -> CorrectionView:
        """One of them."""

    def preview(self, wanted: WantedCorrection) -> CorrectionPreview:
        """What a correction would make of the days of its readings; nothing is changed."""

    def put(self, wanted: WantedCorrection, by: str, why: str = "") -> CorrectionView:
        """Correct readings; durable when it returns."""

    def undo(self, correction_id: str, by: str, why: str = "") -> CorrectionView:
        """Take a correction back, or an undo of one."""

    def imports(self, limit: int = 100) -> list[ImportView]:
        """The imports of files, the newest first."""

    def import_undone_by(self, import_id: str) -> str:
        """The correction by which an import's readings are wrong; empty: they count."""

    def undo_import(self, import_id: str, by: str, why: str = "") -> CorrectionView:
        """Let all readings of an import count as never sent."""
