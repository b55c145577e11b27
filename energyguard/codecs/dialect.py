"""One way in which some senders write readings: how it is recognised, decoded, and an example.

A dialect is recognised by what it says of itself, never by trial: by its first bytes, by a header
of exactly its columns, or by a field that only its JSON objects have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.codecs.columns import ColumnLayout

Decode = Callable[[bytes, PlausibilityLimits, str, int, int | None], Decoded]
"""Decodes bytes: (bytes, limits, device where none is in them, first row, how many refused rows
come back one by one). Never raises for what stands in the bytes."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dialect:
    """A dialect. What it is recognised by may be given in several ways; the rest may be missing.

    Attributes:
        name: one word; where its bytes are no JSON, people may say it: ``--shape NAME``.
        example: some rows, as their sender writes them.
        layout: its columns, or the fields of its objects, and how a table of them becomes readings.
        header: whether a header of exactly these columns means it.
        bare: whether lines without a header, of so many columns, mean it.
        title: what may stand above its header.
        fields: an object of JSON that has one of these is of it.
        begins: how its bytes begin, where they are no text.
        decode: how such bytes are decoded.
    """

    name: str
    example: bytes
    layout: ColumnLayout | None = None
    header: bool = False
    bare: bool = False
    title: bytes = b""
    fields: tuple[str, ...] = ()
    begins: tuple[bytes, ...] = ()
    decode: Decode | None = None
