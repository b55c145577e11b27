"""What a copy of a data folder holds: ``manifest.json``, which is written last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from energyguard.errors import Corrupt, NotFound

FILE = "manifest.json"
FORMAT = 1
PARTIAL = ".partial"
"""The end of the name of a copy that is not whole."""
_PREFIX = "energyguard-"
_CHUNK = 1 << 20


class CopiedFile(msgspec.Struct, frozen=True, array_like=True):
    """A file of a copy."""

    path: Annotated[str, msgspec.Meta(description="Within the data folder.")]
    size: int
    digest: Annotated[str, msgspec.Meta(description="BLAKE2b, 160 bits.")]


class HistoryPosition(msgspec.Struct, frozen=True, array_like=True):
    """How far the history had read a partition of the log, at least."""

    topic: str
    partition: int
    next: int


class CopyManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A copy: when and of what, and its files."""

    format: int = FORMAT
    version: str
    made_ms: int
    source: str
    log: Annotated[str, msgspec.Meta(description="The log's address.")]
    has_log: Annotated[bool, msgspec.Meta(description="Whether the log is in the copy.")]
    positions: tuple[HistoryPosition, ...]
    files: tuple[CopiedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def made(self) -> str:
        """When it was made, as people read it."""
        return f"{datetime.fromtimestamp(self.made_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def name_of(made_ms: int) -> str:
    """The folder's name of a copy that is made at a time; names sort by time."""
    return f"{_PREFIX}{datetime.fromtimestamp(made_ms / 1000, UTC):%Y%m%dT%H%M%S}Z"


def copies(folder: Path) -> list[Path]:
    """The whole copies in a folder, the newest last."""
    return sorted(path.parent for path in folder.glob(f"{_PREFIX}*/{FILE}") if _whole(path.parent))


def _whole(folder: Path) -> bool:
    return not folder.name.endswith(PARTIAL)


def read_manifest(copy: Path) -> CopyManifest:
    """The manifest of a copy.

    Raises:
        NotFound: there is no whole copy in this folder.
        Corrupt: its manifest cannot be read, or is of a newer version.
    """
    try:
        found = msgspec.json.decode((copy / FILE).read_bytes(), type=CopyManifest)
    except (FileNotFoundError, NotADirectoryError):
        near = copies(copy) if copy.is_dir() else []
        hint = f"; there are copies in it: {near[-1]} is the newest" if near else ""
        raise NotFound(f"{copy}: no copy of a data folder ({FILE} is not there){hint}") from None
    except msgspec.DecodeError as error:
        raise Corrupt(f"{copy / FILE}: {error}") from error
    if found.format > FORMAT:
        raise Corrupt(f"{copy}: made by EnergyGuard {found.version}, which is newer than this one")
    return found


def digest_of(path: Path) -> str:
    """The digest of a file's bytes."""
    digest = hashlib.blake2b(digest_size=20)
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()


def faults_of(copy: Path) -> Iterator[str]:
    """What is wrong with the files of a copy, a sentence each; none: each byte is as it was.

    Raises:
        NotFound, Corrupt: as ``read_manifest``.
    """
    for file in read_manifest(copy).files:
        path = copy / file.path
        if not path.is_file():
            yield f"{file.path} is missing"
        elif path.stat().st_size != file.size:
            yield f"{file.path} has {path.stat().st_size:,} bytes, not {file.size:,}"
        elif digest_of(path) != file.digest:
            yield f"{file.path} is damaged: its bytes are not those that were copied"
