"""Bearer tokens, one-time log-in links and open log-ins, kept as hashes (``file.py``).

A token is 256 random bits; it is shown once, when it is made.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from energyguard.access.file import AccessFile, AccessRecords, LogIn, OneTimeLink, Token, hash_of
from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Conflict, NotFound
from energyguard.limits import SESSIONS
from energyguard.model.access import AccessRole, Caller

LINK_MS = 10 * 60_000
CLOCK_MS = 60_000
"""A clock that was put back by more does not lengthen a log-in: it ends."""
OWNER = "owner"
"""Who logged in by a link of the machine's: the person at it, who may do everything."""
_PREFIX = "eg_"


class Tokens:
    """The tokens, links and log-ins of a data folder.

    Attributes:
        file: where they are.
        clock: the wall clock.
    """

    def __init__(self, folder: Path, clock: Clock = SYSTEM) -> None:
        self.file, self.clock = AccessFile(folder), clock

    # Tokens

    def create(
        self,
        name: str,
        role: AccessRole = AccessRole.ADMIN,
        sites: Sequence[str] = (),
        until_ms: int | None = None,
    ) -> str:
        """Make a token; this is the only time that it is shown.

        Args:
            name: of the person or program.
            role: what it may do.
            sites: the only sites that it sees; none: all.
            until_ms: how long it holds, wall time; None: until it is revoked.

        Raises:
            Conflict: there is a token or a person of this name.
        """
        token = _PREFIX + secrets.token_urlsafe(32)
        with self.file.changing() as records:
            if any(known.name == name for known in records.tokens):
                raise Conflict(f"there is a token {name!r} already; revoke it first")
            if any(person.name == name for person in records.people):
                raise Conflict(f"there is a person {name!r}: a token needs another name")
            new = Token(name, hash_of(token), self.clock.now_ms(), role, tuple(sites), until_ms)
            self.file.write(replace(records, tokens=(*records.tokens, new)))
        return token

    def list(self) -> tuple[Token, ...]:
        """Every token, the oldest first."""
        return self.file.read().tokens

    def revoke(self, name: str) -> None:
        """Forget a token; log-ins that began with it end too.

        Raises:
            NotFound: there is none of this name.
        """
        with self.file.changing() as records:
            gone = {token.hash for token in records.tokens if token.name == name}
            if not gone:
                raise NotFound(f"no token {name!r}")
            left = tuple(token for token in records.tokens if token.name != name)
            still = tuple(login for login in records.sessions if login.token not in gone)
            self.file.write(replace(records, tokens=left, sessions=still))

    def find(self, token: str) -> Token | None:
        """Whose token this is, compared in constant time; None: nobody's, or not any more."""
        wanted, found = hash_of(token), None
        for known in self.file.read().tokens:
            if hmac.compare_digest(known.hash, wanted):
                found = known
        return found if found and self._lasts(found.until_ms) else None

    def named(self, name: str) -> Token | None:
        """The token of a name."""
        return next((token for token in self.file.read().tokens if token.name == name), None)

    # Links

    def make_link(self, person: str = "", lasts_ms: int = LINK_MS, *, invites: bool = False) -> str:
        """Make a key for one log-in: ``/login?key=…``.

        Args:
            person: whose; empty: of whoever is at the machine.
            lasts_ms: for how long it can be used.
            invites: it sets the person's password, at ``/invite?key=…``.
        """
        key, now = secrets.token_urlsafe(32), self.clock.now_ms()
        with self.file.changing() as records:
            fresh = [link for link in records.links if link.until_ms > now]
            new = OneTimeLink(hash_of(key), now + lasts_ms, person, invites)
            self.file.write(replace(records, links=(*fresh, new)))
        return key

    def link(self, key: str) -> OneTimeLink | None:
        """The link of a key that can be used; None: it is unknown, used or too old."""
        wanted, now = hash_of(key), self.clock.now_ms()
        links = self.file.read().links
        found = [link for link in links if hmac.compare_digest(link.hash, wanted)]
        return next((link for link in found if link.until_ms > now), None)

    def use_link(self, key: str, *, invites: bool = False) -> OneTimeLink | None:
        """Use a key up; None: it is unknown, used, too old, or for something else."""
        found = self.link(key)
        if found is None or found.invites != invites:
            return None
        with self.file.changing() as records:
            if found not in records.links:
                return None  # somebody was quicker
            left = tuple(link for link in records.links if link != found)
            self.file.write(replace(records, links=left))
        return found

    # Log-ins

    def open_session(
        self, name: str, token: str, lasts_ms: int, person: str = "", address: str = ""
    ) -> str:
        """Keep a log-in; its id is shown to nobody but the browser.

        Args:
            name: who it is.
            token: the hash of the token that was shown; empty: none was.
            lasts_ms: how long it is to last.
            person: the person, where it is one that is known by name.
            address: from where.
        """
        made, now = secrets.token_urlsafe(32), self.clock.now_ms()
        new = LogIn(hash_of(made), name, token, now, now + lasts_ms, person, address)
        with self.file.changing() as records:
            fresh = [login for login in records.sessions if login.until_ms > now][-SESSIONS + 1 :]
            self.file.write(replace(records, sessions=(*fresh, new)))
        return made

    def session(self, session_id: str) -> LogIn | None:
        """The log-in of an id, if it lasts and whoever opened it may still come in."""
        records, wanted = self.file.read(), hash_of(session_id)
        found = next(
            (login for login in records.sessions if hmac.compare_digest(login.hash, wanted)), None
        )
        return found if found and self._caller(found, records) else None

    def caller(self, session_id: str) -> Caller | None:
        """Who is behind a log-in, with the role of now; None: nobody, or not any more."""
        found = self.session(session_id)
        return self._caller(found, self.file.read()) if found else None

    def sessions(self) -> tuple[LogIn, ...]:
        """The log-ins that last, the newest first."""
        records = self.file.read()
        return tuple(login for login in records.sessions[::-1] if self._caller(login, records))

    def end_session(self, session_id: str) -> None:
        """Forget a log-in."""
        wanted = hash_of(session_id)
        with self.file.changing() as records:
            left = tuple(login for login in records.sessions if login.hash != wanted)
            self.file.write(replace(records, sessions=left))

    def end_sessions(self, name: str, but: str = "") -> int:
        """Forget all log-ins of a person or token, but for one id; returns how many."""
        kept_hash = hash_of(but) if but else ""
        with self.file.changing() as records:
            left = tuple(s for s in records.sessions if s.name != name or s.hash == kept_hash)
            if ended := len(records.sessions) - len(left):
                self.file.write(replace(records, sessions=left))
        return ended

    def _caller(self, login: LogIn, records: AccessRecords) -> Caller | None:
        if not login.opened_ms - CLOCK_MS <= self.clock.now_ms() < login.until_ms:
            return None
        if login.token:
            token = next((t for t in records.tokens if t.hash == login.token), None)
            if token is None or not self._lasts(token.until_ms):
                return None
            return Caller(token.name, token.role, token.sites)
        if login.person:
            person = next((p for p in records.people if p.name == login.person), None)
            if person is None or person.disabled or not self._lasts(person.until_ms):
                return None
            return Caller(person.name, person.role, person.sites)
        return Caller(login.name, AccessRole.ADMIN)

    def _lasts(self, until_ms: int | None) -> bool:
        return until_ms is None or self.clock.now_ms() < until_ms
