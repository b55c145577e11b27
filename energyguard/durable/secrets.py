"""Files of secrets: made whole or not at all, refused when they are not whole."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from energyguard.durable.atomic import sync_folder, write_atomically
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
        new = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        write_atomically(new, secrets.token_bytes(SECRET_BYTES))
        with suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
        sync_folder(path.parent)
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES or not any(secret):
        zero = ", all zero" if secret and not any(secret) else ""
        raise Corrupt(
            f"{path}: not a whole secret of {SECRET_BYTES} bytes "
            f"(there are {len(secret)}{zero}): {if_damaged}"
        )
    return secret
