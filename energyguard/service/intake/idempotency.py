"""Answers by `Idempotency-Key`, kept for a day: the same request again gets the same answer.

Kept in a file of its own, so that a restart changes nothing. A crash between taking readings and
keeping the answer makes the sender's second try be taken again: its readings have the identities
of the first, so they are duplicates, and count once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import apsw
import msgspec

from energyguard.clock import Clock
from energyguard.errors import Conflict, DiskFull, Malformed
from energyguard.service.views import Receipt

KEPT_MS = 24 * 3_600_000
MAX_KEY = 200
_LOCKS = 64


class Answers:
    """The answers of a data folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._lock = Lock()
        self._in_work = tuple(Lock() for _ in range(_LOCKS))
        self._file = apsw.Connection(str(folder / "answers.db"))
        self._file.set_busy_timeout(5_000)
        self._file.execute(
            "pragma journal_mode=wal; pragma synchronous=full;"
            "create table if not exists answer (key text primary key, body blob, receipt blob,"
            " at_ms integer) without rowid;"
            "create index if not exists answer_at on answer (at_ms)"
        ).fetchall()

    def once(self, key: str, body: bytes, do: Callable[[], Receipt]) -> Receipt:
        """The kept answer to this key, or do it and keep the answer.

        Raises:
            Malformed: the key is empty or too long.
            Conflict: the key was used with another body.
        """
        if not 0 < len(key) <= MAX_KEY:
            raise Malformed(f"a key has 1 to {MAX_KEY} characters", "Idempotency-Key")
        digest = hashlib.sha256(body).digest()
        with self._in_work[hash(key) % _LOCKS]:
            kept = self._find(key)
            if kept is None:
                receipt = do()
                self._keep(key, digest, receipt)
                return receipt
            if kept[0] != digest:
                raise Conflict(f"the key {key!r} was used with another body: take a new key")
            return msgspec.json.decode(kept[1], type=Receipt)

    def _find(self, key: str) -> tuple[bytes, bytes] | None:
        with self._lock:
            rows = self._file.execute("select body, receipt from answer where key = ?", (key,))
            return next(((bytes(body), bytes(receipt)) for body, receipt in rows), None)

    def _keep(self, key: str, digest: bytes, receipt: Receipt) -> None:
        now = self._clock.now_ms()
        try:
            with self._lock, self._file:
                self._file.execute("delete from answer where at_ms < ?", (now - KEPT_MS,))
                self._file.execute(
                    "insert or replace into answer values (?, ?, ?, ?)",
                    (key, digest, msgspec.json.encode(receipt), now),
                )
        except apsw.FullError as error:
            raise DiskFull("no room to keep the answer; send the same again later", 5.0) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()
