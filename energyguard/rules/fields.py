"""The fields of a rule: how each is written by people, read, and written again.

A kind declares its fields as the annotations of a struct, with one of the types below; the text in
a rule file, ``rules set``, REST and the page all go through them. A field whose name ends in
``_ms`` is written as a duration, without that end: ``window_ms`` is ``window = "15 minutes"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta

from energyguard.model.alerts import Severity
from energyguard.model.quantities import from_nano, parse_duration, spell_duration, to_nano

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class RuleField(NamedTuple):
    """One field as people see it."""

    attribute: str
    about: str
    read: Callable[[Any], Any]
    write: Callable[[Any], str]
    needed: bool
    may_change: bool  # while the rule runs


def _level(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"not a number: {value!r}")
    return to_nano(value)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is not small letters, digits and dashes")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("a list of channel names is wanted")
    return tuple(value)


def _days(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("a list of days is wanted")
    return tuple(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError(f"not a whole number: {value!r}")
    return int(value)


def written(about: str, read: Callable[[Any], Any], write: Any = None) -> Meta:
    """How a field is read from what people write; with ``write``: it may change while it runs."""
    return Meta(description=about, extra={"read": read, "write": write})


Id = Annotated[str, written("unique: small letters, digits, dashes", _id)]
Channels = Annotated[tuple[str, ...], written("what it is about, all of one unit", _names)]
Level = Annotated[int, written("a number in the rule's unit", _level, from_nano)]
Span = Annotated[int, written("a duration of event time", parse_duration, spell_duration)]
Count = Annotated[int, written("a whole number", _count, str)]
Days = Annotated[tuple[str, ...], written("days, 2026-04-06 or 12-25; countries, IT", _days)]
Text = Annotated[str, written("words", str)]
HowBad = Annotated[Severity, written("info, warning or critical", Severity)]


@cache
def fields_of(kind: Hashable) -> Mapping[str, RuleField]:
    """The fields of a kind's struct that people write, by the name that they write."""
    found = {}
    struct: Any = kind
    annotations = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        for meta in _metas(annotations[field.name]):
            how = meta.extra or {}
            found[field.name.removesuffix("_ms")] = RuleField(
                field.name,
                meta.description or "",
                how["read"],
                how["write"] or str,
                field.required,
                how["write"] is not None,
            )
    return found


def _metas(annotation: Any) -> list[Meta]:
    """What stands in an annotation, or in a part of a union of it."""
    if hasattr(annotation, "__metadata__"):
        return [meta for meta in annotation.__metadata__ if isinstance(meta, Meta)][-1:]
    return [meta for part in getattr(annotation, "__args__", ()) for meta in _metas(part)]
