"""People: who there is, what each may do, how they are let in; the last admin stays one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from energyguard.access.file import AccessRecords, Person
from energyguard.access.passwords import hash_password, is_password
from energyguard.access.tokens import LINK_MS, OWNER, Tokens
from energyguard.errors import Conflict, Malformed, NotFound, Unauthorized
from energyguard.model.access import AccessRole

INVITATION_MS = 72 * 3_600_000
MAX_NAME = 60


class Accounts:
    """The people of a data folder. Thread-safe.

    Args:
        tokens: of the same folder: links and log-ins are kept there.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens, self._file, self._clock = tokens, tokens.file, tokens.clock

    def all(self) -> tuple[Person, ...]:
        """Everybody, by name."""
        return tuple(sorted(self._file.read().people, key=lambda person: person.name))

    def get(self, name: str) -> Person:
        """Somebody.

        Raises:
            NotFound: there is nobody of this name.
        """
        return _one(self._file.read(), name)

    def password_of(self, name: str) -> str:
        """What is kept of a password; empty: there is nobody, or nobody who may come in."""
        found = next((p for p in self._file.read().people if p.name == name), None)
        return found.password if found and self._may_come(found) else ""

    def add(
        self,
        name: str,
        role: AccessRole,
        sites: Sequence[str] = (),
        until_ms: int | None = None,
        shown: str = "",
        by: str = "",
    ) -> Person:
        """Let there be somebody; without a password until the invitation is used.

        Args:
            name: what is typed to log in, and what others see.
            role: what may be done.
            sites: the only ones that are seen; none: all.
            until_ms: how long, wall time; None: without an end.
            shown: the name in full.
            by: who says so.

        Raises:
            Malformed: the name cannot be one, or the role has no sense for a person.
            Conflict: there is somebody, or a token, of this name.
        """
        if not 1 <= len(name) <= MAX_NAME:
            raise Malformed(f"a name has 1 to {MAX_NAME} characters", "name")
        if name != name.strip():
            raise Malformed("begins or ends with a space", "name")
        if not name.isprintable():
            reason = "has a character that cannot be seen, such as a line break"
            raise Malformed(reason, "name")
        check_rights(role, sites)
        if role is AccessRole.WRITE:
            raise Malformed("write is a role of programs: who only sends sees no page", "role")
        with self._file.changing() as records:
            taken = {p.name for p in records.people} | {t.name for t in records.tokens}
            if name in taken or name == OWNER:
                raise Conflict(f"there is a person or a token {name!r} already")
            now_ms = self._clock.now_ms()
            new = Person(name, shown, role, tuple(sites), until_ms, "", False, now_ms, by)
            self._file.write(replace(records, people=(*records.people, new)))
        return new

    def invite(self, name: str) -> str:
        """A key with which somebody sets a password, once, within 72 hours: ``/invite?key=…``.

        Raises:
            NotFound: there is nobody of this name.
        """
        return self._tokens.make_link(self.get(name).name, INVITATION_MS, invites=True)

    def link(self, name: str) -> str:
        """A key with which somebody logs in, once, within ten minutes: ``/login?key=…``.

        Raises:
            NotFound: there is nobody of this name.
        """
        return self._tokens.make_link(self.get(name).name, LINK_MS)

    def change(self, name: str, **fields: Any) -> Person:
        """Change ``role``, ``sites``, ``until_ms``, ``shown`` or ``disabled`` of somebody.

        Raises:
            NotFound: there is nobody of this name.
            Malformed: the rights make no sense.
            Conflict: no admin would be left.
        """
        with self._file.changing() as records:
            before = _one(records, name)
            after: Person = replace(before, **fields)
            check_rights(after.role, after.sites)
            self._write(records, before, after)
        return after

    def remove(self, name: str) -> None:
        """Let there be nobody of this name; log-ins and links end.

        Raises:
            NotFound: there is nobody of this name.
            Conflict: no admin would be left.
        """
        with self._file.changing() as records:
            self._write(records, _one(records, name), None)

    def set_password(self, name: str, password: str, but_session: str = "") -> None:
        """Set a password; all log-ins of before end, but for one. Takes 0.1 s.

        Raises:
            Rejected: it is too short.
            NotFound: there is nobody of this name.
        """
        kept = hash_password(password)
        with self._file.changing() as records:
            before = _one(records, name)
            self._write(records, before, replace(before, password=kept))
        self._tokens.end_sessions(name, but_session)

    def change_password(self, name: str, old: str, new: str) -> None:
        """Change one's own password; all log-ins of before end. Takes 0.2 s.

        Raises:
            Unauthorized: the old one is another.
            Rejected: the new one is too short.
        """
        if not is_password(old, self.password_of(name)):
            raise Unauthorized("this is not the password of now")
        self.set_password(name, new)

    def _write(self, records: AccessRecords, before: Person, after: Person | None) -> None:
        others = tuple(person for person in records.people if person.name != before.name)
        people = others if after is None else (*others, after)
        if self._is_admin(before) and not any(map(self._is_admin, people)):
            raise Conflict(
                f"{before.name} is the last admin with a password: let somebody else be one first"
            )
        changed = replace(records, people=people)
        if after is None or after.disabled:
            changed = replace(
                changed,
                sessions=tuple(s for s in records.sessions if s.person != before.name),
                links=tuple(link for link in records.links if link.person != before.name),
            )
        self._file.write(changed)

    def _is_admin(self, person: Person) -> bool:
        """Whether somebody can look after the system for as long as is known."""
        lasts = person.until_ms is None and not person.disabled and not person.sites
        return lasts and person.role is AccessRole.ADMIN and bool(person.password)

    def _may_come(self, person: Person) -> bool:
        lasts = person.until_ms is None or self._clock.now_ms() < person.until_ms
        return lasts and not person.disabled


def check_rights(role: AccessRole, sites: Sequence[str]) -> None:
    """See that a role and sites go together.

    Raises:
        Malformed: they do not.
    """
    if role is AccessRole.ADMIN and sites:
        raise Malformed("an admin is one of all sites; of some it is `operate`", "sites")


def _one(records: AccessRecords, name: str) -> Person:
    found = next((person for person in records.people if person.name == name), None)
    if found is None:
        raise NotFound(f"nobody is called {name!r}")
    return found
