"""Routes of the queries: made from the headers of their files (``history/query.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime
from functools import cache
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, create_model

from energyguard.api.middleware import CurrentService
from energyguard.api.routes.asked import Instant, Length, Range, RangeParameter, rows
from energyguard.domain import Projection
from energyguard.history.people import People
from energyguard.history.query import Query as HistoryQuery
from energyguard.history.query import QueryParameter, queries
from energyguard.model.days import hour_step_ms, ms_of
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import DAY_MS
from energyguard.pipeline import PROJECTIONS
from energyguard.service.contract import Service
from energyguard.settings.section import Zone

_KINDS: Final[Mapping[str, Any]] = {
    "text": str, "person": str, "integer": int, "number": float, "time": datetime,
}  # fmt: skip


def _range_of(projection: Projection) -> Any:
    """The range of a request, by the clock of a domain's devices."""

    def span(service: Service, start: int | None, end: int | None) -> Range:
        end_ms = end if end is not None else _newest_of(projection, service) + 1
        start_ms = start if start is not None else max(0, end_ms - DAY_MS)
        return Range(start_ms, max(start_ms, end_ms))

    texts = {
        "start": "From then on; default: end - 24 h.",
        "end": f"Before then; default: the newest of {projection.name}.",
    }
    given = [
        Parameter(
            name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=None,
            annotation=Annotated[Instant | None, Query(description=text)],
        )
        for name, text in texts.items()
    ]
    first = Parameter("service", Parameter.POSITIONAL_OR_KEYWORD, annotation=CurrentService)
    span.__signature__ = Signature([first, *given])  # type: ignore[attr-defined]
    return Annotated[Range, Depends(span)]


def _newest_of(projection: Projection, service: Service) -> int:
    """What time it is at the devices: by what comes in, by what came, by the wall clock."""
    now = service.projections[projection.name].event_ms()
    if now is None:
        for row in rows(service.query(projection.span)):
            now = ms_of(row["last"])
    return service.clock.now_ms() if now is None else now


_RANGES: Final[Mapping[str, Any]] = {
    "": RangeParameter,
    **{name: _range_of(projection) for name, projection in PROJECTIONS.items()},
}
"""The range of a request, by the clock of its query."""


@cache
def row_type(query: HistoryQuery) -> type[BaseModel]:
    """The type of a query's rows."""
    name, _, about = query.header["row"].partition(": ")
    fields: dict[str, Any] = {}
    for column in query.columns:
        kind = Literal[column.choices] if column.choices else _KINDS[column.kind]
        default = None if column.optional else ...
        info = Field(default, description=column.about) if column.about else default
        fields[column.name] = (kind | None if column.nullable else kind, info)
    return create_model(name, __doc__=about, __module__=__name__, **fields)


def _parameter(name: str, choice: QueryParameter) -> Parameter:
    """A parameter of a route."""
    limits: dict[str, Any] = {"description": choice.about} if choice.about else {}
    kind: Any = str
    default: Any = choice.default
    if choice.kind == "count":
        kind, default = int, int(choice.default or 0)
        limits |= {"ge": 1, "le": choice.limit}
    elif choice.kind == "duration":
        kind, default = Length, parse_duration(choice.default or "")
    elif choice.kind == "zone":
        kind = Zone
    elif choice.kind == "choice":
        kind = Literal[choice.choices]
    else:
        limits |= {"min_length": 1} if choice.default is None else {}
        limits |= {"max_length": choice.limit} if choice.limit else {}
    annotation = Annotated[kind, Query(**limits)] if limits else kind
    default = Parameter.empty if choice.default is None else default
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _endpoint(query: HistoryQuery, name: str, about: str) -> Callable[..., Any]:
    """The function that answers a route."""
    choices = {
        name: choice
        for name, choice in query.choices.items()
        if name != "range" and choice.kind != "flag"
    }
    has_range = "start_ms" in query.parameters

    def answer(service: Service, span: Range | None = None, **given: Any) -> Any:
        as_known = given.pop("as_known", None)
        ask = service.query if as_known is None else service.explanations.known(as_known)
        chosen = query.instead(given)
        wanted = _wanted(choices, given, span) | _constants(query, given, span)
        parameters = {
            field: int(wanted[field]) if kind != "String" else wanted[field]
            for field, kind in chosen.parameters.items()
            if field not in chosen.named("filled")
        }
        found = _named(service, chosen, rows(ask(chosen.name, **parameters)))
        if not found and (clock := query.header.get("clock")):
            service.projections[clock].check(given)
        how = query.header.get("answer", "")
        if how.startswith("one"):
            return next(iter(found), None)
        return found[::-1] if how == "newest first" else found

    first = [Parameter("service", Parameter.KEYWORD_ONLY, annotation=CurrentService)]
    if has_range:
        range_ = _RANGES[query.header.get("clock", "")]
        first.append(Parameter("span", Parameter.KEYWORD_ONLY, annotation=range_))
    own = [_parameter(name, choice) for name, choice in choices.items()]
    if then := query.header.get("as known"):
        kind = Annotated[Instant | None, Query(description=then)]
        own.append(Parameter("as_known", Parameter.KEYWORD_ONLY, annotation=kind, default=None))
    answer.__signature__ = Signature([*first, *own])  # type: ignore[attr-defined]
    answer.__name__, answer.__doc__ = name, about
    return answer


def _constants(query: HistoryQuery, given: Mapping[str, Any], span: Range | None) -> dict[str, Any]:
    """What a request leaves no choice of."""
    constants: dict[str, Any] = dict(query.named("constant"))
    if span and constants.get("step_ms") == "an hour of the zone":
        ends = (span.start_ms, span.end_ms)
        constants["step_ms"] = min(hour_step_ms(at, given["zone"]) for at in ends)
    return constants


def _wanted(
    choices: Mapping[str, QueryParameter], given: Mapping[str, Any], span: Range | None
) -> dict[str, Any]:
    """Parameters as the query's text names them."""
    wanted: dict[str, Any] = {}
    for name, value in given.items():
        is_duration = choices[name].kind == "duration"
        wanted[f"{name}_ms" if is_duration else name] = value
        if span and name in ("step", "slide"):
            span.check_points(value)
    if span:
        wanted |= {"start_ms": span.start_ms, "end_ms": span.end_ms}
    return wanted


def _named(
    service: Service, query: HistoryQuery, found: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Plates and users instead of pseudonyms, where the settings allow it."""
    fields = [column.name for column in query.columns if column.kind == "person"]
    if not fields or not service.settings.serve.names:
        return found
    with closing(People(service.settings.data_dir)) as people:
        names = people.names({row[field] for row in found for field in fields if row[field]})
    return [row | {field: names.get(row[field], row[field]) for field in fields} for row in found]


def build_router(found: Iterable[HistoryQuery]) -> APIRouter:
    """The routes of queries that have one."""
    router = APIRouter()
    for query in found:
        if "rest" not in query.header:
            continue
        place, _, about = query.header["rest"].partition(": ")
        name, path = place.split()
        model: Any = row_type(query)
        how = query.header.get("answer", "")
        shape = {"one": model, "one or null": model | None}.get(how, list[model])
        router.add_api_route(
            path,
            _endpoint(query, name, about),
            response_model=shape,
            name=name,
            tags=[query.header.get("tag", "stations" if "clock" in query.header else "past")],
        )
    return router


router = build_router(queries().values())
