"""Standing silences, and maintenance windows: alerts that are quiet by device, site or rule."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.middleware import CurrentService, User
from energyguard.service.alerts.silence_view import SilenceView

router = APIRouter(tags=["alerts"])
SilenceId = Annotated[str, Path(alias="id", max_length=100)]
MAX_TEXT = 1_000


class SilenceBody(BaseModel):
    """A standing silence. Times are wall time."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    selector: str = Field(description="Which devices; empty: all.")
    rule: str = Field(description="Which rule; empty: all.")
    about: str
    by: str
    at_ms: int
    until_ms: int | None = Field(description="None: until somebody ends it.")
    note: str
    ended_by: str
    active: bool = Field(description="It holds now.")
    alerts: int = Field(description="So many open alerts are quiet by it.")
    from_ms: int = Field(description="When it began, or begins.")
    every: str = Field(description="It holds in these times alone; empty: all the time.")
    zone: str = Field(description="Whose clock `every` goes by.")
    ends_ms: int | None = Field(description="When it ends that holds now; None: nobody knows.")
    next_ms: int | None = Field(description="When it holds next; None: not again.")
    is_over: bool

    @classmethod
    def of(cls, view: SilenceView) -> SilenceBody:
        """Make it from the service's."""
        return cls.model_validate(view)


class SilenceScope(BaseModel):
    """What is quiet: devices by a selector, a rule, both, or (neither) everything."""

    model_config = ConfigDict(extra="forbid", strict=True)

    selector: str = Field("", max_length=MAX_TEXT, description="`site=lindenhof`, `id=p3`.")
    rule: str = Field("", max_length=100)
    begins: str = Field(
        "", alias="from", max_length=40, description="A date, a date and a time; empty: now."
    )
    every: str = Field(
        "",
        max_length=200,
        description="Only in these times, by the site's clock: `sun 02:00-06:00`; empty: always.",
    )


class NewSilence(SilenceScope):
    """A silence that is wanted."""

    until: str = Field(
        "",
        max_length=40,
        description="`tonight`, `1 h`, a date, a date and a time; empty: until it is ended.",
    )
    note: str = Field("", max_length=MAX_TEXT)


class WouldHide(BaseModel):
    """What a silence would do."""

    open: int = Field(description="So many alerts that are open now would be quiet.")
    last_7_days: int = Field(description="So many that fired in seven days would have been.")
    devices: int = Field(description="Of so many devices that fired then.")


@router.get("/silences")
def silences(service: CurrentService) -> list[SilenceBody]:
    """Every standing silence: those that hold, those to come, for 90 days those that are over."""
    return [SilenceBody.of(view) for view in service.silences.all()]


@router.post("/silences")
def add_silence(service: CurrentService, user: User, body: NewSilence) -> SilenceBody:
    """Let alerts be quiet, those that are open and those to come; nobody is notified of them.

    What fires under one that begins later (`from`) or comes again (`every`), a maintenance window,
    and still lasts when it ends is told then.
    """
    from_ms = service.silences.begins(body.begins, body.selector)
    until_ms = service.silences.until(body.until, body.selector, from_ms)
    view = service.silences.put(
        body.selector, body.rule, until_ms, user, body.note, from_ms, body.every
    )
    return SilenceBody.of(view)


@router.post("/silences/preview")
def preview_silence(service: CurrentService, body: SilenceScope) -> WouldHide:
    """What such a silence would hide now, and would have hidden in the last seven days."""
    from_ms = service.silences.begins(body.begins, body.selector)
    found = service.silences.preview(body.selector, body.rule, from_ms, body.every)
    return WouldHide(**found._asdict())


@router.delete("/silences/{id}")
def end_silence(service: CurrentService, user: User, silence_id: SilenceId) -> SilenceBody:
    """End it: what is open is heard again."""
    return SilenceBody.of(service.silences.end(silence_id, user))
