"""How the senders of a dialect speak HTTP: where they send, with which key, what they must hear.

A route makes of a request the bytes of a shape, which go through the border as all others; and of
what became of them an answer in the dialect's own words. What is general (who is asking, packed
bodies, limits, faults of ours) is not a dialect's business: ``api/dialects.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_REASONS: Final = 3


class HttpSent(NamedTuple):
    """A request, unpacked, without its key."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, str]
    sender: str
    now_ms: int
    pairs: Sequence[tuple[str, str]] = ()
    """Parameters of the address in their order, those that stand there twice, too."""


class HttpDelivery(NamedTuple):
    """What a request brings: bytes of a shape, and whose they are, where they do not say it."""

    data: bytes
    shape: str
    device: str = ""


class HttpTaken(NamedTuple):
    """What became of a delivery: so many readings, so many refused; the first rows and why."""

    accepted: int = 0
    refused: int = 0
    rows: Sequence[tuple[int, str]] = ()

    @property
    def reasons(self) -> Sequence[str]:
        """The first reasons, each with its row."""
        return [f"row {row}: {reason}" for row, reason in self.rows[:_REASONS]]

    @property
    def sentence(self) -> str:
        """What was refused, in a sentence."""
        return f"{self.refused} values were not taken: {'; '.join(self.reasons)}"


class HttpAnswer(NamedTuple):
    """An answer in the dialect's own words."""

    status: int = 204
    body: str = ""
    media_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = {}


def json_answer(status: int, found: object, headers: Mapping[str, str] = {}) -> HttpAnswer:
    """An answer in JSON."""
    return HttpAnswer(status, json.dumps(found), "application/json", headers)


def delivers_nothing(_: HttpSent) -> HttpDelivery:
    """Of a route that is only asked whether somebody is there."""
    return HttpDelivery(b"", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRoute:
    """Where a request goes, what it brings, how it is answered.

    Attributes:
        method: of HTTP.
        path: as routes write it: ``/input/post``.
        read: what it brings. Raises ``Rejected``.
        answer: of what became of that.
    """

    method: str
    path: str
    read: Callable[[HttpSent], HttpDelivery] = delivers_nothing
    answer: Callable[[HttpSent, HttpTaken], HttpAnswer]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDialect:
    """How a dialect is spoken over HTTP.

    Attributes:
        title: what people call it.
        routes: where its senders send.
        refusal: the answer to a request that is not taken, of a status and a sentence.
        query_keys: parameters that may be the key; they are taken out before anything else.
        path_key: the part of its paths that is the key.
        needs_mapping: whether nothing is taken before a mapping says what it is.
        senders: who speaks it, for the documentation.
        config: what its senders are configured with, where that is more than an address:
            ``{address}`` and ``{token}`` stand for ours.
    """

    title: str
    routes: tuple[HttpRoute, ...]
    refusal: Callable[[int, str], HttpAnswer]
    query_keys: tuple[str, ...] = ()
    path_key: str = ""
    needs_mapping: bool = False
    senders: str = field(default="")
    config: str = ""
