"""The shapes in which doors tell what went wrong, and the errors that only doors have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from energyguard.api.problems import Problem
from energyguard.errors import EnergyGuardError, Malformed, NotFound, Unavailable
from energyguard.store.admin import ClusterAdmin


class TooManyCopies(EnergyGuardError):
    """More replicas were asked for than there are nodes."""

    status = 400


class MeasurementNotFound(NotFound):
    """There is no such measurement; of what is no key of one, either."""


class Unconfirmed(EnergyGuardError):
    """Too few nodes confirmed a write: it may have been done, or may be yet."""

    status = 502


class TooSlow(EnergyGuardError):
    """No answer within the deadline: what was asked for may have been done, or may be yet."""

    status = 504


class BuildingError(BaseModel):
    """What the building monitor's verbs answer from 400 on."""

    detail: str = Field(description="A sentence for people.")
    error: Problem


class MeasurementError(BaseModel):
    """What the measurement store's verbs answer from 400 on."""

    error: str = Field(description="The kind of error; system B's word, where it has one.")
    message: str = Field(description="A sentence for people.")


def as_building(problem: Problem, status: int, headers: Mapping[str, str]) -> JSONResponse:
    """System A's shape, with ours beside it."""
    body = {"detail": problem.message, "error": problem.model_dump(exclude_none=True)}
    return JSONResponse(body, status, dict(headers))


_MEASUREMENT_WORDS: Mapping[str, str] = {
    "unauthorized": "Unauthorized",
    "measurement-not-found": "Measurement not found",
}
_MEASUREMENT_SENTENCES: Mapping[str, str] = {"unauthorized": "Invalid API token"}
_MEASUREMENT_STATUS: Mapping[int, int] = {401: 403, 422: 400}


def as_measurements(problem: Problem, status: int, headers: Mapping[str, str]) -> JSONResponse:
    """System B's shape and words: 403 where nobody is known, 400 where something is wrong."""
    error = _MEASUREMENT_WORDS.get(problem.code, problem.code)
    body = {"error": error, "message": _MEASUREMENT_SENTENCES.get(problem.code, problem.message)}
    return JSONResponse(body, _MEASUREMENT_STATUS.get(status, status), dict(headers))


def decoded(decoder: msgspec.json.Decoder[Any], text: bytes | msgspec.Raw, field: str) -> Any:
    """What a JSON text says.

    Raises:
        Malformed: it is no JSON, or of another shape.
    """
    try:
        return decoder.decode(text)
    except RecursionError:
        raise Malformed("nested too deeply", field) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"{field}: {error}", field) from error


def ours(cluster: ClusterAdmin | None) -> ClusterAdmin:
    """The cluster, where there is one.

    Raises:
        Unavailable: the store is one local file, or a Valkey.
    """
    if cluster is None:
        raise Unavailable(
            "the store is one local file or a Valkey: there is no cluster to ask or to change"
        )
    return cluster
