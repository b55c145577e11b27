"""Queries: one ``.sql`` file each, the same text for chDB and a ClickHouse server.

A file begins with a header of comments, ``-- key: text``; lines that begin with ``--   `` go on:

    question         what it answers, in a sentence or some
    columns          ``name type unit, …`` of its rows; ``?``: may be null, ``optional``: and is
                     not shown where it is null in all rows
    column NAME      more about a column
    row              ``NAME: sentence``: the type of a row
    rest             ``FUNCTION /path: sentence``: its route under ``/api/v1``
    cli              ``verb: sentence``: its command
    parameter NAME   ``type = default / default of the command | text | text of the command``; a
                     type is text N, count N, duration, flag, zone, or choice and words; ``!``:
                     required
    range            it has a time range; how long it is where a command says nothing
    as known         its option for an earlier time: of a question that is ``folded`` of one device
    clock            whose newest time ends a range that has no end
    filled NAME      ``module:function`` of the service: what it alone knows, such as currencies,
                     where who asks does not say it
    constant NAME    what both leave no choice of; ``an hour of the zone``: as long as it is in UTC
    instead NAME VALUE   another query, where a parameter has that value
    instead of some  another query with these parameters, for who sees some of the devices
    only times of    a table that says of no row whose it is, and of which it reads but times
    answer           ``one`` row, ``one or null``, or rows ``newest first``
    empty            what a command says without rows
    folded           ``module:function``: makes the answer of the rows, and of what was asked
    hidden without   ``COLUMN: text``: rows without it are shown with ``--all`` only
    tag              where its route stands in the API's document

Row types, routes, commands, the API's document and docs/architecture.md are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, NamedTuple

from energyguard.domain import installed, load
from energyguard.errors import Malformed, NotFound
from energyguard.history.planner import with_rollups
from energyguard.history.row_filter import ONLY, row_filter
from energyguard.history.sources import statement

if TYPE_CHECKING:
    import pyarrow as pa

_PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
_KEY = re.compile(r"-- ([a-z]+(?: \w+)*): (.*)")
_COLUMN = re.compile(r"(\w+) ([\w|]+)(\?)?( optional)?(?: (\S+))?")
_NUMBERS = ("Int64", "UInt32")
MAX_WINDOWS = 100_000
"""That a question of sliding windows may have: a month of minutes is half of it."""


class QueryColumn(NamedTuple):
    """A column of an answer; ``choices`` of a text that is one of some."""

    name: str
    kind: str  # text, person, integer, number, time
    nullable: bool
    optional: bool
    unit: str
    about: str
    choices: tuple[str, ...] = ()


class QueryParameter(NamedTuple):
    """What may be said; a default of None: it must be."""

    name: str
    kind: str  # text, count, duration, flag, zone, choice
    limit: int  # of a text its length, of a count itself; 0: none
    choices: tuple[str, ...]
    default: str | None
    about: str
    cli_default: str | None
    cli_about: str
    is_argument: bool


@dataclass(frozen=True, eq=False)
class Query:
    """A query: its text, the type of each parameter in it, and what its header says."""

    name: str
    sql: str
    parameters: Mapping[str, str]
    header: Mapping[str, str]

    def bind(self, given: Mapping[str, object]) -> tuple[str, dict[str, str]]:
        """Give the text to run, and its parameters as ClickHouse reads them.

        Args:
            given: the parameters; with ``only`` (``row_filter.py``) rows of some devices alone.

        Raises:
            Malformed: one is missing, unknown or not a number; the field names it.
        """
        only = str(given.get(ONLY, ""))
        if only and (other := self.header.get("instead of some")):
            return query_named(other).bind(given)
        for field in self.parameters.keys() ^ (given.keys() - {ONLY}):
            fault = "is missing" if field in self.parameters else "is not a parameter"
            raise Malformed(f"{field} {fault} of the question {self.name!r}", field)
        bound = {
            field: _written(field, kind, given[field]) for field, kind in self.parameters.items()
        }
        _check_windows(bound)
        sql = with_rollups(self.sql, bound, of_some=bool(only))
        if only:
            sql += "\n" + row_filter(sql, only, self.header.get("only times of", ""))
        return sql, bound

    def answered(self, rows: pa.Table, bound: Mapping[str, str]) -> pa.Table:
        """The answer that its rows make."""
        reference = self.header.get("folded")
        if reference is None:
            return rows
        fold: Callable[[pa.Table, Mapping[str, str]], pa.Table] = load(reference)
        return fold(rows, bound)

    def named(self, key: str) -> Mapping[str, str]:
        """What stands under ``key NAME``, by name."""
        start = f"{key} "
        return {k.removeprefix(start): v for k, v in self.header.items() if k.startswith(start)}

    @cached_property
    def columns(self) -> tuple[QueryColumn, ...]:
        """The columns of its rows."""
        abouts, found = self.named("column"), []
        for text in self.header["columns"].split(", "):
            if not (match := _COLUMN.fullmatch(text)):
                raise ValueError(f"{self.name}.sql: no column: {text!r}")
            name, kind, null, optional, unit = match.groups(default="")
            choices = tuple(kind.split("|")) if "|" in kind else ()
            kind = "text" if choices else kind
            about = abouts.get(name, "")
            found.append(QueryColumn(name, kind, bool(null), bool(optional), unit, about, choices))
        return tuple(found)

    def filled(self, service: object, given: Mapping[str, object]) -> dict[str, object]:
        """The parameters that are given, and those that are not because the service knows them."""
        known = {n: ref for n, ref in self.named("filled").items() if n not in given}
        return {**given, **{name: load(reference)(service) for name, reference in known.items()}}

    @cached_property
    def choices(self) -> Mapping[str, QueryParameter]:
        """What may be said, by name, in order; ``range`` has a place among them."""
        return {
            name.removeprefix("parameter "): _parameter(name.removeprefix("parameter "), text)
            for name, text in self.header.items()
            if name.startswith("parameter ") or name == "range"
        }

    def instead(self, given: Mapping[str, object]) -> Query:
        """The query that answers where these values are given: mostly itself."""
        for words, other in self.named("instead").items():
            name, _, value = words.partition(" ")
            if str(given.get(name, "")).lower() == value:
                return query_named(other)
        return self


def _parameter(name: str, text: str) -> QueryParameter:
    rule, *abouts = (part.strip() for part in text.split("|"))
    kind, _, defaults = (part.strip() for part in rule.partition("="))
    word, *more = kind.split()
    rest, _, cli = (part.strip() for part in defaults.partition(" / "))
    is_argument = cli.endswith(" argument") or (cli or rest) == "!"
    about, cli_about = [*abouts, "", ""][:2]
    limit = int(more[0]) if more and word != "choice" else 0
    choices = tuple(more) if word == "choice" else ()
    return QueryParameter(
        name, word, limit, choices,
        _default(rest), about, _default((cli or rest).removesuffix(" argument")), cli_about,
        is_argument,
    )  # fmt: skip


def _default(text: str) -> str | None:
    return None if text == "!" else text.strip('"')


def _check_windows(bound: Mapping[str, str]) -> None:
    """Refuse more windows than anybody looks at.

    Raises:
        Malformed: there would be more than ``MAX_WINDOWS``.
    """
    start_ms, end_ms, slide_ms = (
        int(bound.get(name, 0)) for name in ("start_ms", "end_ms", "slide_ms")
    )
    if slide_ms > 0 and (end_ms - start_ms) // slide_ms > MAX_WINDOWS:
        raise Malformed(f"more than {MAX_WINDOWS:,} windows: a longer slide or less time", "slide")


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


def read_query(name: str, text: str) -> Query:
    """A query from the text of its file."""
    header: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if line.startswith("--   ") and key:
            header[key] += " " + line[5:].strip()
        elif match := _KEY.fullmatch(line):
            key = match[1]
            header[key] = match[2]
        else:
            break
    sql = statement(text)
    return Query(name, sql, dict(_PARAMETER.findall(sql)), header)


def queries_in(folders: Iterable[Traversable]) -> Iterator[Query]:
    """The queries of folders, by name in each."""
    for folder in folders:
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".sql"):
                yield read_query(file.name.removesuffix(".sql"), file.read_text("utf-8"))


@cache
def queries() -> Mapping[str, Query]:
    """All queries that there are, by name: the history's own, and those of installed domains."""
    brought = [domain.queries for domain in installed() if domain.queries]
    found = queries_in([files(__package__) / "queries", *brought])
    return {query.name: query for query in found}


def query_named(name: str) -> Query:
    """A query.

    Raises:
        NotFound: there is none of this name.
    """
    if name not in queries():
        raise NotFound(f"history: there is no question {name!r}")
    return queries()[name]
