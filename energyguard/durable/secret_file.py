"""Files that hold a secret: made once, whole, for their owner alone."""

from __future__ import annotations

import secrets
from pathlib import Path

from energyguard.durable.atomic import write_once
from energyguard.errors import Corrupt

SECRET_BYTES = 32


def secret_in(path: Path, if_damaged: str) -> bytes:
    """The secret that a file holds, made on first use; the first of several makers counts.

    Args:
        path: the file.
        if_damaged: what to do about a file that is not whole, for people.

    Raises:
        Corrupt: the file does not hold a whole secret.
        DiskFull: there is no room to make it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_once(path, secrets.token_bytes(SECRET_BYTES))
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES or not any(secret):
        raise Corrupt(
            f"{path}: no whole secret of {SECRET_BYTES} bytes (there are {len(secret)}"
            f"{'' if any(secret) or not secret else ', all zero'}): {if_damaged}"
        )
    return secret
