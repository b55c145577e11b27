"""A wish to put a copy back, of somebody who cannot stop the processes: ``up`` fulfils it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from energyguard.durable.atomic import write_atomically

FILE = Path("run") / "restore.json"


class RestoreRequest(msgspec.Struct, frozen=True):
    """Which copy, and who wants it."""

    copy: str
    by: str


def leave_request(data_dir: Path, request: RestoreRequest) -> None:
    """Leave a wish for ``up``."""
    write_atomically(data_dir / FILE, msgspec.json.encode(request))


def take_request(data_dir: Path) -> RestoreRequest | None:
    """The wish that is there, which is gone then; None: there is none, or it cannot be read."""
    path = data_dir / FILE
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    path.unlink()
    try:
        return msgspec.json.decode(found, type=RestoreRequest)
    except msgspec.DecodeError:
        return None
