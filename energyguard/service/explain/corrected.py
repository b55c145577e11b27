"""What people said of the readings that are explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from energyguard.service.corrections.contract import Corrections, CorrectionView


def corrections_between(
    corrections: Corrections, device: str, start_ms: int, end_ms: int
) -> tuple[CorrectionView, ...]:
    """What people said of a device's readings of a time; the newest first."""
    views = (view for view in corrections.all(device) if not view.undoes)
    return among(views, start_ms, end_ms)


def among(
    views: Iterable[CorrectionView], start_ms: int, end_ms: int
) -> tuple[CorrectionView, ...]:
    """Those of them that are about readings of a time."""
    return tuple(view for view in views if view.start_ms < end_ms and view.end_ms > start_ms)


def corrections_by(views: Sequence[CorrectionView], ms: int) -> list[CorrectionView]:
    """The corrections that had been made by a wall time, and which of them held then."""
    there = {view.id: view for view in views if view.at_ms <= ms}
    undoers: dict[str, list[str]] = {}
    for view in there.values():
        undoers.setdefault(view.undoes, []).append(view.id)

    def undone_by(correction_id: str) -> str:
        mine = undoers.get(correction_id, ())
        return next((undoer for undoer in mine if not undone_by(undoer)), "")

    return [
        view._replace(holds=not (undoer := undone_by(view.id)), undone_by=undoer)
        for view in there.values()
        if not view.undoes
    ]
