"""People of whom signals tell, under pseudonyms; and, apart from the history, who they are.

A pseudonym is a keyed hash (HMAC-SHA-256, RFC 2104, cut to 80 bits) of a plate or a user's id: the
same one is always the same, and without the key nobody finds it by trying all plates. The key lies
in ``people.key`` and the way back in ``people.db`` of the data folder, readable by their owner
only. Forgetting deletes the way back; the history keeps its rows, of somebody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from energyguard.durable.connections import connect, create, our_errors
from energyguard.durable.secret_file import secret_in
from energyguard.errors import Corrupt

KEY, FILE = "people.key", "people.db"
HASH_BYTES = 10
VERSION = 1
_SCHEMA = "CREATE TABLE person (pseudonym TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID"
_AT_ONCE = 500
_CACHED = 1 << 17


class People:
    """Pseudonyms of a data folder, and the names behind them. For one thread."""

    def __init__(self, folder: Path) -> None:
        """Open the folder's people; make key and file where there are none.

        Raises:
            Corrupt: the key is damaged: with another one everybody would be somebody new.
            Unavailable: the file cannot be opened.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._key = secret_in(folder / KEY, "put its backup back")
        self._path = folder / FILE
        try:
            with our_errors(self._path):
                create(self._path, _SCHEMA, VERSION)
                self._path.chmod(0o600)
                self._file = connect(self._path, checkpoint_pages=1_000)
        except Corrupt as error:
            raise Corrupt(
                f"{error}; put a backup of it back, or move it away: pseudonyms stay the same, and "
                "who stood behind those of before is lost"
            ) from error
        self._known: dict[str, str] = {}
        self._met: dict[str, str] = {}  # by pseudonym

    def pseudonym(self, name: str) -> str:
        """The pseudonym of a plate or a user's id, sixteen characters; of nobody, nothing."""
        if not name:
            return ""
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            known = self._known[name] = self._hashed(name)
        self._met[known] = name
        return known

    def keep(self) -> None:
        """Write the names of all that were met since; durable on return.

        To be called before the rows that hold their pseudonyms are inserted.
        """
        if not self._met:
            return
        with our_errors(self._path), self._file:
            self._file.executemany("INSERT OR IGNORE INTO person VALUES (?, ?)", self._met.items())
        self._met.clear()

    def names(self, pseudonyms: Collection[str]) -> dict[str, str]:
        """Who stands behind pseudonyms: those that are known, and not forgotten."""
        found: dict[str, str] = {}
        with our_errors(self._path):
            for some in _in_lots(pseudonyms):
                marks = ",".join("?" * len(some))
                rows: Iterable[Any] = self._file.execute(
                    f"SELECT pseudonym, name FROM person WHERE pseudonym IN ({marks})", some
                )
                found.update(rows)
        return found

    def forget(self, people: Iterable[str]) -> int:
        """Delete the way back to people, each told by plate, user's id or pseudonym.

        Who is told of again after that is kept again.

        Returns:
            How many there were.
        """
        wanted = {name for person in people for name in (person, self._hashed(person))}
        with our_errors(self._path), self._file:
            before = self._file.total_changes()
            for some in _in_lots(wanted):
                marks = ",".join("?" * len(some))
                self._file.execute(f"DELETE FROM person WHERE pseudonym IN ({marks})", some)
            deleted: int = self._file.total_changes() - before
        with our_errors(self._path):  # what is deleted is in no file any more
            self._file.pragma("secure_delete", True)
            self._file.execute("VACUUM")
            self._file.pragma("wal_checkpoint(TRUNCATE)")
        return deleted

    def _hashed(self, name: str) -> str:
        digest = hmac.digest(self._key, name.encode(), hashlib.sha256)[:HASH_BYTES]
        return base64.b32encode(digest).decode().lower()

    def close(self) -> None:
        """Keep who was met, and let go of the file."""
        self.keep()
        self._file.close()


def _in_lots(names: Collection[str]) -> Iterable[list[str]]:
    every = list(names)
    return (every[i : i + _AT_ONCE] for i in range(0, len(every), _AT_ONCE))
