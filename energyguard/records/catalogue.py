"""Records of ``energyguard.catalogue-changes`` and ``energyguard.catalogue``: what there is.

Whoever changes something asks for it in the first topic; one owner takes the requests in order and
writes what holds to the second, each key with all of its versions, so that compaction loses none.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.model.catalogue import Entry
from energyguard.records.contract import TopicRecord, doc


class CatalogueRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change that somebody asks for; the key is that of the entry."""

    id: Annotated[str, doc("Drawn by who asks: the version that comes of it has it, too.")]
    based_on: Annotated[
        int,
        doc("The entry's revision that was changed; 0: none. Where it is another: refused."),
    ]
    entry: Annotated[Entry | None, doc("As it is to be; null: it is taken out.")]
    from_ms: Annotated[int | None, doc("From which event time on; null: always.", "ms")] = None
    by: Annotated[str, doc("Who asks.")] = ""
    at_ms: Annotated[int, doc("Wall time.", "ms")] = 0


class CatalogueVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry as it is from some time on."""

    revision: Annotated[int, doc("Of the whole catalogue: each version has the next number.")]
    entry: Annotated[Entry | None, doc("As it is; null: it is not there.")]
    from_ms: Annotated[int | None, doc("From which event time on; null: always.", "ms")] = None
    by: Annotated[str, doc("Who changed it.")] = ""
    at_ms: Annotated[int, doc("When, wall time.", "ms")] = 0
    request: Annotated[str, doc("The request that it comes of.")] = ""


class CatalogueHistory(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with all of its versions."""

    versions: Annotated[tuple[CatalogueVersion, ...], doc("Oldest first; never empty.")]


CATALOGUE_REQUEST = TopicRecord(topics.CATALOGUE_CHANGES, CatalogueRequest, "key")
CATALOGUE_ENTRY = TopicRecord(topics.CATALOGUE, CatalogueHistory, "key")
FROM_A_TIME = b'"from_ms":'
"""In the bytes of an entry of which a version holds from an event time on."""
