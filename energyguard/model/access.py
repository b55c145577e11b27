"""Who may do what: the roles of people and tokens, and who is asking.

    write     send readings, and nothing else: a meter, a gateway
    read      look: a guest, a wall screen
    operate   acknowledge, silence, set limits of devices, name and place them
    admin     everything: rules for all, people, tokens, nodes

Each but ``write`` may do what the one before it may; who writes sees nothing, who looks or operates
sends no readings. A role may be limited to sites, which mean all that is in them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class AccessRole(StrEnum):
    """What somebody may do."""

    WRITE = "write"
    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


_MAY: Final = {
    AccessRole.WRITE: frozenset({AccessRole.WRITE}),
    AccessRole.READ: frozenset({AccessRole.READ}),
    AccessRole.OPERATE: frozenset({AccessRole.READ, AccessRole.OPERATE}),
    AccessRole.ADMIN: frozenset(AccessRole),
}


class Caller(NamedTuple):
    """Who is asking: a person, or a program with its token.

    Attributes:
        name: for the log, the audit and what people see of each other.
        role: what it may do.
        sites: the ids of the sites that it may see, with all in them; none: all.
    """

    name: str
    role: AccessRole
    sites: tuple[str, ...] = ()

    def may(self, role: AccessRole | str) -> bool:
        """Whether it may do what a role may."""
        return AccessRole(role) in _MAY[self.role]
