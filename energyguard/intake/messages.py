"""Messages of domains, in topics of their own that hold no readings: how the border takes them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

from energyguard.codecs import RefusedRow
from energyguard.domain import Messages, load
from energyguard.errors import NotFound
from energyguard.intake.gateway import Gateway
from energyguard.pipeline import MESSAGES

HEAD_BYTES = 4_096
"""By so many bytes what is sent is recognised."""

Identity = tuple[object, ...]
"""What a message says: two with the same are the same."""

_GZIP = b"\x1f\x8b"


class TakenMessages(NamedTuple):
    """What became of a body: those that are in the log by now, and what was refused."""

    identities: Sequence[Identity]
    refused: Sequence[RefusedRow]


class MessageBorder(Protocol):
    """What is known of the bytes of a domain's messages."""

    def take(self, gateway: Gateway, data: bytes, *, source: str, topic: str) -> TakenMessages:
        """Take a body in; durable on return.

        Raises:
            Malformed: nothing of it can be read.
            Unavailable: the log takes nothing now; ``retry_after`` says when.
        """
        ...

    def identity(self, message: bytes) -> Identity:
        """What a message says.

        Raises:
            Rejected: it is none.
        """
        ...


@cache
def border_of(messages: Messages) -> MessageBorder:
    """What is known of the bytes of some messages."""
    border: MessageBorder = load(messages.border)
    return border


def of_shape(shape: str | None) -> Messages | None:
    """The messages of a shape; None: no domain's."""
    return next((messages for messages in MESSAGES if messages.shape == shape), None)


def recognised(head: bytes) -> Messages | None:
    """The messages that begin so; None: no domain's."""
    return next((m for m in MESSAGES if re.match(m.opening, head[:HEAD_BYTES])), None)


def held_by(paths: Iterable[Path]) -> Messages | None:
    """The messages that files hold, as the first one tells; None: no domain's."""
    first = next(iter(paths), None)
    if first is None or not first.is_file():
        return None
    return recognised(read_file(first, HEAD_BYTES))


def read_file(path: Path, size: int = -1) -> bytes:
    """The bytes of a file, unpacked; or so many of them.

    Raises:
        NotFound: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            return bytes(file.read(size))
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror or error}") from error
