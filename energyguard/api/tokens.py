"""Bearer tokens, one-time log-in links and open log-ins: hashes in ``tokens.json`` of the folder.

A token is 256 random bits, so a plain SHA-256 of it tells nothing; it is shown once, when it is
made. Several processes share the file: each change is made under a lock and replaces the file
whole; readers notice a new file by its identity.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.atomic import write_atomically
from energyguard.errors import Conflict, Corrupt, NotFound
from energyguard.limits import SESSIONS

LINK_MS = 10 * 60_000
CLOCK_MS = 60_000
"""A clock that was put back by more does not lengthen a log-in: it ends."""
_PREFIX = "eg_"


class Token(msgspec.Struct, frozen=True):
    """A token by its name; the token itself is not kept."""

    name: str
    hash: str
    created_ms: int


class _Link(msgspec.Struct, frozen=True):
    hash: str
    until_ms: int


class LogIn(msgspec.Struct, frozen=True):
    """A person's log-in: by whom, with which token (none: by a link), and how long."""

    hash: str
    name: str
    token: str
    opened_ms: int
    until_ms: int


class _Kept(msgspec.Struct, frozen=True):
    tokens: tuple[Token, ...] = ()
    links: tuple[_Link, ...] = ()
    sessions: tuple[LogIn, ...] = ()


class Tokens:
    """The tokens of a data folder."""

    def __init__(self, folder: Path, clock: Clock = SYSTEM) -> None:
        self._path = folder / "tokens.json"
        self._clock = clock
        self._seen: tuple[int, int, int] | None = None
        self._kept = _Kept()

    def create(self, name: str) -> str:
        """Make a token; this is the only time that it is shown.

        Raises:
            Conflict: there is one of this name.
        """
        token = _PREFIX + secrets.token_urlsafe(32)
        with self._changing() as kept:
            if any(known.name == name for known in kept.tokens):
                raise Conflict(f"there is a token {name!r} already; revoke it first")
            new = Token(name, _hash(token), self._clock.now_ms())
            self._write(msgspec.structs.replace(kept, tokens=(*kept.tokens, new)))
        return token

    def list(self) -> tuple[Token, ...]:
        """Every token, the oldest first."""
        return self._read().tokens

    def revoke(self, name: str) -> None:
        """Forget a token; log-ins that began with it end too.

        Raises:
            NotFound: there is none of this name.
        """
        with self._changing() as kept:
            gone = {token.hash for token in kept.tokens if token.name == name}
            if not gone:
                raise NotFound(f"no token {name!r}")
            left = tuple(token for token in kept.tokens if token.name != name)
            still = tuple(session for session in kept.sessions if session.token not in gone)
            self._write(msgspec.structs.replace(kept, tokens=left, sessions=still))

    def find(self, token: str) -> Token | None:
        """Whose token this is, compared in constant time; None: nobody's."""
        wanted, found = _hash(token), None
        for known in self._read().tokens:
            if hmac.compare_digest(known.hash, wanted):
                found = known
        return found

    def named(self, name: str) -> Token | None:
        """The token of a name."""
        return next((token for token in self._read().tokens if token.name == name), None)

    def make_link(self) -> str:
        """Make a key for one log-in within ten minutes: ``/login?key=…``."""
        key, now = secrets.token_urlsafe(32), self._clock.now_ms()
        with self._changing() as kept:
            fresh = [link for link in kept.links if link.until_ms > now]
            links = (*fresh, _Link(_hash(key), now + LINK_MS))
            self._write(msgspec.structs.replace(kept, links=links))
        return key

    def use_link(self, key: str) -> bool:
        """Use a key up; false when it is unknown, used or too old."""
        wanted, now = _hash(key), self._clock.now_ms()
        if not any(hmac.compare_digest(link.hash, wanted) for link in self._read().links):
            return False
        with self._changing() as kept:
            used = [link for link in kept.links if hmac.compare_digest(link.hash, wanted)]
            left = tuple(link for link in kept.links if link not in used)
            self._write(msgspec.structs.replace(kept, links=left))
        return any(link.until_ms > now for link in used)

    def open_session(self, name: str, token: str, lasts_ms: int) -> str:
        """Keep a log-in; its id is shown to nobody but the browser.

        Args:
            name: who it is.
            token: the hash of the token that was shown; empty: it was a link.
            lasts_ms: how long it is to last.
        """
        made, now = secrets.token_urlsafe(32), self._clock.now_ms()
        new = LogIn(_hash(made), name, token, now, now + lasts_ms)
        with self._changing() as kept:
            fresh = [session for session in kept.sessions if session.until_ms > now][
                -SESSIONS + 1 :
            ]
            self._write(msgspec.structs.replace(kept, sessions=(*fresh, new)))
        return made

    def session(self, session_id: str) -> LogIn | None:
        """The log-in of an id, if it lasts and its token is still known."""
        kept, wanted, now = self._read(), _hash(session_id), self._clock.now_ms()
        found = next(
            (session for session in kept.sessions if hmac.compare_digest(session.hash, wanted)),
            None,
        )
        if found is None or not found.opened_ms - CLOCK_MS <= now < found.until_ms:
            return None
        if found.token and all(token.hash != found.token for token in kept.tokens):
            return None
        return found

    def end_session(self, session_id: str) -> None:
        """Forget a log-in."""
        wanted = _hash(session_id)
        with self._changing() as kept:
            left = tuple(session for session in kept.sessions if session.hash != wanted)
            self._write(msgspec.structs.replace(kept, sessions=left))

    @contextmanager
    def _changing(self) -> Iterator[_Kept]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()

    def _read(self) -> _Kept:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return _Kept()
        identity = (status.st_ino, status.st_mtime_ns, status.st_size)
        if identity != self._seen:
            try:
                self._kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
            except msgspec.DecodeError as error:
                raise Corrupt(f"{self._path}: {error}; move it away to start afresh") from error
            self._seen = identity
        return self._kept

    def _write(self, kept: _Kept) -> None:
        write_atomically(self._path, msgspec.json.format(msgspec.json.encode(kept)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
