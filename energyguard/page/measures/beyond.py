"""Devices whose readings count nothing, as they need more power than is plausible."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import Final, NamedTuple

import pyarrow as pa

from energyguard.catalogue.energy import described_by
from energyguard.model.channels import CHANNELS
from energyguard.page.frame.page_cache import DAY_MS, PageCache
from energyguard.page.measures.live_sums import live_sums
from energyguard.service.beyond_plausible import BeyondPlausible, beyond_plausible, like_register

KEEP_S: Final = 120.0
MAX_LOOKED_AT: Final = 4
"""Of so many devices at most the entries are asked for, wherever all are looked at."""


class DeviceBeyond(NamedTuple):
    """A device, and what of its readings was set apart."""

    device: str
    of: BeyondPlausible


async def beyond_of(cache: PageCache, device: str, last_ms: int) -> BeyondPlausible | None:
    """What was set apart of a device in the day that ends then; None: few readings, or none."""
    return beyond_plausible(await _entries(cache, device, last_ms))


async def _entries(cache: PageCache, device: str, last_ms: int) -> pa.Table:
    """A device's entries of the day that ends then."""
    return await cache.ask_as(
        (device, "beyond"), KEEP_S, "entries", device=device,
        start_ms=last_ms + 1 - DAY_MS, end_ms=last_ms + 1,
    )  # fmt: skip


async def is_like_register(cache: PageCache, device: str, last_ms: int) -> bool:
    """Whether the energies of a device's intervals go on as a register does, in that day."""
    return like_register(await _entries(cache, device, last_ms))


async def beyond_of_all(cache: PageCache) -> list[DeviceBeyond]:
    """The same of the devices that draw or feed in more now than is plausible of them."""
    last_ms = (await cache.now()).newest_ms
    if last_ms is None:
        return []
    kw = (await live_sums(cache)).kw
    largest = nlargest(MAX_LOOKED_AT, _suspects(cache, kw))
    found = [(device, await beyond_of(cache, device, last_ms)) for _, device in largest]
    return [DeviceBeyond(device, of) for device, of in found if of is not None]


def _suspects(cache: PageCache, kw: dict[str, float]) -> Iterator[tuple[float, str]]:
    """What those have now, in kW, that have more than is plausible of any of their channels."""
    defaults = cache.service.settings.ledger.defaults
    entries = cache.service.catalogue.entries
    described = described_by(entries, defaults)
    largest_kw = defaults.largest_power_w / 1_000
    for device, now_kw in kw.items():
        if (known := entries.devices.get(device)) is not None and known.channels:
            names = [name for name in known.channels if name in CHANNELS]
            powers = [described(device, name).largest_power_w / 1_000 for name in names]
            if abs(now_kw) > min(powers, default=largest_kw):
                yield abs(now_kw), device
        elif abs(now_kw) > largest_kw:
            yield abs(now_kw), device
