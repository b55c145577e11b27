"""The questions: one ``.sql`` file each, the same text for chDB and a ClickHouse server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from energyguard.errors import Malformed, NotFound
from energyguard.history.covering import with_levels
from energyguard.history.covering_charging import with_charging

_PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
_NUMBERS = ("Int64", "UInt32")


@dataclass(frozen=True, slots=True)
class Question:
    """A question: its text, and the type of each parameter."""

    name: str
    sql: str
    parameters: Mapping[str, str]

    def bind(self, given: Mapping[str, object]) -> tuple[str, dict[str, str]]:
        """Give the text to run, and its parameters as ClickHouse reads them.

        Raises:
            Malformed: one is missing, unknown or not a number; the field names it.
        """
        for field in self.parameters.keys() ^ given.keys():
            fault = "is missing" if field in self.parameters else "is not a parameter"
            raise Malformed(f"{field} {fault} of the question {self.name!r}", field)
        bound = {
            field: _written(field, kind, given[field]) for field, kind in self.parameters.items()
        }
        return with_charging(with_levels(self.sql, bound), bound), bound


def _written(field: str, kind: str, value: object) -> str:
    if kind not in _NUMBERS:
        return escaped(str(value))
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(f"{field} is not a whole number: {value!r}", field)
    if not (0 if kind == "UInt32" else -(2**62)) <= value < (2**32 if kind == "UInt32" else 2**62):
        raise Malformed(f"{field} is too large or too small: {value}", field)
    return str(value)


def escaped(text: str) -> str:
    """Write a text as ClickHouse reads the value of a String parameter (its TSV escapes)."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\0", "\\0")


def statements(file: str) -> list[str]:
    """The statements of a file of this package, without comments."""
    text = files(__package__).joinpath(file).read_text("utf-8")
    bare = "\n".join(line.split("--")[0].rstrip() for line in text.splitlines())
    return [s.strip() for s in bare.split(";") if s.strip()]


@cache
def question(name: str) -> Question:
    """The question ``queries/<name>.sql``.

    Raises:
        NotFound: there is none of this name.
    """
    if not name.isidentifier() or not files(__package__).joinpath(f"queries/{name}.sql").is_file():
        raise NotFound(f"history: there is no question {name!r}")
    (sql,) = statements(f"queries/{name}.sql")
    return Question(name, sql, dict(_PARAMETER.findall(sql)))
