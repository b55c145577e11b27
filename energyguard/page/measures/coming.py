"""Sums that are not there yet: on their way, which is neither nothing nor lost.

In the first seconds after a start readings are live and the history has not read them; after an
outage it catches up. Where a view would say that nothing was measured, it says that instead.
"""

from __future__ import annotations

from energyguard.page.frame.page_cache import PageCache
from energyguard.page.measures.live_sums import live_sums
from energyguard.page.words.language import _
from energyguard.service.consumption.keys import weights_of


async def is_coming(cache: PageCache, key: str, is_running: bool = True) -> bool:
    """Whether sums that the history does not have are still to come.

    Args:
        cache: of the page.
        key: of ``service.consumption``; empty: everything.
        is_running: whether they are of a time that is not over.
    """
    if await cache.lags_ms():
        return True
    if not is_running:
        return False
    kw = (await live_sums(cache)).kw
    if not key:
        return bool(kw)
    return any(device in kw for device in weights_of(key, cache.service.catalogue.entries))


def none_words(coming: bool) -> str:
    """What is said where there is no sum."""
    return (
        _("The first sums are on their way") if coming else _("Nothing was measured in this time")
    )
