"""What keeps the catalogue small in memory: words that many devices share, and little decoding."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import force_setattr

from energyguard.model.catalogue import Device

MAX_WORDS: Final = 20_000
"""Texts, and sets of labels, that are shared: serial numbers are of one device each."""


class _Version(msgspec.Struct, gc=False):
    revision: int


class _History(msgspec.Struct, gc=False):
    versions: tuple[_Version, ...]


_REVISIONS = msgspec.json.Decoder(_History)


def newest_revision(value: bytes | None) -> int:
    """The revision of an entry's newest version; 0 where there is none."""
    return 0 if value is None else _REVISIONS.decode(value).versions[-1].revision


class SharedWords:
    """Lets devices have the same text where it is the same. For one thread."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._groups: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._labels: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def share(self, device: Device) -> None:
        """Let a device that was just decoded, and that nobody else has, use known texts."""
        if device.site:
            force_setattr(device, "site", self._word(device.site))
        if device.kind:
            force_setattr(device, "kind", self._word(device.kind))
        if device.groups:
            force_setattr(device, "groups", self._groups.setdefault(device.groups, device.groups))
        if device.labels:
            labels = {self._word(label): self._word(text) for label, text in device.labels.items()}
            if len(self._labels) < MAX_WORDS:
                labels = self._labels.setdefault(tuple(labels.items()), labels)
            force_setattr(device, "labels", labels)

    def _word(self, text: str) -> str:
        known = self._words.get(text)
        if known is None:
            known = text
            if len(self._words) < MAX_WORDS:
                self._words[text] = text
        return known
