"""What a domain adds to an edge's devices in the cloud: where each stands.

A domain refers to its own in ``Domain.enrichment``. The cloud's role asks it for the devices of a
batch that it has not answered yet, appends the answer's records in the transaction of the batch,
and says the places to the edge, which keeps them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Protocol

import msgspec

from energyguard.log import Records


class EdgePlace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a device stands, as an edge is answered."""

    device: str
    postal_code: str
    region: str  # ISO 3166-2, such as DE-BE
    city: str = ""


class PlacesAnswer(NamedTuple):
    """Places of devices, and what has to be kept of them.

    Attributes:
        places: of each device that was asked for and has one.
        topic: where the records belong.
        records: of those devices whose place the log does not have yet; may be none.
    """

    places: tuple[EdgePlace, ...]
    topic: str
    records: Records


class Enrichment(Protocol):
    """Places of devices. For one thread; only the cloud's role, which is one, has it."""

    def answer(self, edge: str, devices: Collection[str], now_ms: int) -> PlacesAnswer:
        """The places of these devices of an edge, the same however often they are asked for.

        A transaction that fails costs nothing: asked again, the answer has the same records again.

        Raises:
            Unavailable: the log does not answer.
        """
        ...

    def changed(self, now_ms: int) -> Collection[str]:
        """Devices that were answered and whose place is another one now: to be answered again.

        Cheap; to be asked every few seconds.
        """
        ...
