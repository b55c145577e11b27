"""Records of ``energyguard.places``: where a home is, drawn or said once and kept."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from energyguard.domains.regions.topics import PLACES
from energyguard.records.contract import TopicRecord, doc


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a home is."""

    postal_code: Annotated[str, doc("Five digits.")]
    region: Annotated[str, doc("The federal state, ISO 3166-2: `DE-BE`.")]
    city: str = ""
    edge: Annotated[str, doc("The edge that sends it.")] = ""
    group: Annotated[str, doc("Its homes are shown together or not at all; empty: not shown.")] = ""
    group_size: Annotated[int, doc("How many homes the group has when it is whole.")] = 0
    from_ms: Annotated[int, doc("From when on it counts in the group, event time.", "ms")] = 0
    drawn: Annotated[bool, doc("From the seeded list, not from the operator's file.")] = False


PLACE = TopicRecord(PLACES, Place, "device")
RECORDS: tuple[TopicRecord[Any], ...] = (PLACE,)
