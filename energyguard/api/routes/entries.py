"""How entries of the catalogue are changed over HTTP, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import msgspec
from fastapi import Depends, Header, Query, Response
from pydantic import BaseModel

from energyguard.api.middleware import CurrentService, User
from energyguard.api.routes.asked import Instant
from energyguard.api.routes.entry_bodies import EntryBody
from energyguard.catalogue.changes import Edit
from energyguard.catalogue.differences import with_fields
from energyguard.errors import Malformed
from energyguard.model.catalogue import Entry
from energyguard.service.contract import Service

IfMatch = Annotated[
    str,
    Header(
        max_length=40,
        description='The `ETag` of what was changed; where it is another by now: 409. `"0"`: none.',
    ),
]
From = Annotated[
    Instant | None, Query(alias="from", description="From which event time on; none: always.")
]
Shown = Mapping[str, Any]


class EntryCard(Protocol):
    """What the service shows of an entry."""

    @property
    def revision(self) -> int:
        """What a change is based on."""


def shown(
    card: EntryCard, entry: Entry, answer: type[BaseModel], response: Response | None = None
) -> Shown:
    """A card as an answer, which has its fields and the entry; its revision is the `ETag`."""
    if response is not None:
        response.headers["ETag"] = f'"{card.revision}"'
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(entry))  # with lists
    del plain["is"]
    return {n: plain if n == "entry" else getattr(card, n) for n in answer.model_fields}


def based_on(if_match: str) -> int | None:
    """The revision of an ``If-Match``; None: there is none.

    Raises:
        Malformed: it is no revision.
    """
    text = if_match.strip().removeprefix("W/").strip('"')
    if text in ("", "*"):
        return None
    if not (text.isascii() and text.isdigit()):
        raise Malformed(f'{if_match!r} is no revision; send the ETag: "12"', "if-match")
    return int(text)


@dataclass(frozen=True, slots=True)
class _Removal:
    """A request that takes an entry out."""

    service: Service
    user: str
    if_match: str

    def remove(self, key: str) -> Response:
        """Take it out."""
        self.service.catalogue.remove(key, self.user, based_on(self.if_match))
        return Response(status_code=204)


@dataclass(frozen=True, slots=True)
class _Change(_Removal):
    """A request that changes an entry, from an event time on or always."""

    from_ms: int | None
    response: Response

    def put(self, key: str, body: EntryBody) -> None:
        """Let it be what the body says."""
        entry = with_fields(key.partition("/")[0], None, body.given())
        edit = Edit(key, entry, self.from_ms, based_on(self.if_match))
        self.service.catalogue.put([edit], self.user)

    def patch(self, key: str, body: EntryBody) -> None:
        """Change the fields that the body has."""
        revision = based_on(self.if_match)
        self.service.catalogue.change(key, self.user, body.given(), self.from_ms, revision)


def _removal(service: CurrentService, user: User, if_match: IfMatch = "") -> _Removal:
    return _Removal(service, user, if_match)


def _change(
    service: CurrentService,
    user: User,
    response: Response,
    from_ms: From = None,
    if_match: IfMatch = "",
) -> _Change:
    return _Change(service, user, if_match, from_ms, response)


Removal = Annotated[_Removal, Depends(_removal)]
Change = Annotated[_Change, Depends(_change)]
