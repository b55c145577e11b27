"""The building monitor's thresholds: a set for all floors, and what differs on some.

They are the limits of the building's rules (``domains/building/rules.toml``), with what differs on
a floor as the rule's overrides for its device: what is put here is what raises alerts, and what
the command line, REST and the page change is what is read here.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
)

from energyguard.api.middleware import User
from energyguard.compat.target import RESERVED
from energyguard.errors import ConfigError, Rejected
from energyguard.model.quantities import NANO, from_nano, parse_duration, spell_duration, to_nano
from energyguard.records.floor_alerts import METRICS
from energyguard.records.floors import FLOOR_PATTERN, device_of, floor_of
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.registry import RuleBook
from energyguard.service.alerts.alerting import Alerting
from energyguard.store import Store
from energyguard.store.keys import Key
from energyguard.telemetry import logger

OLD_KEY = f"{RESERVED}building:thresholds"
"""Where older versions kept them, and nothing read them."""
MAX_LIMIT = 1e9
Level = Annotated[float, Field(ge=0, le=MAX_LIMIT, allow_inf_nan=False)]
Floor = Annotated[str, StringConstraints(pattern=f"^{FLOOR_PATTERN}$")]
_log = logger(__name__)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Band(_Strict):
    """A limit with more to it than a level."""

    raise_above: Level = Field(description="Strictly more raises.")
    clear_at: Level | None = Field(None, description="At or below ends it; default: raise_above.")
    dwell: str | None = Field(
        None, max_length=40, description="So long above before it fires: `2 minutes`."
    )


def _limit_form(given: object) -> str:
    """In which form a limit is given, so that faults are those of that form."""
    return "band" if isinstance(given, dict | Band) else "level"


Limit = Annotated[
    Annotated[Level, Tag("level")] | Annotated[Band, Tag("band")], Discriminator(_limit_form)
]


class Limits(_Strict):
    """What is too much. What is left out is as it is by default: of a floor, as on all floors."""

    delta_kwh_max: Limit | None = Field(None, description="kWh between two readings.")
    kw_max: Limit | None = Field(None, description="kW.")
    corrente_max: Limit | None = Field(None, description="A.")
    tensione_max: Limit | None = Field(None, description="V.")

    def fields(self, limit: str) -> dict[str, str]:
        """The fields of a rule that a limit sets, as people write them.

        Raises:
            Rejected: its dwell is no duration.
        """
        given = getattr(self, limit)
        if given is None:
            return {}
        if not isinstance(given, Band):
            given = Band(raise_above=given)
        level = from_nano(to_nano(given.raise_above))
        clear = level if given.clear_at is None else from_nano(to_nano(given.clear_at))
        try:
            dwell = spell_duration(parse_duration(given.dwell)) if given.dwell else "0s"
        except ValueError as error:
            raise Rejected(f"{limit}: dwell: {error}", limit) from error
        return {"raise_above": level, "clear_at": clear, "longer_than": dwell}

    @classmethod
    def of(cls, rules: dict[str, StateRule]) -> Self:
        """What rules say, by limit."""
        return cls(**{limit: _limit(rule) for limit, rule in rules.items()})


def _limit(rule: StateRule) -> float | Band:
    level, clear = rule.level / NANO, rule.clear_level / NANO
    if clear == level and not rule.longer_than_ms:
        return level
    dwell = spell_duration(rule.longer_than_ms) if rule.longer_than_ms else None
    return Band(raise_above=level, clear_at=None if clear == level else clear, dwell=dwell)


class Thresholds(_Strict):
    """All of them."""

    default: Limits
    per_floor: dict[Floor, Limits] = Field(default_factory=dict, max_length=999)


class FlatLimits(_Strict):
    """The older form: one set, for all floors."""

    delta_kwh_max: Level
    kw_max: Level
    corrente_max: Level
    tensione_max: Level


def _form(given: object) -> str:
    """In which form all limits are given."""
    if isinstance(given, dict):
        return "thresholds" if given.keys() & Thresholds.model_fields.keys() else "limits"
    return "limits" if isinstance(given, FlatLimits) else "thresholds"


ThresholdsBody = Annotated[
    Annotated[Thresholds, Tag("thresholds")] | Annotated[FlatLimits, Tag("limits")],
    Discriminator(_form),
]


class Saved(BaseModel):
    """They are kept, and in force."""

    status: str = "ok"
    thresholds: Thresholds


def thresholds_in(book: RuleBook) -> Thresholds:
    """What the building's rules say; of one that does not run nothing."""
    running = {rule.id for rule in book.active()}
    limits = {
        metric.limit: _rule_of(book, metric.rule) for metric in METRICS if metric.rule in running
    }
    floors = {
        number: device
        for rule in limits.values()
        for device in rule.overrides
        if (number := floor_of(device))
    }
    return Thresholds(
        default=Limits.of(limits),
        per_floor={
            str(number): Limits.of(
                {name: rule.of(device) for name, rule in limits.items() if device in rule.overrides}
            )
            for number, device in sorted(floors.items())
        },
    )


