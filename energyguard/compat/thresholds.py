"""The building monitor's thresholds: a set for all floors, and what differs on some.

They are one key of the store's own, so they survive restarts and all doors see the same.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from energyguard.compat.keys import confirmed
from energyguard.compat.target import RESERVED
from energyguard.errors import Corrupt
from energyguard.store import Store
from energyguard.store.keys import Key

KEY = f"{RESERVED}building:thresholds"
Limit = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Floor = Annotated[str, StringConstraints(pattern="^[1-9][0-9]{0,2}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Limits(_Strict):
    """What is too much, on every floor that does not say otherwise."""

    delta_kwh_max: Limit = Field(0.08, description="kWh between two readings.")
    kw_max: Limit = Field(11.0, description="kW.")
    corrente_max: Limit = Field(15.0, description="A.")
    tensione_max: Limit = Field(232.0, description="V.")


class FloorLimits(_Strict):
    """What differs on one floor."""

    delta_kwh_max: Limit | None = None
    kw_max: Limit | None = None
    corrente_max: Limit | None = None
    tensione_max: Limit | None = None


class Thresholds(_Strict):
    """All of them."""

    default: Limits
    per_floor: dict[Floor, FloorLimits] = Field(default_factory=dict)


class FlatLimits(_Strict):
    """The older form: one set, for all floors."""

    delta_kwh_max: Limit
    kw_max: Limit
    corrente_max: Limit
    tensione_max: Limit


class Saved(BaseModel):
    """They are kept."""

    status: str = "ok"
    thresholds: Thresholds


async def thresholds_in(store: Store) -> Thresholds:
    """The thresholds of a store; the defaults where nobody has set any.

    Raises:
        Corrupt: what is kept is none of ours.
        Unavailable: too few nodes replied.
    """
    row = await store.read(KEY)
    if row is None or row.value is None:
        return Thresholds(default=Limits())
    try:
        return Thresholds.model_validate_json(row.value)
    except ValidationError as error:
        raise Corrupt(f"{KEY}: {error.error_count()} faults; put the thresholds anew") from error


def threshold_routes(store: Store) -> APIRouter:
    """``/admin/thresholds``."""
    routes = APIRouter(tags=["thresholds"])

    @routes.get("/admin/thresholds", response_model_exclude_none=True)
    async def get_thresholds() -> Thresholds:
        """The thresholds, by default and where floors differ."""
        return await thresholds_in(store)

    @routes.put("/admin/thresholds", response_model_exclude_none=True)
    async def put_thresholds(body: Thresholds | FlatLimits) -> Saved:
        """Replace the thresholds: floors that are not named have the default again."""
        if isinstance(body, FlatLimits):
            body = Thresholds(default=Limits(**body.model_dump()))
        text = body.model_dump_json(exclude_none=True).encode()
        await confirmed(store.change(Key(KEY), text))
        return Saved(thresholds=body)

    return routes
