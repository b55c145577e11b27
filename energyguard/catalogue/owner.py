"""Which requests hold: the owner takes them one after another, and is the same on every replay.

A request says on which revision of its entry it was based. Whoever asks second, of two who changed
the same one, is refused, and sees what the first one wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from energyguard.log import Fetched
from energyguard.model.catalogue import parts_of
from energyguard.records.catalogue import (
    CATALOGUE_ENTRY,
    CATALOGUE_REQUEST,
    CatalogueHistory,
    CatalogueRequest,
    CatalogueVersion,
)
from energyguard.telemetry import logger

MAX_BYTES: Final = 400_000
"""Of an entry with all of its versions: a broker takes no larger record than a million."""
MAX_REQUEST_BYTES: Final = 100_000

_log = logger(__name__)


class CatalogueOwner:
    """Folds requests into entries with all of their versions.

    Args:
        entries: what holds now, by key.
    """

    def __init__(self, entries: Mapping[str, CatalogueHistory]) -> None:
        self._entries = dict(entries)
        newest = (history.versions[-1].revision for history in self._entries.values())
        self.revision = max(newest, default=0)

    def take(self, fetched: Iterable[Fetched]) -> dict[str, bytes]:
        """What is to be written: keys that changed, each with all of its versions."""
        changed: dict[str, None] = {}
        for key, request in _requests(fetched):
            if self._judge(key, request):
                changed[key] = None
        return {key: self._written(key) for key in changed}

    def _written(self, key: str) -> bytes:
        """An entry with its versions: where they have grown too long, without the oldest half."""
        value = CATALOGUE_ENTRY.encode(self._entries[key])
        while len(value) > MAX_BYTES:
            versions = self._entries[key].versions
            _log.warning("the oldest versions are forgotten", key=key, versions=len(versions) // 2)
            self._entries[key] = CatalogueHistory(versions=versions[len(versions) // 2 :])
            value = CATALOGUE_ENTRY.encode(self._entries[key])
        return value

    def _judge(self, key: str, request: CatalogueRequest) -> bool:
        history = self._entries.get(key)
        versions = history.versions if history else ()
        if any(version.request == request.id for version in versions):
            return False  # asked twice
        if request.based_on != (versions[-1].revision if versions else 0):
            return False  # somebody else was first: who asks sees it in the versions
        self.revision += 1
        version = CatalogueVersion(
            revision=self.revision,
            entry=request.entry,
            from_ms=request.from_ms,
            by=request.by,
            at_ms=request.at_ms,
            request=request.id,
        )
        self._entries[key] = CatalogueHistory(versions=(*versions, version))
        return True


def _requests(fetched: Iterable[Fetched]) -> Iterator[tuple[str, CatalogueRequest]]:
    """The requests that can be read, with their keys."""
    for part in fetched:
        for key, value, offset in zip(part.keys, part.values, part.offsets, strict=True):
            try:
                name = (key or b"").decode()
                kind, _ = parts_of(name)
                if len(value or b"") > MAX_REQUEST_BYTES:
                    raise ValueError(f"longer than {MAX_REQUEST_BYTES} bytes")
                request = CATALOGUE_REQUEST.decode(value or b"")
                entry = request.entry
                if entry is not None and entry.__struct_config__.tag != kind:
                    raise ValueError(f"{name} cannot be a {entry.__struct_config__.tag}")
            except (msgspec.DecodeError, ValueError) as error:
                _log.warning("unreadable request", at=part.topic, offset=offset, reason=str(error))
                continue
            yield name, request
