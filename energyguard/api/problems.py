"""One shape for everything that goes wrong: ``{"error": {"code", "message", …}}``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from energyguard.api.sentences import fault, place, sentence
from energyguard.errors import ConfigError, EnergyGuardError, Faulty, Rejected, Unavailable
from energyguard.telemetry import logger

_logger = logger(__name__)
NO_ANSWER = "No response returned."
"""What the framework raises where whoever asked has left before its answer began."""


class TooLarge(EnergyGuardError):
    """The body is longer than `serve.body_limit`."""

    status = 413


class NothingTaken(Rejected):
    """All parts of a request were refused; ``faults`` says why, for each."""

    def __init__(self, *faults: str) -> None:
        super().__init__(f"nothing was taken: {faults[0]}")
        self.faults = faults


class Problem(BaseModel):
    """What went wrong."""

    code: str = Field(description="The kind of error, for programs: `not-found`, `malformed`, …")
    message: str = Field(description="A sentence for people: what is wrong and what to do.")
    field: str | None = Field(None, description="The part of the input at fault.")
    retry_after: float | None = Field(None, description="Seconds to wait before trying again.")
    faults: list[str] | None = Field(None, description="Every fault, where there are several.")


class ErrorBody(BaseModel):
    """The body of every answer from 400 on."""

    error: Problem


Answer = Callable[[Problem, int, Mapping[str, str]], Response]
"""Puts what went wrong into a body: the doors of other systems have shapes of their own."""

_HTTP_CODES: Mapping[int, str] = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
}


def as_problem(body: Problem, status: int, headers: Mapping[str, str]) -> JSONResponse:
    """The house's own shape."""
    return JSONResponse({"error": body.model_dump(exclude_none=True)}, status, dict(headers))


def problem(error: EnergyGuardError, answer: Answer = as_problem) -> Response:
    """The answer to an error."""
    headers = {}
    body = Problem(code=error.code, message=str(error))
    if isinstance(error, Rejected):
        body.field = error.field
    if isinstance(error, Unavailable):
        body.retry_after = error.retry_after
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, ConfigError | Faulty | NothingTaken):
        body.faults = list(error.faults)
    return answer(body, error.status, headers)


def internal(error: Exception, path: str, answer: Answer = as_problem) -> Response:
    """The answer where the fault is ours; the log has it."""
    _logger.error("a fault of ours", path=path, exc_info=error)
    return answer(Problem(code="internal", message="a fault of ours; the log has it"), 500, {})


def install(app: FastAPI, answer: Answer = as_problem) -> None:
    """Make an app answer every error in one shape."""

    @app.exception_handler(EnergyGuardError)
    async def on_ours(request: Request, error: EnergyGuardError) -> Response:
        if error.status >= 500:
            _logger.warning("request failed", path=request.url.path, reason=str(error))
        return problem(error, answer)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [(place(row["loc"][1:]), sentence(row)) for row in error.errors()]
        sentences = [fault(name, reason) for name, reason in faults]
        body = Problem(
            code="malformed",
            message="; ".join(sentences),
            field=faults[0][0] or None,
            faults=sentences,
        )
        return answer(body, 422, {})

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        body = Problem(
            code=_HTTP_CODES.get(error.status_code, "http"),
            message=f"{error.detail}: {request.method} {request.url.path}",
        )
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(request)))
        return answer(body, error.status_code, headers)

    @app.exception_handler(ClientDisconnect)
    async def on_gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # to nobody

    @app.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> Response:
        state = request.scope.setdefault("state", {})
        state["logged"] = True
        if state.get("left") and str(error) == NO_ANSWER:
            return Response(status_code=400)  # to nobody
        return internal(error, request.url.path, answer)


def _methods(request: Request) -> set[str]:
    """All methods of a path: the framework names only those of the first route that fits."""
    return {
        method
        for route in request.app.routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    }
