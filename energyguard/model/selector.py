"""Which devices something is about: ``site=lindenhof``, ``id=p*``, ``kind=meter label.floor=2``.

Rules, silences, exports and people's limits all say it in this way. A selector is a list of terms,
and a device must match all of them; an empty one is about every device. A site's devices are those
of the sites in it, too.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final, NamedTuple

FIELDS: Final = ("id", "site", "group", "kind")
"""What a term can look at, besides ``label.NAME``."""
LABEL: Final = "label."
_QUOTED: Final = frozenset(" \t\n\r'\"\\")


class SiteClock(NamedTuple):
    """By which days people live at a site. Empty is what nobody has said of it."""

    zone: str = ""
    """A name of the IANA data base."""
    holidays: tuple[str, ...] = ()
    """Days and countries, as ``rules.holidays`` has them."""


class DeviceFacts(NamedTuple):
    """What rules know of a device. Of one that is in no catalogue only the id is known."""

    id: str
    sites: tuple[str, ...] = ()
    """Where it stands: the site, and those that it is part of, the outermost last."""
    groups: tuple[str, ...] = ()
    kind: str = ""
    labels: Mapping[str, str] = MappingProxyType({})
    clock: SiteClock = SiteClock()
    """Of where it stands: what the site says, or one that it is part of."""

    def values(self, field: str) -> tuple[str, ...]:
        """What it has of a term's field."""
        if field.startswith(LABEL):
            found = self.labels.get(field.removeprefix(LABEL))
            return () if found is None else (found,)
        return {
            "id": (self.id,),
            "site": self.sites,
            "group": self.groups,
            "kind": (self.kind,) if self.kind else (),
        }[field]


class Selector(NamedTuple):
    """Terms that a device must match: each a field and a pattern such as ``p*``."""

    terms: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Read a selector as people write it; a pattern with spaces stands in quotes.

        Raises:
            ValueError: a term is none, or looks at something unknown.
        """
        terms = []
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}") from None
        for word in words:
            field, equals, pattern = word.partition("=")
            known = field in FIELDS or (field.startswith(LABEL) and field != LABEL)
            if not known or not equals or not pattern:
                could = ", ".join(f"{name}=…" for name in (*FIELDS, f"{LABEL}NAME"))
                raise ValueError(f"{word!r} is no part of a selector; write {could}")
            terms.append((field, pattern))
        return cls(tuple(terms))

    def matches(self, device: DeviceFacts) -> bool:
        """Whether it is about a device."""
        return all(
            any(fnmatchcase(value, pattern) for value in device.values(field))
            for field, pattern in self.terms
        )

    @property
    def looks_at_ids_only(self) -> bool:
        """Whether it needs no catalogue."""
        return all(field == "id" for field, _ in self.terms)

    def __str__(self) -> str:
        words = (f"{field}={pattern}" for field, pattern in self.terms)
        return " ".join(shlex.quote(word) if _QUOTED & {*word} else word for word in words)
