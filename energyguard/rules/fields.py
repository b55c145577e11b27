"""The fields of a rule: how each is written by people, read, and written again.

A kind declares its fields as the annotations of a struct, with one of the types below; the text in
a rule file, ``rules set``, REST and the page all go through them. A field whose name ends in
``_ms`` is written as a duration, without that end: ``window_ms`` is ``window = "15 minutes"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta

from energyguard.model.alerts import Severity
from energyguard.model.quantities import from_nano, parse_duration, spell_duration, to_nano

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class FieldShape(StrEnum):
    """How people enter a field: what a form draws for it."""

    WORDS = "words"
    AMOUNT = "amount"
    DURATION = "duration"
    COUNT = "count"
    CHOICE = "choice"
    CHANNELS = "channels"
    DAYS = "days"
    SELECTOR = "selector"
    OVERRIDES = "overrides"


class RuleField(NamedTuple):
    """One field as people see it."""

    attribute: str
    about: str
    read: Callable[[Any], Any]
    write: Callable[[Any], str]
    needed: bool
    may_change: bool  # while the rule runs
    shape: FieldShape
    options: tuple[str, ...]  # of a choice
    default: Any  # where it is not needed
    may_go: bool  # whether a change to no text gives it its default again


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


def written(
    about: str,
    read: Callable[[Any], Any],
    write: Any = None,
    shape: FieldShape = FieldShape.WORDS,
    *,
    options: Iterable[str] = (),
    may_go: bool = False,
) -> Meta:
    """How a field is read from what people write.

    Args:
        about: what to write, in few words.
        read: gives the value.
        write: gives the text of a value; with it the field may change while the rule runs.
        shape: how people enter it.
        options: of a choice, what there is to choose.
        may_go: whether a change to an empty text gives the field its default again.
    """
    how = {"read": read, "write": write, "shape": shape, "options": options, "may_go": may_go}
    return Meta(description=about, extra=how)


def chosen(options: type[StrEnum], *, while_it_runs: bool = False, may_go: bool = False) -> Meta:
    """One of some words, of which the last stands behind an ``or``."""
    *others, last = (str(option) for option in options)
    about = f"{', '.join(others)} or {last}"

    def read(value: Any) -> StrEnum:
        try:
            return options(value)
        except ValueError:
            raise ValueError(f"{value!r} is not {about}") from None

    write = str if while_it_runs else None
    return written(about, read, write, FieldShape.CHOICE, options=options, may_go=may_go)


_S = FieldShape
Id = Annotated[str, written("unique: small letters, digits, dashes", _id)]
Channels = Annotated[
    tuple[str, ...], written("what it is about, all of one unit", _names, shape=_S.CHANNELS)
]
Level = Annotated[int, written("a number in the rule's unit", _level, from_nano, _S.AMOUNT)]
Span = Annotated[
    int, written("a duration of event time", parse_duration, spell_duration, _S.DURATION)
]
Count = Annotated[int, written("a whole number", _count, str, _S.COUNT)]
Days = Annotated[
    tuple[str, ...], written("days, 2026-04-06 or 12-25; countries, IT", _days, shape=_S.DAYS)
]
Text = Annotated[str, written("words", str)]
About = Annotated[str, written("what it is for, in words", str, str)]
HowBad = Annotated[Severity, chosen(Severity, while_it_runs=True)]


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
                how["shape"],
                tuple(str(option) for option in how["options"]),
                field.default,
                how["may_go"],
            )
    return found


def _metas(annotation: Any) -> list[Meta]:
    """What stands in an annotation, or in a part of a union of it."""
    if hasattr(annotation, "__metadata__"):
        return [meta for meta in annotation.__metadata__ if isinstance(meta, Meta)][-1:]
    return [meta for part in getattr(annotation, "__args__", ()) for meta in _metas(part)]
