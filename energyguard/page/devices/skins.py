"""Devices that send no readings, such as chargers: what their domain shows of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, Protocol

from energyguard.domain import installed, load
from energyguard.page.frame.context import PageContext
from energyguard.service.devices import MeasuredDevice

Say = Callable[[str], None]
"""Takes how a device stands, in a sentence."""


class DeviceState(NamedTuple):
    """What a device does now."""

    words: str
    last_ms: int | None  # when that was heard, of its own clock; None: never


class DeviceParts(Protocol):
    """The cards of a device's view."""

    async def draw(self, found: MeasuredDevice | None) -> None:
        """What is looked at first; ``found`` is what it measures, if it does."""

    async def draw_rest(self, found: MeasuredDevice | None) -> None:
        """What takes longer to find out."""


class DeviceSkin(Protocol):
    """A domain's devices that send no readings: ``Domain.devices`` refers to one."""

    def states(self, context: PageContext, devices: Collection[str]) -> Mapping[str, DeviceState]:
        """What those of some devices do that are the domain's."""

    def parts(self, context: PageContext, device: str, say: Say) -> DeviceParts | None:
        """Draw the cards of a device, and say how it stands; None: it is none of the domain's."""


def _skins() -> list[DeviceSkin]:
    return [load(domain.devices) for domain in installed() if domain.devices]


def states_of(context: PageContext, devices: Collection[str]) -> Mapping[str, DeviceState]:
    """What devices do now that send no readings, as far as a domain knows them."""
    found: dict[str, DeviceState] = {}
    for skin in _skins():
        found.update(skin.states(context, devices))
    return found


def parts_of(context: PageContext, device: str, say: Say) -> DeviceParts | None:
    """Draw the cards of a device that sends no readings; None: no domain knows it."""
    drawn = (skin.parts(context, device, say) for skin in _skins())
    return next((parts for parts in drawn if parts is not None), None)
