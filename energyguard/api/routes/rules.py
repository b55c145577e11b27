"""The rules, and which of them run."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, create_model

from energyguard.api.middleware import CurrentService, User
from energyguard.api.routes.answers import RuleBody, RuleLine, RuleStory
from energyguard.errors import Malformed
from energyguard.model.quantities import NANO
from energyguard.rules.changed import changed_rule
from energyguard.rules.kinds import KINDS
from energyguard.rules.rule import Rule
from energyguard.rules.toml import parse_rules
from energyguard.service.alerts.budgets import RuleBudget, recorded_weeks
from energyguard.service.alerts.trials import DAYS, RuleTrial, try_rule
from energyguard.service.contract import Service
from energyguard.service.late_sums import LateSum

router = APIRouter(tags=["rules"])
SumKey = Annotated[str, Query(description="`device/ID`, `site/ID`, `group/ID`; none: every sum.")]
Level = Annotated[str | None, Field(pattern=r"^-?[0-9]{1,6}(\.[0-9]{1,9})?$")]
RuleId = Annotated[str, Path(alias="id", max_length=100)]
DeviceId = Annotated[str, Path(max_length=200)]
Words = Annotated[str | None, Field(max_length=40)]
Sentence = Annotated[str | None, Field(max_length=500)]


class Use(BaseModel):
    """The rules that are to run, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)

    use: list[str]


class NewRules(BaseModel):
    """Rules that are to be added."""

    model_config = ConfigDict(extra="forbid", strict=True)

    toml: str = Field(max_length=100_000, description="Of a rule file: `[[rule]]`, its fields.")


class _Change(BaseModel):
    """What to change of a rule; what is left out, or null, stays. Levels are decimals, as text; an
    empty selector is about every device.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    raise_above: Level = None
    clear_at: Level = None
    dwell: Words = None
    window: Words = None
    slide: Words = None
    selector: Sentence = None
    about: Sentence = None


_OTHERS: dict[str, Any] = {
    name: (Words, None)
    for kind in KINDS.values()
    for name, field in kind.fields().items()
    if field.may_change and name not in _Change.model_fields
}
Change = create_model("Change", __base__=_Change, __doc__=_Change.__doc__, **_OTHERS)


class RuleToTry(BaseModel):
    """A rule that is to be tried on the past."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rule: str | None = Field(None, max_length=100, description="The id of one.")
    toml: str | None = Field(None, max_length=10_000, description="Or a new one: `[[rule]]`.")
    change: Change | None = None
    device: str = Field("", max_length=200, description="This one alone; else all it is about.")
    days: int = Field(DAYS, ge=1, le=366, description="The last ones that the history has.")


def _all(service: Service) -> list[RuleBody]:
    active = {rule.id for rule in service.rules.active()}
    rules = service.rules
    return [RuleBody.of(rule, rule.id in active, rules.edits(rule.id)) for rule in rules.all()]


def _one(service: Service, rule: Rule) -> RuleBody:
    return RuleBody.of(rule, rule in service.rules.active(), service.rules.edits(rule.id))


@router.get("/rules", response_model_exclude_none=True)
def rules(service: CurrentService) -> list[RuleBody]:
    """Every rule, and whether it runs."""
    return _all(service)


@router.post("/rules", response_model_exclude_none=True)
def add_rules(service: CurrentService, user: User, body: NewRules) -> list[RuleBody]:
    """Let new rules run, as a rule file has them: all of them or none; every fault is told."""
    return [_one(service, rule) for rule in service.add_rules(body.toml, user)]


@router.post("/rules/try")
def try_a_rule(service: CurrentService, body: RuleToTry) -> RuleTrial:
    """What a rule would have raised in the last days, by the history. Nothing is changed.

    It takes up to half a minute, one at a time (409 else); what was not looked at by then is said.
    """
    if (body.rule is None) == (body.toml is None):
        raise Malformed("say `rule`, the id of one, or `toml`, a new one: one of the two", "rule")
    if body.toml is not None:
        rules = parse_rules(body.toml)
        if len(rules) != 1:
            raise Malformed(f"{len(rules)} rules; one is tried at a time", "toml")
        rule = rules[0]
    else:
        rule = service.rules.get(body.rule or "")
    if body.change is not None:
        rule = changed_rule(rule, body.device, body.change.model_dump(exclude_none=True))
    return try_rule(service, rule, body.device, body.days)


@router.get("/rules/{id}", response_model_exclude_none=True)
def rule(service: CurrentService, rule_id: RuleId) -> RuleStory:
    """One rule, and its last changes, the newest first."""
    body = _one(service, service.rules.get(rule_id)).model_dump()
    lines = [RuleLine(**row._asdict()) for row in service.rules.history(rule_id)]
    return RuleStory(**body, history=lines)


@router.delete("/rules/{id}", response_model_exclude_none=True)
def remove_rule(service: CurrentService, user: User, rule_id: RuleId) -> list[RuleBody]:
    """Take out a rule that was added while running; its open alerts end."""
    service.remove_rule(rule_id, user)
    return _all(service)


@router.post("/rules/{id}/undo", response_model_exclude_none=True)
def undo_rule(
    service: CurrentService,
    user: User,
    rule_id: RuleId,
    device: Annotated[str, Query(max_length=200, description="Its last change alone.")] = "",
) -> RuleBody:
    """Take back the last change of a rule, or the last one of a device."""
    return _one(service, service.undo_rule(rule_id, user, device))


@router.put("/rules", response_model_exclude_none=True)
def use_rules(service: CurrentService, user: User, wanted: Use) -> list[RuleBody]:
    """Run these rules and no others. Sums are kept; nobody clears anything."""
    service.use_rules(wanted.use, user)
    return _all(service)


@router.patch("/rules/{id}", response_model_exclude_none=True)
def change_rule(service: CurrentService, user: User, rule_id: RuleId, change: Change) -> RuleBody:
    """Change levels, times, devices, severity or words of a rule while it runs.

    Alerts of devices that it is no longer about end, and say so.
    """
    return _one(service, service.change_rule(rule_id, user, **change.model_dump(exclude_none=True)))


@router.patch("/rules/{id}/devices/{device}", response_model_exclude_none=True)
def change_rule_of_device(
    service: CurrentService, user: User, rule_id: RuleId, device: DeviceId, change: Change
) -> RuleBody:
    """Change what a rule allows one device; the others keep theirs."""
    changes = change.model_dump(exclude_none=True)
    return _one(service, service.change_rule(rule_id, user, device, **changes))


@router.delete("/rules/{id}/devices/{device}", response_model_exclude_none=True)
def reset_rule_of_device(
    service: CurrentService, user: User, rule_id: RuleId, device: DeviceId
) -> RuleBody:
    """Let a rule allow a device what it allows all."""
    return _one(service, service.reset_rule(rule_id, user, device))


@router.get("/rules/{id}/budget")
def rule_budget(
    service: CurrentService,
    rule_id: RuleId,
    alerts_a_week: Annotated[
        float | None, Query(gt=0, le=7, description="Of a device; default: as the rule has it.")
    ] = None,
) -> RuleBudget:
    """The last twelve weeks of a rule about unusual use, as they would have been with another
    number of alerts: by how rare those were that it raised.
    """
    found = recorded_weeks(service, rule_id)
    return found.budget(alerts_a_week or found.rule.alerts_a_week / NANO)


@router.get("/late-sums")
def late_sums(service: CurrentService, of: SumKey = "") -> list[LateSum]:
    """What rules about sums of devices wait for: the part that is late, how late, until when."""
    return service.late_sums.of(of)
