"""Every device there is, by name, for lists that people search: 100,000 of them, page by page.

The order and the text that is searched are kept, and brought up to date by what changed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable
from threading import Lock
from typing import Final, Literal, NamedTuple

from energyguard.catalogue.fold import Catalogue
from energyguard.model.catalogue import DEVICE, key_of

CatalogueState = Literal["new", "named", "retired"]
STATES: Final[tuple[CatalogueState, ...]] = ("new", "named", "retired")
"""New is what nobody entered, and what no domain has a name for."""
MIN_CHANGES_SORTED_ANEW: Final = 2_000
"""From so many changes on, all are sorted anew."""
_DIGITS = re.compile(r"[0-9]+")


class DeviceFilter(NamedTuple):
    """Which devices a list is to have; what is empty leaves out none."""

    search: str = ""
    """In the name, the id, or a label's value, in any case."""
    site: str = ""
    """Those that stand there, or at a site in it."""
    group: str = ""
    kind: str = ""
    state: CatalogueState | Literal[""] = ""


ALL_DEVICES: Final = DeviceFilter()


class DeviceListing:
    """Finds devices of a catalogue, and senders that are not in it. Thread-safe.

    Args:
        catalogue: what people entered and domains know.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = Lock()
        self._text: dict[str, str] = {}  # a line to sort by, then what is searched
        self._order: list[str] = []  # ids, by their text
        self._senders: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._is_begun = False  # nobody has looked yet: nothing is kept
        catalogue.listeners.append(self._note)

    def add_senders(self, devices: Iterable[str]) -> None:
        """Let devices be in the list whether somebody entered them or not."""
        for device in devices:
            if device not in self._senders:
                self._senders[device] = None
                self._changed[device] = None

    @property
    def senders(self) -> Iterable[str]:
        """Those that were added."""
        return self._senders.keys()

    def find(self, wanted: DeviceFilter) -> list[str]:
        """The ids of the devices that fit, by name; digits count as numbers."""
        with self._lock:
            self._bring_up_to_date()
            found, text, devices = self._order, self._text, self._catalogue.devices
            if wanted.site:
                at = set(self._catalogue.devices_at(wanted.site))
                found = [device for device in found if device in at]
            if wanted.search:
                words = wanted.search.casefold().strip()
                found = [d for d in found if text[d].find(words, text[d].index("\n")) >= 0]
        if wanted.group:
            found = [d for d in found if d in devices and wanted.group in devices[d].groups]
        if wanted.kind:
            found = [d for d in found if d in devices and devices[d].kind == wanted.kind]
        if wanted.state:
            found = [d for d in found if self.state(d) == wanted.state]
        return found if found is not self._order else list(found)

    def state(self, device_id: str) -> CatalogueState:
        """Whether somebody entered a device, and whether it is still there."""
        device = self._catalogue.devices.get(device_id)
        if device is None:
            return "new"
        if not device.name and not self._catalogue.is_entered(key_of(DEVICE, device_id)):
            return "new"
        return "named" if device.retired_ms is None else "retired"

    def _note(self, kind: str, entry_id: str) -> None:
        if kind == DEVICE and self._is_begun:
            self._changed[entry_id] = None

    def _bring_up_to_date(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            self._changed |= dict.fromkeys(list(self._catalogue.devices))
        changed = [self._changed.popitem()[0] for _ in range(len(self._changed))]
        if len(changed) >= MIN_CHANGES_SORTED_ANEW:
            for device in changed:
                self._set(device)
            self._order = sorted(self._text, key=self._text.__getitem__)
            return
        for device in changed:
            if device in self._text:
                place = bisect_left(self._order, self._text[device], key=self._text.__getitem__)
                del self._order[place]
            if self._set(device):
                insort(self._order, device, key=self._text.__getitem__)

    def _set(self, device_id: str) -> bool:
        """Note the text of a device; false if it is there no more."""
        device = self._catalogue.devices.get(device_id)
        if device is None and device_id not in self._senders:
            self._text.pop(device_id, None)
            return False
        name, labels = ("", {}) if device is None else (device.name, device.labels)
        searched = "\n".join([name, device_id, *labels.values()]).casefold()
        by = _DIGITS.sub(lambda digits: digits[0].zfill(9), (name or device_id).casefold())
        self._text[device_id] = f"{by}\n{searched}\n{device_id}"
        return True
