"""The dialects that are known: those that belong to no domain, and those of the domains."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import lru_cache

from energyguard.codecs.columns import ColumnLayout
from energyguard.codecs.dialect import Dialect
from energyguard.domain import installed, load
from energyguard.errors import ConfigError

_TEXT = ("energyguard.codecs.csv:DIALECT", "energyguard.codecs.json:DIALECT")
_BINARY = ("energyguard.codecs.arrow:DIALECT", "energyguard.codecs.parquet:DIALECT")


class Dialects:
    """Some dialects, found by what they are recognised by.

    Args:
        dialects: in the order in which people are told of them.

    Raises:
        ConfigError: two of them are recognised by the same, so one would be taken for the other.
    """

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self.all = tuple(dialects)
        self._claimed: dict[tuple[str, Hashable], Dialect] = {}
        for dialect in self.all:
            self._claim("name", dialect.name, dialect)
            for beginning in dialect.begins:
                self._claim("first bytes", beginning, dialect)
            for field in dialect.fields:
                self._claim("field", field, dialect)
            if dialect.layout is not None and dialect.header:
                self._claim("header", tuple(dialect.layout.columns), dialect)
            if dialect.layout is not None and dialect.bare:
                self._claim("number of columns", len(dialect.layout.columns), dialect)
        self.begins: Mapping[bytes, Dialect] = {b: d for d in self.all for b in d.begins}
        self.titles = tuple(dialect.title for dialect in self.all if dialect.title)
        self.headers = tuple(d.layout for d in self.all if d.layout is not None and d.header)
        self.names = tuple(d.name for d in self.all if not d.fields or d.header)
        """What people may say: a dialect that is only JSON objects is found in any JSON."""
        self.needs_device = any(d.layout.needs_device for d in self.all if d.layout and d.fields)
        """Whether objects of one of them do not name their device."""
        self._fields = {f: d.layout for d in self.all if d.layout for f in d.fields}

    def _claim(self, kind: str, what: Hashable, dialect: Dialect) -> None:
        other = self._claimed.setdefault((kind, what), dialect)
        if other is not dialect:
            both = f"{other.name!r} and {dialect.name!r}"
            raise ConfigError(f"the dialects {both} are both recognised by the {kind} {what!r}")

    def named(self, name: str) -> Dialect | None:
        """The dialect of a name."""
        return self._claimed.get(("name", name))

    def of_bytes(self, head: bytes) -> Dialect | None:
        """The dialect of bytes that are no text; None: they are, or nobody knows them."""
        return next((d for beginning, d in self.begins.items() if head.startswith(beginning)), None)

    def of_header(self, names: tuple[str, ...]) -> ColumnLayout | None:
        """The layout of exactly these columns."""
        found = self._claimed.get(("header", names))
        return None if found is None else found.layout

    def of_columns(self, count: int) -> ColumnLayout | None:
        """The layout of lines without a header that have so many columns."""
        found = self._claimed.get(("number of columns", count))
        return None if found is None else found.layout

    def of_object(self, names: Collection[str]) -> ColumnLayout | None:
        """The layout of a JSON object with such fields."""
        return next((layout for field, layout in self._fields.items() if field in names), None)


@lru_cache(maxsize=1)
def known() -> Dialects:
    """All dialects that are installed.

    Raises:
        ConfigError: one cannot be loaded, or two are recognised by the same.
    """
    brought = [reference for domain in installed() for reference in domain.dialects]
    return Dialects([load(reference) for reference in (*_TEXT, *brought, *_BINARY)])
