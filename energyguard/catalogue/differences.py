"""Entries field by field: what differs between two, and one with some fields changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from energyguard.catalogue.channel_checks import check_channel_fields
from energyguard.errors import Faulty
from energyguard.model.catalogue import ENTRIES, Entry

_PLACE = re.compile(r" - at `\$\.?(.*)`")


def with_fields(kind: str, entry: Entry | None, fields: Mapping[str, object]) -> Entry:
    """An entry with some fields changed, as a JSON merge patch (RFC 7396) does it.

    Args:
        kind: of the entry.
        entry: before; None: there is none yet.
        fields: as they are in JSON; None: as nobody said it.

    Raises:
        Faulty: there is no such field, or a value is of another type.
    """
    known = ENTRIES[kind].__struct_fields__
    if unknown := [name for name in fields if name not in known]:
        there = ", ".join(known)
        raise Faulty(
            *(f"{name!r} is no field of a {kind}; there are {there}" for name in unknown),
            field=str(unknown[0]),
        )
    if isinstance(channels := fields.get("channels"), Mapping):
        check_channel_fields(channels)
    before: dict[str, Any] = {"is": kind} if entry is None else msgspec.to_builtins(entry)
    merged = {"name": "", **_merged(before, fields)}
    try:
        return msgspec.convert(merged, ENTRIES[kind])
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        field = place[1] if place else ""
        reason = _PLACE.sub("", str(error))
        raise Faulty(f"{field}: {reason}", field=field or None) from None


def changed_fields(
    before: Entry | None, after: Entry | None
) -> Iterator[tuple[str, object, object]]:
    """Fields that differ, each with its value before and after; None: not there.

    Labels and channels are fields of their own: ``labels.floor``.
    """
    old, new = _flat(before), _flat(after)
    for field in {**old, **new}:
        if old.get(field) != new.get(field):
            yield field, old.get(field), new.get(field)


def _merged(before: Mapping[str, Any], fields: Mapping[str, object]) -> dict[str, Any]:
    merged = dict(before)
    for name, value in fields.items():
        inner = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            merged[name] = _merged(inner if isinstance(inner, Mapping) else {}, value)
            if not merged[name]:
                del merged[name]
        else:
            merged[name] = value
    return merged


def _flat(entry: Entry | None) -> dict[str, object]:
    if entry is None:
        return {}
    found: dict[str, object] = {}
    for field, value in msgspec.to_builtins(entry).items():
        if field == "labels":
            found |= {f"labels.{label}": text for label, text in value.items()}
        elif field == "channels":
            for channel, meant in value.items():
                found |= {f"channels.{channel}.{name}": value for name, value in meant.items()}
        elif field != "is":
            found[field] = value
    return found
