"""What can be asked for its readings: the kinds, a file's lines for each, and one answer now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from energyguard.dialects.mapping import mapping_of
from energyguard.errors import Malformed
from energyguard.mqtt.sent_columns import ValuePlaces
from energyguard.poll.registry import KINDS
from energyguard.poll.source import PollTarget
from energyguard.poll.targets import address_fault
from energyguard.poll.trial import TriedTarget, try_targets
from energyguard.processes.registry import living
from energyguard.settings.tree import Settings

ROLE: Final = "poll"
FILE: Final = "devices.toml"
"""What a file of devices is called where none is named yet."""
PATIENCE_S: Final = 10.0
"""How long somebody who looks on waits for an answer: many meters send each 10 s."""
_PASSWORD: Final = (
    '# user = "admin"',
    '# password_file = "device.secret"',
)


@dataclass(frozen=True, slots=True)
class Polling:
    """Who asks devices.

    Attributes:
        file: of the devices, as ``up`` was told; empty: of none.
        is_asking: whether the role that asks them runs.
    """

    file: str = ""
    is_asking: bool = False


NOBODY_ASKS: Final = Polling()


@dataclass(frozen=True, slots=True)
class PolledKind:
    """A kind of device that is asked.

    Attributes:
        name: in a file of devices.
        title: what people call it.
        example: an address, as it may be typed.
        beside: files that it needs besides: the field that names each, its name, an example.
        has_password: whether one may want a user and a password.
    """

    name: str
    title: str
    example: str
    beside: Sequence[tuple[str, str, str]]
    has_password: bool

    @property
    def can_be_tried(self) -> bool:
        """Whether an address is all that is needed."""
        return not self.beside

    def address(self, text: str) -> str:
        """An address as a person types it, with what it begins with.

        Raises:
            Malformed: it is none.
        """
        kind = KINDS[self.name]
        address = text.strip().rstrip("/")
        if "://" not in address:
            address = f"{kind.schemes[0]}://{address}"
        if fault := address_fault(address, kind):
            raise Malformed(fault.removeprefix("address: "), "address")
        return address

    def entry(self, address: str) -> str:
        """The lines of a file of devices for one at an address."""
        fields = {"name": self.device(address), "kind": self.name, "address": address}
        fields |= {option: file for option, file, _ in self.beside}
        lines = [f"{name} = {json.dumps(fields[name], ensure_ascii=False)}" for name in fields]
        lines += _PASSWORD if self.has_password else ()
        return "\n".join(["[[target]]", *lines, ""])

    def device(self, address: str) -> str:
        """What one at an address is called until it has a name: as its network calls it."""
        host = urlsplit(address).hostname or ""
        is_named = any(letter.isalpha() for letter in host) and ":" not in host
        return host.split(".")[0] if is_named else f"{self.name}-{host}"


def polling_of(settings: Settings) -> Polling:
    """Who asks devices in a data folder, as its processes were started."""
    if settings.poll.file is None:
        return NOBODY_ASKS
    is_asking = any(process.role == ROLE for process in living(settings.data_dir))
    return Polling(str(settings.poll.file), is_asking)


def polled_kinds() -> list[PolledKind]:
    """All that can be asked."""
    return [
        PolledKind(
            name=kind.name,
            title=kind.title,
            example=f"{kind.schemes[0]}://10.0.0.21" + (":8023" if kind.listens else ""),
            beside=[(option, *kind.files[option]) for option in kind.required],
            has_password="password_file" in kind.options,
        )
        for kind in KINDS.values()
    ]


async def ask_once(kind: PolledKind, address: str, settings: Settings) -> TriedTarget:
    """Ask a device once, and keep nothing: whoever may do everything sees what would be taken.

    Args:
        kind: what is at the address.
        address: as ``PolledKind.address`` gives it.
        settings: of mappings and limits.
    """
    target = PollTarget(
        name=kind.device(address), kind=kind.name, address=address, timeout_s=PATIENCE_S
    )
    places = ValuePlaces(partial(mapping_of, settings.wire.mappings))
    (tried,) = await try_targets([target], places, settings.wire)
    return tried
