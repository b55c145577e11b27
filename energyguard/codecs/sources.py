"""Whose rows they are, where no column says it: as the place says from which they come.

A source is ``api:PATH`` of a request, ``file:PATH`` or ``topic:NAME``; of any other nothing is
known. Dialects say how the places of their senders are named (``Dialect.path``); a file of which
none says it is named after its device. Dead letters keep their source, so that it is found again.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from energyguard.codecs.headers import known


@lru_cache(maxsize=1024)
def device_in(source: str) -> str:
    """The device that a source names; empty: none, or several."""
    kind, _, path = source.partition(":")
    if kind == "file":
        return device_of(Path(path))
    return known().of_path(path)[0] if kind in ("api", "topic") else ""


def device_of(path: Path) -> str:
    """The device that a file's path names, else its name without ``.csv``, ``.gz`` and the like."""
    bare = _without_endings(path)
    return known().of_path(bare.as_posix())[0] or bare.name


def file_source(path: Path) -> str:
    """The source of a file: its name, with the folders before it that its device is found by."""
    bare = _without_endings(path)
    place = known().of_path(bare.as_posix())[1] or bare.name
    return f"file:{place}{path.name.removeprefix(bare.name)}"


def _without_endings(path: Path) -> Path:
    name = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return path.parent / name if name else path