def rules_with(thresholds: Thresholds, book: RuleBook) -> list[StateRule]:
    """The building's rules with these limits in place of those that they have.

    Raises:
        Rejected: a limit makes no sense, such as one that clears above where it raises.
    """
    changed = []
    for metric in METRICS:
        rule = _rule_of(book, metric.rule)
        others = {name: dict(of) for name, of in rule.overrides.items() if not floor_of(name)}
        rule = _with(book.of_file(metric.rule), thresholds.default.fields(metric.limit))
        floors = {
            device_of(int(number)): fields
            for number, limits in thresholds.per_floor.items()
            if (fields := limits.fields(metric.limit))
        }
        for device, fields in (others | floors).items():
            rule = rule.differing(device, fields)
        if faults := rule.validate():
            raise Rejected("; ".join(f"{metric.limit}: {fault}" for fault in faults), metric.limit)
        changed.append(rule)
    return changed


def _rule_of(book: RuleBook, rule_id: str) -> StateRule:
    rule = book.get(rule_id)
    if not isinstance(rule, StateRule):
        raise ConfigError(f"{rule_id}: a rule of kind `state` is needed, not {rule.kind!r}")
    return rule


def _with(rule: Any, fields: dict[str, str]) -> StateRule:
    known = rule.fields()
    values = {known[name].attribute: known[name].read(text) for name, text in fields.items()}
    changed: StateRule = rule.changed(values, fields)
    return changed


async def take_over(store: Store, alerting: Alerting) -> None:
    """Let thresholds take effect that an older version kept in the store; once.

    Raises:
        Unavailable: too few nodes replied: nothing was changed, and it may be done again.
    """
    row = await store.read(OLD_KEY)
    if row is None or row.value is None:
        return
    try:
        rules = rules_with(Thresholds.model_validate_json(row.value), alerting.rules)
    except (ValidationError, Rejected) as error:
        _log.error("old thresholds cannot be read; put them anew", key=OLD_KEY, reason=str(error))
        return
    await asyncio.to_thread(alerting.rule_changes.replace, rules, "thresholds of an older version")
    await store.change(Key(OLD_KEY), None)
    _log.info("thresholds of an older version are in force as rules")


def threshold_routes(alerting: Alerting) -> APIRouter:
    """``/admin/thresholds``."""
    routes = APIRouter(tags=["thresholds"])

    @routes.get("/admin/thresholds", response_model_exclude_none=True)
    def get_thresholds() -> Thresholds:
        """The limits in force, by default and where floors differ."""
        return thresholds_in(alerting.rules)

    @routes.put("/admin/thresholds", response_model_exclude_none=True)
    def put_thresholds(body: ThresholdsBody, user: User) -> Saved:
        """Replace the limits, and let them run: floors that are not named have the default again.

        The first reading that comes after the detector took them is judged by them.
        """
        if isinstance(body, FlatLimits):
            body = Thresholds(default=Limits(**body.model_dump()))
        alerting.rule_changes.replace(rules_with(body, alerting.rules), user)
        return Saved(thresholds=thresholds_in(alerting.rules))

    return routes
