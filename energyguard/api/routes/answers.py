"""The bodies of answers. Fields in ``_ms`` are milliseconds since 1970 UTC, of event time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import UNSET
from pydantic import BaseModel, ConfigDict, Field

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.alerts.flapping import FlappingAlerts
from energyguard.alerts.incidents import Cause, Incident
from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import NANO
from energyguard.records.alerts import AlertEvent
from energyguard.records.rules import RuleEdit
from energyguard.rules.devices import DeviceRule
from energyguard.rules.kinds import DEFAULT
from energyguard.rules.rule import Rule


class FlapsBody(BaseModel):
    """That alerts about the same come and go."""

    model_config = ConfigDict(from_attributes=True)

    times: int = Field(description="So often it began within an hour.")
    since_ms: int = Field(description="When it did first, event time.")


class AlertBody(BaseModel):
    """An alert as it is now. Amounts are in ``unit``."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    rule: str
    device: str
    channel: str
    topic: str
    severity: Severity
    state: State
    condition: State = Field(description="What the worker says, whatever people did.")
    sentence: str
    since_ms: int
    changed_ms: int
    window_start_ms: int
    window_end_ms: int
    observed: float
    expected: float
    peak: float
    unit: str
    acknowledged_by: str | None
    acknowledged_at_ms: int | None = Field(description="Wall time.")
    silenced_by: str | None
    silenced_until_ms: int | None
    note: str
    standing: str | None = Field(
        None,
        description="The standing silence that it is under; not there: none.",
        exclude_if=lambda value: value is None,
    )
    incident: str | None = Field(
        None,
        description="Of a silence with others of one cause: the id of the alert that began it.",
        exclude_if=lambda value: value is None,
    )
    flaps: FlapsBody | None = Field(
        None,
        description="What it is about comes and goes; not there: it does not.",
        exclude_if=lambda value: value is None,
    )
    reason: str = Field(
        "",
        description="Why it is resolved, where no window says so; not there: one does.",
        exclude_if=lambda value: not value,
    )
    restated: int = Field(
        0,
        description="How often readings that came late made it another one; not there: never. "
        "With a reason it was taken back.",
        exclude_if=lambda value: not value,
    )

    @classmethod
    def of(
        cls,
        alert: Alert,
        incident: Incident | None = None,
        flaps: FlappingAlerts | None = None,
    ) -> AlertBody:
        """Make it from the book's alert, and the incident or the flapping that it is a part of."""
        others = {"observed", "expected", "peak", "standing", "incident", "flaps"}
        names = cls.model_fields.keys() - others
        return cls(
            observed=alert.observed / NANO,
            expected=alert.expected / NANO,
            peak=alert.peak / NANO,
            standing=alert.standing or None,
            incident=incident.id if incident else None,
            flaps=FlapsBody.model_validate(flaps) if flaps else None,
            **{name: getattr(alert, name) for name in names},
        )


class IncidentBody(BaseModel):
    """Silences of one cause, of alerts that are open."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="Of the alert that began it.")
    cause: Cause
    place: str = Field(description="The id of the site, or of the gateway, that is down.")
    since_ms: int
    alerts: list[str] = Field(description="Their ids, in the order in which they began.")
    devices: list[str] = Field(description="That are silent.")
    of_devices: int = Field(description="So many there are; 0: nobody entered them.")


class StoryLine(BaseModel):
    """Something that happened to an alert."""

    at_ms: int = Field(description="When the log took it, wall time.")
    what: str = Field(description="The state that the worker told, or what a person did.")
    by: str | None = Field(None, description="Who did it; none: the worker.")
    note: str = ""
    time_ms: int | None = Field(None, description="Event time, of what the worker told.")
    observed: float | None = None
    restated: int | None = Field(
        None,
        description="How often readings that came late have made it another one by then.",
        exclude_if=lambda value: value is None,
    )
    until_ms: int | None = None

    @classmethod
    def of(cls, entry: TimelineEntry) -> StoryLine:
        """Make it from a line of the book."""
        if isinstance(entry.what, AlertEvent):
            event = entry.what
            return cls(
                at_ms=entry.at_ms,
                what=event.state,
                time_ms=event.time_ms,
                observed=event.observed / NANO,
                restated=event.restated or None,
            )
        done = entry.what
        return cls(
            at_ms=entry.at_ms, what=done.act, by=done.by, note=done.note, until_ms=done.until_ms
        )


class AlertStory(AlertBody):
    """An alert and everything that happened to it."""

    story: list[StoryLine]


class DeviceFields(BaseModel):
    """What differs from a rule for a device."""

    fields: dict[str, str]
    by: str | None = Field(None, description="Who changed it last; none: the rule's file says so.")
    at_ms: int | None = Field(None, description="When, wall time.")


class RuleBody(BaseModel):
    """A rule. Levels are in its unit."""

    id: str
    active: bool
    text: str
    about: str
    mode: str
    severity: Severity
    channels: list[str]
    window_ms: int
    slide_ms: int
    dwell_ms: int
    raise_above: float
    clear_at: float
    unit: str
    kind: str | None = Field(None, description="Where it is not a threshold of a sum or mean.")
    limit: str | None = Field(None, description="What raises, where it is not `raise_above`.")
    fields: dict[str, str] | None = Field(None, description="What can be changed of such a rule.")
    selector: str | None = Field(None, description="Which devices it is about; none: all.")
    devices: dict[str, DeviceFields] | None = Field(None, description="What differs, by device.")
    by: str | None = Field(None, description="Who changed its levels last; none: nobody did.")
    at_ms: int | None = Field(None, description="When, wall time.")

    @classmethod
    def of(
        cls, rule: Rule, active: bool, edits: Mapping[str, RuleEdit] = MappingProxyType({})
    ) -> RuleBody:
        """Make it from a rule; what its kind has no field for is nothing."""
        overrides = rule.overrides if isinstance(rule, DeviceRule) else {}
        devices = {
            device: DeviceFields(fields=dict(fields), **_edit(edits.get(device)))
            for device, fields in overrides.items()
        }
        others = rule.kind != DEFAULT or rule.limit != "raise_above" or "basis" in rule.written()
        more = {"kind": rule.kind, "limit": rule.limit, "fields": rule.written()}
        return cls(
            id=rule.id,
            active=active,
            text=rule.text,
            about=rule.about,
            mode=getattr(rule, "mode", ""),
            severity=rule.severity,
            channels=list(getattr(rule, "channels", ())),
            window_ms=getattr(rule, "window_ms", 0),
            slide_ms=getattr(rule, "slide_ms", 0),
            dwell_ms=getattr(rule, "dwell_ms", 0),
            raise_above=rule.level / NANO,
            clear_at=rule.clear_level / NANO,
            unit=rule.unit,
            selector=getattr(rule, "selector", UNSET) or None,
            devices=devices or None,
            **_edit(edits.get("")),
            **(more if others else {}),
        )


class RuleLine(BaseModel):
    """A change of a rule."""

    by: str
    at_ms: int = Field(description="When, wall time.")
    device: str = Field(description="Of which device alone; empty: of all.")
    what: str


class RuleStory(RuleBody):
    """A rule and its last changes."""

    history: list[RuleLine] = Field(description="The newest first.")


def _edit(edit: RuleEdit | None) -> dict[str, Any]:
    return {"by": edit.by, "at_ms": edit.at_ms} if edit else {}
