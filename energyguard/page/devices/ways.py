"""The ways in which something may send its readings, each with lines to copy.

They are made of the registry of dialects: one that is registered is among them by itself. Those
over a broker are in topic_ways.py, those of devices that are asked in polled_ways.py.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import known
from energyguard.codecs.http import HttpDialect
from energyguard.page.words.language import _
from energyguard.service.intake.brokers import NO_BROKER, Broker
from energyguard.service.intake.polled import NOBODY_ASKS, Polling

PATH: Final = "api/v1/readings"
TOKEN: Final = "TOKEN"
"""What stands in the lines until there is one."""
OWN: Final = ("csv", "json")
"""Our own dialects: what a program or a script may as well write."""
_NOW: Final = "$(date -u +%FT%TZ)"
_LINES: Final = 4


@dataclass(frozen=True, slots=True)
class Reached:
    """What the lines of a way are filled with.

    Attributes:
        page: the address of the page, with ``/`` at its end.
        token: of the sender, or ``TOKEN``.
        broker: whose messages are taken.
        network: this machine, as devices in its network reach it; empty: it is in none.
        polling: who asks devices.
        typed: the address of a device that is asked; empty: there is none yet.
    """

    page: str
    token: str = TOKEN
    broker: Broker = NO_BROKER
    network: str = ""
    polling: Polling = NOBODY_ASKS
    typed: str = ""

    @property
    def host(self) -> str:
        """Where the page is, as the reader's browser calls it."""
        return urlsplit(self.page).hostname or ""


class Way(Protocol):
    """A way to send: how it is chosen, and what is copied for it."""

    @property
    def name(self) -> str:
        """By which it is chosen."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def group(self) -> str:
        """Among which ways it stands."""
        ...

    @property
    def needs_token(self) -> bool:
        """Whether its sender needs a token of ours."""
        ...

    def lines(self, at: Reached) -> list[tuple[str, str]]:
        """What is copied, each with what it is."""
        ...

    def note(self, at: Reached) -> tuple[bool, str]:
        """Whether it works as this was started, and a sentence about it; empty: there is none."""
        ...


@dataclass(frozen=True, slots=True)
class HttpWay:
    """A way over HTTP.

    Attributes:
        name: of the dialect.
        title: what people call it.
        example: what a sender writes.
        body: of the line to try it with, as a shell reads it: now is put in by ``date``.
        query: of the address: the dialect, whose readings they are, where the bytes do not say it.
        path: of the address: that of its senders, or the one of all.
        config: what its senders are configured with, instead of a line to try.
    """

    name: str
    title: str
    example: str
    body: str
    query: str = ""
    path: str = PATH
    config: str = ""

    @property
    def group(self) -> str:
        """It sends to us."""
        return _("It sends over HTTP")

    @property
    def needs_token(self) -> bool:
        """Each request has one."""
        return True

    def lines(self, at: Reached) -> list[tuple[str, str]]:
        """The address, and what shows how it is used."""
        address = self.address(at.page)
        if self.config:
            text = self.config.replace("{address}", address).replace("{token}", at.token)
            return [(_("Address"), address), (_("In its configuration"), text)]
        return [
            (_("Address"), address),
            (_("A reading"), self.example),
            (_("Try it"), self.command(at.page, at.token)),
        ]

    def note(self, at: Reached) -> tuple[bool, str]:
        """There is nothing to say: the port is open where the page is."""
        return True, ""

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


def http_ways() -> list[HttpWay]:
    """All ways over HTTP, our own first."""
    dialects = sorted(known().all, key=lambda dialect: dialect.name not in OWN)
    return [way for dialect in dialects if (way := _of(dialect)) is not None]


def _of(dialect: Dialect) -> HttpWay | None:
    """A dialect as a way; None: a line cannot show it.

    Its bytes are no text, its address has parts that each sender has for itself, or it needs more
    than a token.
    """
    if dialect.name in OWN:
        return _own(dialect.name)
    if dialect.http is not None and dialect.http.config:
        http, path = dialect.http, _path(dialect.http)
        return HttpWay(dialect.name, http.title, "", "", path=path[1:], config=http.config)
    try:
        text = dialect.example.decode()
    except UnicodeDecodeError:
        return None
    if not text.replace("\n", "").isprintable():
        return None
    lines = "\n".join(text.splitlines()[:_LINES])
    body = shlex.quote(f"{lines}\n")
    if dialect.http is not None:
        path = _path(dialect.http)
        if "{" in path or dialect.http.needs_mapping:
            return None
        return HttpWay(dialect.name, dialect.http.title, lines, body, path=path.removeprefix("/"))
    query = {"shape": dialect.name} if dialect.name in known().names else {}
    if dialect.layout is not None and dialect.layout.needs_device:
        query["device"] = "cellar"
    return HttpWay(dialect.name, dialect.name, lines, body, urlencode(query))


def _path(http: HttpDialect) -> str:
    return next(route.path for route in http.routes if route.method == "POST")


def _own(name: str) -> HttpWay:
    """One of our own dialects, with a reading of now."""
    if name == "csv":
        text = "time,device,power_kw\n2026-11-24T14:38:00Z,cellar,1.18"
        body = f"\"$(printf 'time,device,power_kw\\n%s,cellar,1.18' {_NOW})\""
        return HttpWay(name, _("CSV: a header, then a reading a line"), text, body)
    text = '{"time":"2026-11-24T14:38:00Z","device":"cellar","power_kw":1.18}'
    body = f'\'{{"time":"\'{_NOW}\'","device":"cellar","power_kw":1.18}}\''
    return HttpWay(name, _("JSON: an object a reading"), text, body)
