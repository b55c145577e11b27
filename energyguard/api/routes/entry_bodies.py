"""Entries of the catalogue in requests and answers: made of the structs that declare them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel, ConfigDict, Field, create_model

from energyguard.model.catalogue import ENTRIES


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    def given(self) -> dict[str, Any]:
        """The fields that stand there, as they are in JSON."""
        return self.model_dump(exclude_unset=True, mode="json")


def _type(found: Any) -> Any:
    """The type of a body's field: of a struct its body, of a tuple a list."""
    if found is Decimal:
        return str | int | float  # a text keeps its zeros
    if isinstance(found, type) and issubclass(found, msgspec.Struct):
        return _body(found, f"{found.__name__}Body", found.__doc__ or "")
    origin, parts = get_origin(found), get_args(found)
    if origin is Annotated:
        return _type(parts[0])
    if origin is tuple:
        return list[_type(parts[0])]  # type: ignore[misc]
    if origin is dict:
        return dict[str, _type(parts[1]) | None]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return Union[tuple(_type(part) for part in parts)]  # noqa: UP007
    return found


def _about(found: Any) -> str | None:
    metas = get_args(found)[1:] if get_origin(found) is Annotated else ()
    return next((meta.description for meta in metas if isinstance(meta, msgspec.Meta)), None)


_MADE: dict[str, type[_Body]] = {}


def _body(struct: type[msgspec.Struct], name: str, about: str) -> type[_Body]:
    """A body of a struct's fields; each may be left out, or be null: as nobody said it."""
    if name not in _MADE:
        hints = get_type_hints(struct, include_extras=True)
        fields: dict[str, Any] = {
            field: (_type(hints[field]) | None, Field(None, description=_about(hints[field])))
            for field in struct.__struct_fields__
        }
        _MADE[name] = create_model(name, __base__=_Body, __doc__=about, **fields)
    return _MADE[name]


BODIES: Mapping[str, type[_Body]] = {
    kind: _body(struct, f"{kind.capitalize()}Entry", struct.__doc__ or "")
    for kind, struct in ENTRIES.items()
}
"""The body of an entry, by its kind."""
EntryBody = _Body
