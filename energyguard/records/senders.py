"""Records of ``energyguard.senders``: what devices say of themselves. ``mqtt`` writes them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class Sender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device says that it is."""

    name: Annotated[str, doc("For people.")] = ""
    model: str = ""
    maker: str = ""


SENDER = TopicRecord(topics.SENDERS, Sender, "device")
