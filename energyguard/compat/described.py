"""What OpenAPI says of the verbs that ``hot.py`` answers without the framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer

from energyguard.compat.batches import MAX_ITEMS
from energyguard.compat.keys import MAX_TTL_S

Described = dict[str, Any]

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
_OBJECT: Described = {"type": "object"}
_TTL: Described = {
    "type": ["integer", "null"],
    "minimum": 1,
    "maximum": MAX_TTL_S,
    "description": "Seconds until it is over.",
}
_GIVEN: Described = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": _OBJECT, "ttl": _TTL},
}
_ITEM: Described = {
    "type": "object",
    "required": ["key", "value"],
    "properties": {"key": {"type": "string", "minLength": 1}, "value": _OBJECT, "ttl": _TTL},
}
_DONE: Described = {
    "type": "object",
    "required": ["status", "replicas_ok", "targets"],
    "properties": {
        "status": {"enum": ["ok", "computed"]},
        "replicas_ok": {"type": "integer", "minimum": 0},
        "targets": {"type": "array", "items": {"type": "string"}},
    },
}
_WRITTEN: Described = {
    "type": "object",
    "required": ["status", "written", "replicas_ok", "errors"],
    "properties": {
        "status": {"enum": ["ok", "partial"]},
        "written": {"type": "integer", "minimum": 1},
        "replicas_ok": {"type": "integer", "minimum": 1},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["place", "reason"],
                "properties": {
                    "place": {"type": "integer", "description": "In the batch, from 0."},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}
_FOUND: Described = {
    "type": "object",
    "required": ["items"],
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "value"],
                "properties": {
                    "key": {"type": "string"},
                    "value": {"type": ["object", "null"]},
                    "reason": {"type": "string", "description": "Why this can be no key."},
                },
            },
        }
    },
}
_VALUE: Described = {"type": "object", "required": ["value"], "properties": {"value": _OBJECT}}


def _many(name: str, items: Described) -> Described:
    listed = {"type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": items}
    return {"type": "object", "required": [name], "properties": {name: listed}}


def _copies(name: str) -> Described:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 9_999},
        "description": "How many nodes have to confirm; by default a majority of a key's nodes.",
    }


def _operation(
    name: str, about: str, answer: Described, copies: str, body: Described | None = None
) -> Described:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/BuildingError"}}}
    operation: Described = {
        "operationId": name,
        "summary": about,
        "parameters": [_copies(copies)],
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}}
        }
        | {str(status): {"description": text, "content": error} for status, text in ERRORS.items()},
        "security": [{"HTTPBearer": []}],
    }
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    return operation


def paths() -> Described:
    """The verbs of keys, one by one and many at a time."""
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/key/{key}": {
            "parameters": [key],
            "get": _operation("get_key", "The value of a key.", _VALUE, "r"),
            "put": _operation("put_key", "Give a key a value.", _DONE, "w", _GIVEN),
            "delete": _operation("delete_key", "Take a key's value away.", _DONE, "w"),
        },
        "/batch": {
            "post": _operation(
                "put_batch", "Give many keys values.", _WRITTEN, "w", _many("items", _ITEM)
            )
        },
        "/batch/get": {
            "post": _operation(
                "get_batch",
                "The values of many keys, in their order.",
                _FOUND,
                "r",
                _many("keys", {"type": "string"}),
            )
        },
    }


def adding(app: FastAPI, more: Described) -> Callable[[], Described]:
    """What ``app.openapi`` is to be, so that the document has these paths too."""
    plain = app.openapi

    def document() -> Described:
        made = plain()
        made["paths"] = more | made["paths"]
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
