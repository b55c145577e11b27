"""Records of ``energyguard.prices``: dynamic prices, a list's day (UTC) a record."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class DynamicPrice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A price from one time to another."""

    start_ms: Annotated[int, doc("Since 1970 UTC, a quarter hour.", "ms")]
    end_ms: Annotated[int, doc("The first ms after it.", "ms")]
    price: Annotated[str, doc("A decimal per kWh, in the currency of who uses it: `-0.01234`.")]


class PriceDay(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of a list that begin on a day; the newest record of a day is all of it."""

    prices: tuple[DynamicPrice, ...]


PRICE_DAY = TopicRecord(topics.PRICES, PriceDay, "list and day")
