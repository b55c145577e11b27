"""Records of ``energyguard.preferences``: how each person reads the page."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person chose; empty: as the browser says, else English."""

    language: Annotated[str, doc("`en`, `de`, `it`, `pl`.")] = ""
    numbers: Annotated[str, doc("The locale of numbers and dates, such as `de_DE`.")] = ""
    clock: Annotated[str, doc("`24` or `12` hours.")] = ""


PREFERENCES = TopicRecord(topics.PREFERENCES, Preferences, "person")
