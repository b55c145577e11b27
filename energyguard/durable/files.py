"""Small files that are replaced whole, and files of secrets: all of them are written here.

After a crash there is the old file or the new one, never half of one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from energyguard.errors import Corrupt

SECRET_BYTES = 32


def write_private(path: Path, data: bytes) -> None:
    """Replace a file whole, durably, readable by its owner only."""
    with _written(path, data) as new:
        new.replace(path)


def secret_in(path: Path, if_damaged: str) -> bytes:
    """The secret that a file holds, made on first use; the first of several makers counts.

    Args:
        path: the file.
        if_damaged: what to do about a file that is not whole, for people.

    Raises:
        Corrupt: the file does not hold a whole secret.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _written(path, secrets.token_bytes(SECRET_BYTES)) as new, suppress(FileExistsError):
            os.link(new, path)
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES or not any(secret):
        raise Corrupt(
            f"{path}: no whole secret of {SECRET_BYTES} bytes (there are {len(secret)}"
            f"{'' if any(secret) or not secret else ', all zero'}): {if_damaged}"
        )
    return secret


@contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    """A durable file beside ``path``, to be moved there; what it was moved to is durable too."""
    new = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
