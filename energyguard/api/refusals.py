"""What every verb may answer instead, as the document of an application has it.

The body is named, not given as a model: of a model the framework makes a validator for each verb
and status, which is half of what an application's first request waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

Described = dict[str, Any]
_SCHEMAS = "#/components/schemas/"


def refusals(errors: Mapping[int, str], body: type[BaseModel]) -> dict[int | str, Described]:
    """The ``responses`` of an application: what each status says, and the body of all."""
    content = {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{body.__name__}"}}}
    return {status: {"description": about, "content": content} for status, about in errors.items()}


def with_body(app: FastAPI, body: type[BaseModel]) -> Callable[[], Described]:
    """What ``app.openapi`` is to be, so that the document has the body that refusals name."""
    plain = app.openapi

    def document() -> Described:
        made = plain()
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        if body.__name__ not in schemas:
            schema = body.model_json_schema(ref_template=_SCHEMAS + "{model}")
            found = {**schemas, **schema.pop("$defs", {}), body.__name__: schema}
            made["components"]["schemas"] = dict(sorted(found.items()))
        return made

    return document
