"""One way in which some senders write readings: how it is recognised, decoded, and an example.

A dialect is recognised by what it says of itself, never by trial: by its first bytes, by a header
of exactly its columns, or by a field that only its JSON objects have. The device is a column, a
constant, or what the place is called from which the bytes come.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from energyguard.codecs import Decoded
from energyguard.codecs.columns import ColumnLayout
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.framing import Framing
from energyguard.codecs.http import HttpDialect
from energyguard.errors import ConfigError

Decode = Callable[[bytes, DecodeContext], Decoded]
"""Decodes bytes. Never raises for what stands in them."""


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
        framing: by what its telegrams begin and end in a stream, where it is of such.
        http: how it is spoken over HTTP, where it has paths of its own.
        path: how its senders name topics, paths of requests and of files (without their endings):
            a regular expression with the group ``device``, of a whole path or its last folders.
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
    path: str = ""
    framing: Framing | None = None
    http: HttpDialect | None = None

    @property
    def is_recognised(self) -> bool:
        """Whether its bytes say that they are of it; else a request does, or ``--shape``."""
        return bool(self.begins or self.fields or self.header or self.bare)

    def __post_init__(self) -> None:
        """Refuse a path that names no device.

        Raises:
            ConfigError: it does not.
        """
        try:
            named = not self.path or "device" in re.compile(self.path).groupindex
        except re.error as error:
            raise ConfigError(f"the dialect {self.name!r}: path {self.path!r}: {error}") from error
        if not named:
            raise ConfigError(f"the dialect {self.name!r}: path has no group (?P<device>…)")
