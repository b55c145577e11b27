"""The ways in which something may send its readings, each with lines to copy.

They are made of the registry of dialects: one that is registered is among them by itself.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import known
from energyguard.page.words.language import _

PATH: Final = "api/v1/readings"
TOKEN: Final = "TOKEN"
"""What stands in the lines until there is one."""
OWN: Final = ("csv", "json")
"""Our own dialects: what a program or a script may as well write."""
_NOW: Final = "$(date -u +%FT%TZ)"
_LINES: Final = 4


@dataclass(frozen=True, slots=True)
class Way:
    """A way to send.

    Attributes:
        name: of the dialect.
        title: what people call it.
        example: what a sender writes.
        body: of the line to try it with, as a shell reads it: now is put in by ``date``.
        query: of the address: the dialect, whose readings they are, where the bytes do not say it.
        path: of the address: that of its senders, or the one of all.
    """

    name: str
    title: str
    example: str
    body: str
    query: str = ""
    path: str = PATH

    def address(self, page: str) -> str:
        """Where it sends.

        Args:
            page: the address of the page, with ``/`` at its end.
        """
        return f"{page}{self.path}" + (f"?{self.query}" if self.query else "")

    def command(self, page: str, token: str) -> str:
        """A line for a shell that sends a reading."""
        header = shlex.quote(f"Authorization: Bearer {token}")
        address = shlex.quote(self.address(page))
        return f"curl -H {header} {address} --data-binary {self.body}"


def ways() -> list[Way]:
    """All ways over HTTP, our own first."""
    dialects = sorted(known().all, key=lambda dialect: dialect.name not in OWN)
    return [way for dialect in dialects if (way := _of(dialect)) is not None]


def _of(dialect: Dialect) -> Way | None:
    """A dialect as a way; None: a line cannot show it.

    Its bytes are no text, its address has parts that each sender has for itself, or it needs more
    than a token.
    """
    if dialect.name in OWN:
        return _own(dialect.name)
    try:
        text = dialect.example.decode()
    except UnicodeDecodeError:
        return None
    if not text.replace("\n", "").isprintable():
        return None
    lines = "\n".join(text.splitlines()[:_LINES])
    body = shlex.quote(f"{lines}\n")
    if dialect.http is not None:
        path = next(route.path for route in dialect.http.routes if route.method == "POST")
        if "{" in path or dialect.http.needs_mapping:
            return None
        return Way(dialect.name, dialect.http.title, lines, body, path=path.removeprefix("/"))
    query = {"shape": dialect.name} if dialect.name in known().names else {}
    if dialect.layout is not None and dialect.layout.needs_device:
        query["device"] = "cellar"
    return Way(dialect.name, dialect.name, lines, body, urlencode(query))


def _own(name: str) -> Way:
    """One of our own dialects, with a reading of now."""
    if name == "csv":
        text = "time,device,power_kw\n2026-11-24T14:38:00Z,cellar,1.18"
        body = f"\"$(printf 'time,device,power_kw\\n%s,cellar,1.18' {_NOW})\""
        return Way(name, _("CSV: a header, then a reading a line"), text, body)
    text = '{"time":"2026-11-24T14:38:00Z","device":"cellar","power_kw":1.18}'
    body = f'\'{{"time":"\'{_NOW}\'","device":"cellar","power_kw":1.18}}\''
    return Way(name, _("JSON: an object a reading"), text, body)
