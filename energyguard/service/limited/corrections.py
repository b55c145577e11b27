"""Corrections for somebody who may not make them, or sees some sites."""

from __future__ import annotations

from energyguard.errors import Forbidden, NotFound
from energyguard.model.access import AccessRole, Caller
from energyguard.service.corrections.contract import (
    CorrectionPreview,
    Corrections,
    CorrectionView,
    ImportView,
    WantedCorrection,
)
from energyguard.service.limited.parts import check_role
from energyguard.service.limited.site_scope import SiteScope


class LimitedCorrections:
    """Readings are corrected with ``operate``, of devices that are seen; imports are of all.

    Args:
        whole: of all.
        caller: who asks.
        scope: what is seen; None: all.
    """

    def __init__(self, whole: Corrections, caller: Caller, scope: SiteScope | None) -> None:
        self._all, self._caller, self._scope = whole, caller, scope

    def all(self, device: str = "", limit: int = 1000) -> list[CorrectionView]:
        """Those of a device, or of all that are seen; the newest first."""
        if self._scope is None:
            return self._all.all(device, limit)
        found = self._all.all(device, 1_000_000)
        return [view for view in found if view.device in self._scope][:limit]

    def get(self, correction_id: str) -> CorrectionView:
        """One of them.

        Raises:
            NotFound: there is none that is seen.
        """
        found = self._all.get(correction_id)
        if self._scope is not None and found.device not in self._scope:
            raise NotFound(f"no correction {correction_id!r}")
        return found

    def preview(self, wanted: WantedCorrection) -> CorrectionPreview:
        """What a correction would make of the days of its readings."""
        self._check(wanted.device)
        return self._all.preview(wanted)

    def put(self, wanted: WantedCorrection, by: str, why: str = "") -> CorrectionView:
        """Correct readings of a device that is seen."""
        check_role(self._caller, AccessRole.OPERATE)
        self._check(wanted.device)
        return self._all.put(wanted, by, why)

    def undo(self, correction_id: str, by: str, why: str = "") -> CorrectionView:
        """Take a correction back that is seen."""
        check_role(self._caller, AccessRole.OPERATE)
        return self._all.undo(self.get(correction_id).id, by, why)

    def imports(self, limit: int = 100) -> list[ImportView]:
        """The imports of files; who is limited to sites sees none, as they may be of others."""
        return self._all.imports(limit) if self._scope is None else []

    def import_undone_by(self, import_id: str) -> str:
        """The correction by which an import's readings are wrong; empty: they count."""
        return self._all.import_undone_by(import_id)

    def undo_import(self, import_id: str, by: str, why: str = "") -> CorrectionView:
        """Let all readings of an import count as never sent: of who sees all."""
        check_role(self._caller, AccessRole.OPERATE)
        if self._scope is not None:
            raise Forbidden("an import is undone by somebody who is not limited to sites")
        return self._all.undo_import(import_id, by, why)

    def _check(self, device: str) -> None:
        if self._scope is not None:
            self._scope.check(device)
