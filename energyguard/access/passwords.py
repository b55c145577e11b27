"""Passwords: argon2id, a few at a time, away from the event loop.

Parameters of RFC 9106 for machines with little memory: 3 passes over 64 MiB in 4 lanes, 16 bytes of
salt, 32 of hash; about 0.1 s of a core. At most two are checked at once (128 MiB), a few wait, one
of an address: who floods the log-in is told to wait, and takes nothing from anybody else.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from energyguard.errors import Overloaded, Rejected

MIN_PASSWORD, MAX_PASSWORD = 10, 200
"""Characters."""
AT_ONCE, WAITING = 2, 16
"""Passwords that are checked at once, and that wait or are checked."""
OF_AN_ADDRESS = 2
_HASHER: Final = PasswordHasher(
    time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)
_NOBODYS: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZSBzYWx0IG9mIDE2Yg"
    "$PbSVm6CJJ+VRxaMOfM0hmb8SuOpiQ0M6r8gOBzKd5Vw"
)
"""Checked where there is no such person: it takes as long as if there were."""


def check_password(password: str) -> None:
    """See that a text can be a password.

    Raises:
        Rejected: it is too short, or too long.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Rejected(
            f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; three words are good",
            "password",
        )
    if password != password.strip():
        raise Rejected("a password begins and ends with no space", "password")


def hash_password(password: str) -> str:
    """What is kept of a password. Takes 0.1 s: for a thread.

    Raises:
        Rejected: it is too short, or too long.
    """
    check_password(password)
    return _HASHER.hash(password)


def is_password(password: str, kept: str) -> bool:
    """Whether a password is the one that was kept. Takes 0.1 s: for a thread."""
    try:
        return _HASHER.verify(kept or _NOBODYS, password[: MAX_PASSWORD + 1]) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


class PasswordChecks:
    """Checks passwords for one event loop, a few at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords")
        self._under_way: Counter[str] = Counter()  # by address

    async def check(self, password: str, kept: str, address: str) -> bool:
        """Whether a password is the one that was kept.

        Args:
            password: as it was given.
            kept: of the person; empty: there is none.
            address: from where.

        Raises:
            Overloaded: too many are checked now, of this address or of all.
        """
        busy = self._under_way[address] >= OF_AN_ADDRESS
        if busy or self._under_way.total() >= WAITING:
            raise Overloaded("too many log-ins at once: wait", 1.0)
        self._under_way[address] += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, is_password, password, kept)
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]
