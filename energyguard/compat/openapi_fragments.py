"""What OpenAPI says of the verbs that ``fast_path.py`` answers without the framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import msgspec
from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel

from energyguard import __version__
from energyguard.api import problems
from energyguard.api.problems import Answer
from energyguard.api.refusals import refusals, with_body
from energyguard.compat.building.batches import Batch, FoundItems, Item, Wanted, Written
from energyguard.compat.building.keys import Given, KeyValue, WriteResult

Described = dict[str, Any]
_REF = "#/components/schemas/{name}"

TOKEN = Security(HTTPBearer(auto_error=False, description="`energyguard token`"))
"""Says of routes that they need a token; the guard is what asks for it."""

ERRORS: Mapping[int, str] = {
    400: "More replicas are asked for than there are nodes, or the request cannot be read.",
    401: "No token, or one that is unknown or revoked.",
    403: "Sent by another site's page, or to a host name that is not ours.",
    404: "There is no such key or node.",
    409: "It contradicts what is already so.",
    413: "The body is too long.",
    422: "Something in the request cannot be right.",
    502: "Too few nodes confirmed: it may have been done, or may be yet.",
    503: "There is no node, or too few reply; `Retry-After` says when to try again.",
    504: "No answer in time: it may have been done, or may be yet.",
    507: "No room: nothing was taken.",
}


def _copies(name: str) -> Described:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 9_999},
        "description": "How many nodes have to confirm; by default a majority of a key's nodes.",
    }


def _json(schema: Described) -> Described:
    return {"content": {"application/json": {"schema": schema}}}


def _operation(
    name: str, about: str, answer: type, copies: str, body: type | None = None
) -> Described:
    errors = {
        str(status): {"description": text} | _json(_ref("BuildingError"))
        for status, text in ERRORS.items()
    }
    done = {"description": "Done."} | _json(_ref(answer.__name__))
    operation = {
        "operationId": name,
        "summary": about,
        "parameters": [_copies(copies)],
        "responses": {"200": done, **errors},
        "security": [{"HTTPBearer": []}],
    }
    if body is not None:
        operation["requestBody"] = {"required": True} | _json(_ref(body.__name__))
    return operation


def _ref(name: str) -> Described:
    return {"$ref": _REF.format(name=name)}


def fast_path() -> tuple[Described, Described]:
    """The verbs of keys, one by one and many at a time: their paths, and the schemas in them."""
    bodies = (Given, KeyValue, WriteResult, Batch, Item, Written, Wanted, FoundItems)
    _, schemas = msgspec.json.schema_components(bodies, ref_template=_REF)
    schemas["Batch"]["properties"]["items"]["items"] = _ref("Item")  # decoded one by one
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/key/{key}": {
            "parameters": [key],
            "get": _operation("get_key", "The value of a key.", KeyValue, "r"),
            "put": _operation("put_key", "Give a key a value.", WriteResult, "w", Given),
            "delete": _operation("delete_key", "Take a key's value away.", WriteResult, "w"),
        },
        "/batch": {"post": _operation("put_batch", "Give many keys values.", Written, "w", Batch)},
        "/batch/get": {
            "post": _operation(
                "get_batch", "The values of many keys, in their order.", FoundItems, "r", Wanted
            )
        },
    }
    return paths, schemas


def with_fast_path(app: FastAPI) -> Callable[[], Described]:
    """What ``app.openapi`` is to be, so that the document has the verbs of keys, too."""
    plain = app.openapi
    paths, schemas = fast_path()

    def document() -> Described:
        made = plain()
        made["paths"] = paths | made["paths"]
        made["components"]["schemas"] |= schemas
        return made

    return document


def without(app: FastAPI, status: str) -> Callable[[], Described]:
    """What ``app.openapi`` is to be, so that no verb seems to answer a status that none does."""
    plain = app.openapi

    def document() -> Described:
        made = plain()
        for path in made["paths"].values():
            for operation in path.values():
                operation["responses"].pop(status, None)
        for name in ("HTTPValidationError", "ValidationError"):
            made["components"]["schemas"].pop(name, None)
        return made

    return document


def described_app(
    title: str, about: str, errors: Mapping[int, str], error: type[BaseModel], answer: Answer
) -> FastAPI:
    """An application without verbs yet, whose refusals have an older system's shape.

    Args:
        title: of its document.
        about: the document's first words.
        errors: the statuses of refusals, and what each says.
        error: the body of a refusal, as the document shows it.
        answer: makes it.
    """
    app: FastAPI = FastAPIOffline(
        title=title,
        version=__version__,
        description=about,
        responses=refusals(errors, error),
        redirect_slashes=False,
        generate_unique_id_function=attrgetter("name"),
    )
    app.openapi = with_body(app, error)  # type: ignore[method-assign]
    problems.install(app, answer)
    return app
