"""Readings that are corrected, and imports that are undone, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.middleware import CurrentService, User
from energyguard.errors import Malformed
from energyguard.model.channels import CHANNELS
from energyguard.model.days import ms_of
from energyguard.service.corrections.contract import WantedCorrection

router = APIRouter(tags=["corrections"])
CorrectionId = Annotated[str, Path(alias="id", max_length=100)]
MAX_TEXT = 1_000


class Reasons(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    why: str = Field("", max_length=MAX_TEXT, description="For the others.")


class NewCorrection(Reasons):
    """What is so of readings: with `value` of the one at `time`, else they are wrong."""

    device: str = Field(max_length=200)
    channel: str = Field(
        "", max_length=100, description=f"Of {', '.join(CHANNELS)}; empty: its energy."
    )
    time: str = Field(max_length=40, description="Of the reading, or the first: ISO, with offset.")
    end: str = Field("", max_length=40, description="After the last; empty: it is one reading.")
    value: str | float | None = Field(
        None, description="In the channel's unit; none: they are wrong, and count as never sent."
    )
    sequence: int | None = Field(None, description="Of several readings of a time this one.")

    def wanted(self) -> WantedCorrection:
        """As the service takes it."""
        return WantedCorrection(
            device=self.device,
            start_ms=_ms("time", self.time),
            end_ms=_ms("end", self.end) if self.end else None,
            value="" if self.value is None else str(self.value),
            channel=self.channel,
            sequence=self.sequence,
        )


class CorrectionBody(BaseModel):
    """A correction. Times of readings are event time, `at_ms` is wall time."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    device: str = Field(description="Empty: it is of an import.")
    channel: str
    start_ms: int
    end_ms: int
    sequence: int | None
    value: str = Field(description="In the channel's unit; empty: the readings are wrong.")
    import_id: str = Field(description="All readings of this import are wrong.")
    undoes: str = Field(description="It takes this correction back.")
    by: str
    at_ms: int
    why: str
    holds: bool = Field(description="Nobody took it back.")
    undone_by: str


class CorrectionPreviewBody(BaseModel):
    """The days of a correction, as they are and as they would be."""

    start_ms: int
    end_ms: int
    channel: str
    readings: int = Field(description="So many readings are meant.")
    value: float | None = Field(description="Of the one reading now.")
    kwh: float | None = Field(description="Of the days now; none: the channel has no energy.")
    would_kwh: float | None


class ImportBody(BaseModel):
    """An import of a file of readings."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    file: str
    by: str
    at_ms: int
    readings: int
    first_ms: int
    last_ms: int
    undone_by: str = Field(description="The correction by which it is wrong; empty: it counts.")


@router.get("/corrections")
def corrections(
    service: CurrentService,
    device: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[CorrectionBody]:
    """Corrections of a device's readings, or of all; the newest first."""
    found = service.corrections.all(device, limit)
    return [CorrectionBody.model_validate(view) for view in found]


@router.post("/corrections")
def correct(service: CurrentService, user: User, body: NewCorrection) -> CorrectionBody:
    """Say that readings are wrong, or that one has another value; what was sent is kept."""
    return CorrectionBody.model_validate(service.corrections.put(body.wanted(), user, body.why))


@router.post("/corrections/preview")
def preview_correction(service: CurrentService, body: NewCorrection) -> CorrectionPreviewBody:
    """What such a correction would make of the days of its readings; nothing is changed."""
    return CorrectionPreviewBody(**service.corrections.preview(body.wanted())._asdict())


@router.post("/corrections/{id}/undo")
def undo_correction(
    service: CurrentService, user: User, correction_id: CorrectionId, body: Reasons | None = None
) -> CorrectionBody:
    """Take a correction back, or an undo of one."""
    why = body.why if body else ""
    return CorrectionBody.model_validate(service.corrections.undo(correction_id, user, why))


@router.get("/imports")
def imports(
    service: CurrentService, limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> list[ImportBody]:
    """The imports of files of readings, the newest first."""
    return [ImportBody.model_validate(view) for view in service.corrections.imports(limit)]


@router.post("/imports/{id}/undo")
def undo_import(
    service: CurrentService, user: User, import_id: CorrectionId, body: Reasons | None = None
) -> CorrectionBody:
    """Let all readings of an import count as never sent; to be undone like any correction."""
    why = body.why if body else ""
    return CorrectionBody.model_validate(service.corrections.undo_import(import_id, user, why))


def _ms(field: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{field}: {text!r} is no time: 2026-11-28T17:54:02Z", field) from None
    if moment.tzinfo is None:
        raise Malformed(f"{field}: {text!r} says no offset: end it with Z or +01:00", field)
    return ms_of(moment)
