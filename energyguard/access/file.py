"""``access.json`` of a data folder: tokens, people, one-time links and log-ins, as hashes.

Several processes share the file: each change is made under a lock and replaces the file whole;
readers notice a new file by its identity. Folders of older versions have ``tokens.json``, whose
tokens could do everything: they become admins. That file is then replaced by a word that an older
version cannot read: it must not go on with tokens that were revoked or lowered since.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from energyguard.durable.atomic import write_atomically
from energyguard.errors import Corrupt
from energyguard.model.access import AccessRole

FILE, OLDER_FILE = "access.json", "tokens.json"
_MOVED = (
    b'{"tokens": "are in access.json: a newer version of EnergyGuard wrote it. An older version '
    b'cannot read it: go back with the backup that was made before."}\n'
)


class Token(msgspec.Struct, frozen=True):
    """A token by its name; the token itself is not kept."""

    name: str
    hash: str
    created_ms: int
    role: AccessRole = AccessRole.ADMIN
    sites: tuple[str, ...] = ()
    until_ms: int | None = None


class Person(msgspec.Struct, frozen=True):
    """Somebody who logs in with a password, or by a one-time link."""

    name: str
    shown: str = ""
    """The name for people; empty: as ``name``."""
    role: AccessRole = AccessRole.READ
    sites: tuple[str, ...] = ()
    until_ms: int | None = None
    password: str = ""
    """As argon2id writes it; empty: the invitation was not used yet."""
    disabled: bool = False
    created_ms: int = 0
    created_by: str = ""


class OneTimeLink(msgspec.Struct, frozen=True):
    """A key that is used up by its use: to log in, or (``invites``) to set a password."""

    hash: str
    until_ms: int
    person: str = ""
    """Whose; empty: of the person at the machine."""
    invites: bool = False


class LogIn(msgspec.Struct, frozen=True):
    """An open log-in: whose, with which token or of which person, and how long."""

    hash: str
    name: str
    token: str
    """The hash of the token that was shown; empty: none was."""
    opened_ms: int
    until_ms: int
    person: str = ""
    """The person, where one is known by name; without token and person: who is at the machine."""
    address: str = ""


class AccessRecords(msgspec.Struct, frozen=True):
    """All that the file holds."""

    tokens: tuple[Token, ...] = ()
    links: tuple[OneTimeLink, ...] = ()
    sessions: tuple[LogIn, ...] = ()
    people: tuple[Person, ...] = ()


class AccessFile:
    """The file of a data folder. Thread-safe, and safe among processes."""

    def __init__(self, folder: Path) -> None:
        self._path, self._older = folder / FILE, folder / OLDER_FILE
        self._seen: tuple[Path, int, int, int] | None = None
        self._records = AccessRecords()

    @contextmanager
    def changing(self) -> Iterator[AccessRecords]:
        """The records, for one who changes them: nobody else does meanwhile.

        Raises:
            Corrupt: the file cannot be read.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._older.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.read()

    def read(self) -> AccessRecords:
        """The records as they are now.

        Raises:
            Corrupt: the file cannot be read.
        """
        for path in (self._path, self._older):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            identity = (path, status.st_ino, status.st_mtime_ns, status.st_size)
            if identity != self._seen:
                self._records = _decoded(path)
                self._seen = identity
            return self._records
        return AccessRecords()

    def write(self, records: AccessRecords) -> None:
        """Replace the records; only within ``changing``.

        Raises:
            DiskFull: there is no room; all is as it was.
        """
        write_atomically(self._path, msgspec.json.format(msgspec.json.encode(records)))
        if self._older.exists() and self._older.read_bytes() != _MOVED:
            write_atomically(self._older, _MOVED)


def _decoded(path: Path) -> AccessRecords:
    try:
        return msgspec.json.decode(path.read_bytes(), type=AccessRecords)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if path.name == OLDER_FILE and path.read_bytes() == _MOVED:
            raise Corrupt(
                f"{path.with_name(FILE)} is gone: put it back from a backup, or remove {path.name} "
                "too, to start afresh"
            ) from error
        raise Corrupt(f"{path}: {error}; move it away to start afresh") from error


def hash_of(secret: str) -> str:
    """What is kept of a token or key: it is 256 random bits, so a plain SHA-256 tells nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()
